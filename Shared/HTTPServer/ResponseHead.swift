import Core

/// Status line and fields of an answer, as bytes. The server writes the framing itself, so that no handler can
/// contradict what is really sent.
struct ResponseHead {
    enum Framing {
        case length(Int)
        case chunked
        /// HTTP/1.0 stream: the end of the connection is the end of the body.
        case untilClose
        /// 1xx, 204 and 304 have neither a body nor a length.
        case none
    }

    let status: Int
    let framing: Framing
    let keepsAlive: Bool
    let isHTTP10: Bool

    func write(_ headers: HTTPHeaders, dateLine: [UInt8], into out: inout [UInt8]) {
        out.append("HTTP/1.1 ")
        out.appendDecimal(status, width: 3)
        out.append(" ")
        out.append(Self.reason(status))
        out.append("\r\n")
        out.append(contentsOf: dateLine)
        for field in headers.fields where !Self.isOurs(headers, field) {
            out.append(contentsOf: headers.nameBytes(of: field))
            out.append(": ")
            out.append(contentsOf: headers.valueBytes(of: field))
            out.append("\r\n")
        }
        switch framing {
        case .length(let count):
            out.append("Content-Length: ")
            out.appendDecimal(count)
            out.append("\r\n")
        case .chunked: out.append("Transfer-Encoding: chunked\r\n")
        case .untilClose, .none: break
        }
        if !keepsAlive {
            out.append("Connection: close\r\n")
        } else if isHTTP10 {
            out.append("Connection: keep-alive\r\n")
        }
        out.append("\r\n")
    }

    /// Whether the field is one that the server writes itself.
    private static func isOurs(_ headers: HTTPHeaders, _ field: HTTPHeaders.Field) -> Bool {
        let name = headers.nameBytes(of: field)
        return switch name.count {
        case 0: true
        case 4: HTTPBytes.equalsIgnoringCase(name, "Date")
        case 10: HTTPBytes.equalsIgnoringCase(name, "Connection") || HTTPBytes.equalsIgnoringCase(name, "Keep-Alive")
        case 14: HTTPBytes.equalsIgnoringCase(name, "Content-Length")
        case 17: HTTPBytes.equalsIgnoringCase(name, "Transfer-Encoding")
        default: false
        }
    }

    /// Phrases of RFC 9110 and 6585; empty is allowed for any other status.
    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

/// The `Date` line, made once a second.
struct DateLine {
    private var second = Int64.min
    private var line: [UInt8] = []

    mutating func at(_ now: Instant) -> [UInt8] {
        if now.seconds != second {
            second = now.seconds
            line = Array("Date: \(Self.format(now))\r\n".utf8)
        }
        return line
    }

    /// IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func format(_ instant: Instant) -> String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let (year, month, day) = instant.day.civil
        let weekday = weekdays[Int(Int64(instant.day.daysSince1970).flooredModulo(7))]
        let second = Int(instant.seconds.flooredModulo(86_400))
        var text: [UInt8] = Array("\(weekday), ".utf8)
        text.appendDecimal(day, width: 2)
        text.append(contentsOf: " \(months[month - 1]) ".utf8)
        text.appendDecimal(year, width: 4)
        for (mark, value) in [(" ", second / 3600), (":", second / 60 % 60), (":", second % 60)] {
            text.append(contentsOf: mark.utf8)
            text.appendDecimal(value, width: 2)
        }
        text.append(" GMT")
        return String(decoding: text, as: UTF8.self)
    }
}

extension HTTPHeaders {
    func nameBytes(of field: Field) -> ArraySlice<UInt8> {
        bytes[Int(field.nameStart)..<Int(field.nameStart + field.nameCount)]
    }
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }
}
