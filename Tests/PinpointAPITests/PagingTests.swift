import Core
import PinpointAPI
import Testing

@Suite struct PagingTests {
    private func page(_ items: (name: String, value: String)...) throws(APIError) -> PageRequest {
        try PageRequest(QueryParameters(items))
    }

    @Test func `a page has 100 items unless another size is wanted`() throws {
        #expect(try page().size == 100)
        #expect(try page(("page-size", "7")).size == 7)
        #expect(try page(("page-size", "1000000")).size == PageRequest.largest)
        #expect(try page(("page-size", "")).size == 100)
    }

    @Test(arguments: ["0", "-1", "x", "1.5", "99999999999999999999", " 1"])
    func `a size that is no positive integer is refused`(text: String) {
        let error = #expect(throws: APIError.self) { try page(("page-size", text)) }
        #expect(error?.status == 400)
        #expect(error?.message.hasPrefix("page-size must be an integer") == true)
    }

    @Test(arguments: ["token", "next-token"])
    func `a token brings its position back`(name: String) throws {
        let token = PageToken(list: "GetSegments", position: ["Id": "é", "Created": 1_767_323_045_678_901])
        #expect(token.text.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || (0x30...0x7A).contains($0) })
        let cursor = try #require(try page((name, token.text)).cursor(of: "GetSegments"))
        #expect(try cursor.string("Id") == "é")
        #expect(try cursor.instant("Created") == Instant(microseconds: 1_767_323_045_678_901))
        #expect(throws: APIError.self) { try cursor.integer("Id") }
        #expect(throws: APIError.self) { try cursor.string("Missing") }
        #expect(throws: APIError.self) { try page((name, token.text)).cursor(of: "GetCampaigns") }
        #expect(try page().cursor(of: "GetSegments") == nil)
    }

    @Test(arguments: [
        "x", "!!!!", "e30", "bnVsbA", "eyJMaXN0IjoiR2V0U2VnbWVudHMifQ", "eyJMaXN0IjoiR2V0U2VnbWVudHMiLCJBZnRlciI6MX0",
    ])
    func `a token of somebody's invention is a 400`(text: String) {
        let error = #expect(throws: APIError.self) { try PageToken(text, list: "GetSegments") }
        #expect(error == .badRequest("The token is not valid for this list"))
    }

    @Test func `a token cut or changed in any place is refused or still typed`() throws {
        let text = PageToken(list: "GetApps", position: ["Id": "abc"]).text
        for length in 1..<text.count {
            #expect(throws: APIError.self) { try PageToken(String(text.prefix(length)), list: "GetApps") }
        }
        #expect(throws: APIError.self) {
            try PageToken(String(repeating: "A", count: PageToken.longest + 4), list: "GetApps")
        }
    }

    @Test func `query parameters are typed, and refusals name them`() throws {
        let query = QueryParameters([
            ("start-time", "2026-01-02T03:04:05.678000Z"), ("end-time", "soon"), ("tagKeys", "a"), ("tagKeys", "b"),
            ("create-new-version", "true"), ("template-type", "FAX"), ("empty", ""),
        ])
        #expect(try query.instant("start-time")?.description == "2026-01-02T03:04:05.678Z")
        #expect(query.strings("tagKeys") == ["a", "b"])
        #expect(try query.bool("create-new-version") == true)
        #expect(query.string("empty") == nil)
        let date = #expect(throws: APIError.self) { try query.instant("end-time") }
        #expect(date?.message == #"end-time must be an ISO 8601 timestamp; got "soon""#)
        let word = #expect(throws: APIError.self) { let _: TemplateType? = try query.word("template-type") }
        #expect(word?.message == #"template-type must be one of EMAIL, SMS, VOICE, PUSH, INAPP; got "FAX""#)
        let flag = #expect(throws: APIError.self) { try query.bool("end-time") }
        #expect(flag?.message == #"end-time must be true or false; got "soon""#)
    }
}
