import Core
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct SnippetCallsTests {
    @Test func `a snippet is put, read, listed and deleted`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let put = try await service.call(
                "PUT", "/v1/snippets/footer", ["Body": "© {{Attributes.Shop}}", "Description": "below"])
            #expect(put.status == 200, "\(put.text)")
            let expected: JSON = [
                "Name": "footer", "CreationDate": "1998-07-01T00:00:00.000Z",
                "LastModifiedDate": "1998-07-01T00:00:00.000Z", "Body": "© {{Attributes.Shop}}", "Description": "below",
            ]
            #expect(put.json == expected)
            #expect(try await service.call("GET", "/v1/snippets/footer").json == expected)
            #expect(try await service.call("PUT", "/v1/snippets/footer", ["Body": "2"]).json["Description"] == nil)
            for name in ["a-1", "b_2", "B", "footer2"] {
                #expect(try await service.call("PUT", "/v1/snippets/\(name)", ["Body": "x"]).status == 200)
            }
            var names: [String] = []
            var token: String?
            repeat {
                let next = token.map { "&next-token=\($0)" } ?? ""
                let page = try await service.call("GET", "/v1/snippets?page-size=2\(next)").json
                names += page["Item"]?.array?.compactMap { $0["Name"]?.string } ?? []
                #expect(page["Item"]?.array?.first?["Body"] == nil)
                token = page["NextToken"]?.string
            } while token != nil && names.count < 10
            #expect(names.sorted() == ["B", "a-1", "b_2", "footer", "footer2"])
            let prefixed = try await service.call("GET", "/v1/snippets?prefix=footer").json["Item"]?.array
            #expect(prefixed?.count == 2)
            #expect(try await service.call("DELETE", "/v1/snippets/footer").json["Body"] == "2")
            #expect(try await service.call("GET", "/v1/snippets/footer").message == "Resource not found")
            #expect(try await service.call("DELETE", "/v1/snippets/footer").status == 404)
        }
    }

    @Test func `what no template could call is refused`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let free = try await service.call("PUT", "/v1/snippets/b", ["Body": "{{> a}}{{> @partial-block}}"])
            #expect(free.status == 200)
            let long = JSON.string(String(repeating: "x", count: 100_001))
            let refusals: [(String, JSON, String)] = [
                ("a", ["Body": "\n{{#if x}}"], "Body is not a valid template: line 2, column 1: in the snippet \"a\""),
                ("a", ["Body": "{{> a}}"], "includes itself without end"),
                ("a", ["Body": "{{> b}}"], "includes itself without end"),
                ("a", ["Body": long], "Body must have at most"),
                ("a", ["Description": "x"], "Body is required"), ("a", ["Body": 1], "Body must be a string"),
                ("a", ["Body": "x", "Text": "x"], "Text is not known"), ("_a", ["Body": "x"], "snippet-name"),
            ]
            for (name, body, message) in refusals {
                let refused = try await service.call("PUT", "/v1/snippets/\(name)", body)
                #expect(refused.status == 400, "\(message)")
                #expect(refused.message.contains(message), "\(refused.message)")
            }
            #expect(try await service.call("GET", "/v1/snippets/a").status == 404)
        }
    }

    @Test func `templates of every type call snippets that exist, or define the partial themselves`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let body: JSON = ["Body": "{{> footer}}"]
            let missing = try await service.call("POST", "/v1/templates/t/sms", body)
            #expect(missing.status == 400)
            #expect(
                missing.message.contains(
                    "the partial \"footer\" is not defined in this template, and there is no snippet of that name"))
            #expect(try await service.call("PUT", "/v1/snippets/footer", ["Body": "{{> line}}"]).status == 200)
            let deeper = try await service.call("POST", "/v1/templates/t/sms", body)
            #expect(deeper.message.contains("in the snippet \"footer\": the partial \"line\""))
            #expect(try await service.call("PUT", "/v1/snippets/line", ["Body": "--"]).status == 200)
            #expect(try await service.call("POST", "/v1/templates/t/sms", body).status == 201)
            #expect(try await service.call("POST", "/v1/templates/t/voice", body).status == 201)
            #expect(
                try await service.call("POST", "/v1/templates/t/push", ["Default": ["Body": "{{> line}}"]]).status
                    == 201)
            let own: JSON = ["TextPart": "{{#*inline \"own\"}}x{{/inline}}{{> own}}{{> line}}", "Subject": "s"]
            #expect(try await service.call("POST", "/v1/templates/t/email", own).status == 201)
        }
    }
}
