import Testing

@testable import HTTPServer

@Suite struct HTTPParserTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let method: String
        let target: String
        let fields: [String]
        var body = ""
        var keepsAlive = true
        var isHTTP10 = false
        var testDescription: String { String(text.prefix(60)) }
    }

    static let accepted: [Case] = [
        Case(text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", target: "/", fields: ["Host=a"]),
        Case(text: "\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n", method: "GET", target: "/", fields: ["Host="]),
        Case(
            text: "GET /a%2Fb?c=d%20e&f HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
            method: "GET",
            target: "/a%2Fb?c=d%20e&f",
            fields: ["Host=[::1]:80"]
        ),
        Case(
            text: "get //a HTTP/1.9\r\nhOST: \t a \t \r\nX-é: 1\r\n\r\n".replacing("X-é", with: "X-e"),
            method: "get",
            target: "//a",
            fields: ["hOST=a", "X-e=1"]
        ),
        Case(
            text: "GET http://b:8/x?y HTTP/1.1\r\nHost: a\r\nX: é\r\n\r\n",
            method: "GET",
            target: "http://b:8/x?y",
            fields: ["X=é", "Host=b:8"]
        ),
        Case(text: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", method: "OPTIONS", target: "*", fields: ["Host=a"]),
        Case(text: "GET / HTTP/1.0\r\n\r\n", method: "GET", target: "/", fields: [], keepsAlive: false, isHTTP10: true),
        Case(
            text: "GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
            method: "GET",
            target: "/",
            fields: ["Connection=x, Keep-Alive"],
            isHTTP10: true
        ),
        Case(
            text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: clo se , CLOSE\r\n\r\n",
            method: "GET",
            target: "/",
            fields: ["Host=a", "Connection=clo se , CLOSE"],
            keepsAlive: false
        ),
        Case(
            text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello",
            method: "POST",
            target: "/",
            fields: ["Host=a", "Content-Length=005"],
            body: "hello"
        ),
        Case(
            text: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            method: "PUT",
            target: "/",
            fields: ["Host=a", "Content-Length=0"]
        ),
        Case(
            text:
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n5;x=\"y\"\r\nhello\r\n0001\r\n!\r\n00\r\nX-T: 1\r\n\r\n",
            method: "POST",
            target: "/",
            fields: ["Host=a", "Transfer-Encoding=CHUNKED"],
            body: "hello!"
        ),
    ]

    @Test(arguments: accepted)
    func `a well-formed request is understood, however it is cut`(_ given: Case) {
        let bytes = Array(given.text.utf8)
        let wanted = ParseOutcome.Request(
            method: given.method,
            target: given.target,
            fields: given.fields,
            body: Array(given.body.utf8),
            keepsAlive: given.keepsAlive,
            isHTTP10: given.isHTTP10
        )
        for cut in 0...bytes.count {
            let outcome = parse([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(
                outcome.fault == nil && !outcome.isPartial && outcome.requests == [wanted],
                "cut at \(cut): \(outcome)"
            )
        }
        #expect(parse(bytes.map { [$0] }).requests == [wanted])
    }

    @Test(arguments: accepted)
    func `a request that stops early is neither a request nor an error`(_ given: Case) {
        let bytes = Array(given.text.utf8)
        for count in 1..<bytes.count {
            let outcome = parse([Array(bytes[..<count])])
            #expect(outcome.requests.isEmpty && outcome.fault == nil, "\(count) bytes: \(outcome)")
        }
    }

    @Test(arguments: MalformedRequest.all)
    func `a malformed request is refused, however it is cut`(_ given: MalformedRequest) {
        let bytes = given.bytes
        let step = max(1, bytes.count / 400)
        for cut in stride(from: 0, through: bytes.count, by: step) {
            let outcome = parse([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(outcome.fault?.status == given.status, "cut at \(cut): \(outcome)")
            #expect(outcome.requests.isEmpty)
        }
        #expect(parse(bytes.map { [$0] }).fault?.status == given.status)
    }

    @Test func `pipelined requests come out in order, however they are cut`() {
        let bytes = Array(Self.accepted.map(\.text).joined().utf8)
        let whole = parse([bytes])
        #expect(whole.requests.map(\.target) == Self.accepted.map(\.target))
        for cut in 0...bytes.count {
            #expect(parse([Array(bytes[..<cut]), Array(bytes[cut...])]).requests == whole.requests, "cut at \(cut)")
        }
    }

    @Test func `ten kilobytes of fields are fine`() throws {
        let value = String(repeating: "v", count: 200)
        let fields = (0..<50).map { "X-\($0): \(value)\r\n" }.joined()
        let outcome = parse([Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)])
        let request = try #require(outcome.requests.first)
        #expect(request.fields.count == 51)
        #expect(request.fields.last == "X-49=\(value)")
    }

    @Test func `a body at its limit is taken, and one byte more is not`() {
        func post(_ count: Int) -> [UInt8] {
            Array(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n\(String(repeating: "b", count: count))"
                    .utf8
            )
        }
        #expect(parse([post(1000)]).requests.first?.body.count == 1000)
        #expect(parse([post(1001)]).fault?.status == 413)
    }

    @Test func `the token table has the characters of RFC 9110`() {
        let others = Set("!#$%&'*+-.^_`|~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isAlphanumeric =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            #expect(HTTPBytes.isToken(byte) == (isAlphanumeric || others.contains(byte)), "byte \(byte)")
        }
    }
}
