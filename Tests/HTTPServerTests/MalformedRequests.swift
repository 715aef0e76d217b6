import Testing

/// Requests that a strict server refuses, with the status it owes. Used on the parser and over a socket.
struct MalformedRequest: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let status: Int

    var bytes: [UInt8] { Array(text.utf8) }
    var testDescription: String { name }

    init(_ name: String, _ text: String, _ status: Int = 400) {
        self.name = name
        self.text = text
        self.status = status
    }

    private static func post(_ name: String, _ fields: String, _ body: String, _ status: Int = 400) -> MalformedRequest
    {
        MalformedRequest(name, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)", status)
    }

    private static func get(_ name: String, _ fields: String, _ status: Int = 400) -> MalformedRequest {
        MalformedRequest(name, "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", status)
    }

    private static func line(_ name: String, _ line: String, _ status: Int = 400) -> MalformedRequest {
        MalformedRequest(name, "\(line)\r\nHost: a\r\n\r\n", status)
    }

    private static func chunked(_ name: String, _ body: String, _ status: Int = 400) -> MalformedRequest {
        post(name, "Transfer-Encoding: chunked\r\n", body, status)
    }

    static let all: [MalformedRequest] = framing + fields + lines + chunks

    static let framing: [MalformedRequest] = [
        post(
            "Content-Length and Transfer-Encoding",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n"
        ),
        post(
            "Transfer-Encoding and Content-Length",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "0\r\n\r\n"
        ),
        post("two different lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
        post("the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        post("a list of lengths", "Content-Length: 5, 5\r\n", "hello"),
        post("a signed length", "Content-Length: +5\r\n", "hello"),
        post("a negative length", "Content-Length: -5\r\n", "hello"),
        post("a hexadecimal length", "Content-Length: 0x5\r\n", "hello"),
        post("an empty length", "Content-Length: \r\n", "hello"),
        post("a length with a space inside", "Content-Length: 1 0\r\n", "hello"),
        post("a length that overflows", "Content-Length: 99999999999999999999\r\n", "", 413),
        post("a length over the limit", "Content-Length: 1001\r\n", "", 413),
        post("gzip in front of chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501),
        post("xchunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 501),
        post("identity", "Transfer-Encoding: identity\r\n", "0\r\n\r\n", 501),
        post("chunked with a parameter", "Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n", 501),
        post("quoted chunked", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", 501),
        post("chunked behind a vertical tab", "Transfer-Encoding: \u{0B}chunked\r\n", "0\r\n\r\n"),
        post("an empty coding", "Transfer-Encoding:\r\n", "0\r\n\r\n"),
        post("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        MalformedRequest("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        post("an unknown expectation", "Content-Length: 1\r\nExpect: 200-ok\r\n", "a", 417),
    ]

    static let fields: [MalformedRequest] = [
        MalformedRequest("no Host", "GET / HTTP/1.1\r\n\r\n"),
        get("two Hosts", "Host: b"),
        MalformedRequest("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        MalformedRequest("a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        MalformedRequest("a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        get("obs-fold", "X-A: one\r\n two"),
        get("obs-fold by tab", "X-A: one\r\n\ttwo"),
        MalformedRequest("a folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        get("a space before the colon", "X-A : one"),
        get("a tab before the colon", "X-A\t: one"),
        get("an empty name", ": one"),
        get("no colon", "X-A"),
        get("a space in the name", "X A: one"),
        get("a parenthesis in the name", "X(A): one"),
        get("a byte above 127 in the name", "X-Ä: one"),
        get("NUL in the name", "X\0A: one"),
        get("NUL in the value", "X-A: o\0ne"),
        get("a control in the value", "X-A: o\u{01}ne"),
        get("DEL in the value", "X-A: o\u{7F}ne"),
        get("a bare CR in the value", "X-A: o\rne"),
        get("a bare CR before the line end", "X-A: one\r"),
        get("a bare LF between fields", "X-A: one\nX-B: two"),
        MalformedRequest("bare LF throughout", "GET / HTTP/1.1\nHost: a\n\n"),
        MalformedRequest("a bare LF at the end of the fields", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        get("too many fields", (0..<100).map { "X-\($0): 1" }.joined(separator: "\r\n"), 431),
        get("a field over the limit", "X-A: \(String(repeating: "a", count: 33_000))", 431),
        MalformedRequest(
            "fields without end",
            "GET / HTTP/1.1\r\n\(String(repeating: "X-A: aaaaaaaaaaaaaaaaaaaa\r\n", count: 2000))",
            431
        ),
    ]

    static let lines: [MalformedRequest] = [
        line("HTTP/0.9", "GET /"),
        line("HTTP/2.0", "GET / HTTP/2.0", 505),
        line("HTTP/3.1", "GET / HTTP/3.1", 505),
        line("HTTP/0.9 spelled out", "GET / HTTP/0.9", 505),
        line("the HTTP/2 preface", "PRI * HTTP/2.0", 505),
        line("a lower-case version", "GET / http/1.1"),
        line("a version of three parts", "GET / HTTP/1.1.1"),
        line("a version of two digits", "GET / HTTP/1.10"),
        line("an empty version", "GET / "),
        line("a space behind the version", "GET / HTTP/1.1 "),
        line("two spaces", "GET  / HTTP/1.1"),
        line("two spaces before the version", "GET /  HTTP/1.1"),
        line("a tab for a space", "GET\t/ HTTP/1.1"),
        line("a space in front", " GET / HTTP/1.1"),
        line("a method that is no token", "G(T / HTTP/1.1"),
        line("a method of 33 letters", "\(String(repeating: "G", count: 33)) / HTTP/1.1"),
        line("a target without a slash", "GET a HTTP/1.1"),
        line("a fragment", "GET /a#b HTTP/1.1"),
        line("a raw byte above 127", "GET /ä HTTP/1.1"),
        line("NUL in the target", "GET /a\0b HTTP/1.1"),
        line("a control in the target", "GET /a\u{08}b HTTP/1.1"),
        line("asterisk without OPTIONS", "GET * HTTP/1.1"),
        line("a foreign scheme", "GET ftp://a/ HTTP/1.1"),
        line("absolute-form without a host", "GET http:///a HTTP/1.1"),
        line("absolute-form with a user", "GET http://u:p@a/ HTTP/1.1"),
        line("authority-form", "CONNECT a:443 HTTP/1.1", 501),
        line("a long target", "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1", 414),
        MalformedRequest("a long target without end", "GET /\(String(repeating: "a", count: 9000))", 414),
        MalformedRequest("three empty lines in front", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedRequest("a TLS hello", "\u{16}\u{03}\u{01}\u{02}"),
        MalformedRequest("a bare CR in front", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    static let chunks: [MalformedRequest] = [
        chunked("a size that is no number", "zz\r\nhello\r\n0\r\n\r\n"),
        chunked("an empty size", "\r\nhello\r\n0\r\n\r\n"),
        chunked("a signed size", "-5\r\nhello\r\n0\r\n\r\n"),
        chunked("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
        chunked("a space before the size", " 5\r\nhello\r\n0\r\n\r\n"),
        chunked("a space behind the size", "5 \r\nhello\r\n0\r\n\r\n"),
        chunked("an underscore in the size", "1_0\r\nhello\r\n0\r\n\r\n"),
        chunked("a size that overflows", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        chunked("a size over the limit", "3E9\r\n", 413),
        chunked("sizes over the limit together", "3\r\nabc\r\n3E8\r\n", 413),
        chunked("a bare LF behind the size", "5\nhello\r\n0\r\n\r\n"),
        chunked("a bare CR behind the size", "5\rhello\r\n0\r\n\r\n"),
        chunked("data longer than its size", "4\r\nhello\r\n0\r\n\r\n"),
        chunked("a bare LF behind the data", "5\r\nhello\n0\r\n\r\n"),
        chunked("a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        chunked("NUL in an extension", "5;a\0\r\nhello\r\n0\r\n\r\n"),
        chunked("a long extension", "5;\(String(repeating: "a", count: 5000))\r\nhello\r\n0\r\n\r\n"),
        chunked("a malformed trailer", "0\r\nX A: b\r\n\r\n"),
        chunked("a folded trailer", "0\r\nX-A: b\r\n c\r\n\r\n"),
        chunked("a bare LF behind a trailer", "0\r\nX-A: b\n\r\n"),
        chunked("a long trailer", "0\r\nX-A: \(String(repeating: "a", count: 9000))\r\n\r\n", 431),
    ]
}
