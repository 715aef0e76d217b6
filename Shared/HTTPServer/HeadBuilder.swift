/// The request line and the fields of one request, collected line by line and checked as each line ends.
struct HeadBuilder: Sendable {
    private var bytes: [UInt8] = []
    private var fields: [HTTPHeaders.Field] = []
    private var lineStart = 0
    private var method = 0..<0
    private var target = 0..<0
    private var minorVersion = 1
    private var skippedEmptyLine = false
    private(set) var hasRequestLine = false
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private var hostIndex: Int?
    private var wantsClose = false
    private var wantsKeepAlive = false
    private var expectsContinue = false

    var isEmpty: Bool { bytes.isEmpty }
    var count: Int { bytes.count }

    mutating func append(_ piece: Span<UInt8>) {
        if bytes.isEmpty {
            bytes.reserveCapacity(1024)
            fields.reserveCapacity(16)
        }
        piece.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// Something that cannot begin a request (a TLS hello, say) is refused at its first byte, not at the deadline.
    func checkBeginning() throws(HTTPParseFault) {
        guard !hasRequestLine, let first = bytes.first, first != HTTPBytes.carriageReturn else { return }
        if !HTTPBytes.isToken(first) { throw HTTPParseFault(400, "This is not an HTTP/1.1 request") }
    }

    /// Call when a line feed was appended. `true` at the empty line that ends the fields.
    mutating func endLine(countLimit: Int) throws(HTTPParseFault) -> Bool {
        let end = bytes.count - 2
        guard end >= lineStart, bytes[end] == HTTPBytes.carriageReturn else {
            throw HTTPParseFault(400, "A line ends with a bare line feed")
        }
        let line = lineStart..<end
        lineStart = bytes.count
        if !hasRequestLine {
            // One empty line in front of a request is ignored (RFC 9112 §2.2).
            if line.isEmpty, !skippedEmptyLine {
                self = HeadBuilder()
                skippedEmptyLine = true
                return false
            }
            try takeRequestLine(line)
            return false
        }
        if line.isEmpty { return true }
        guard fields.count < countLimit else {
            throw HTTPParseFault(431, "There are more than \(countLimit) header fields")
        }
        try takeField(line)
        return false
    }

    // MARK: Request line

    private mutating func takeRequestLine(_ line: Range<Int>) throws(HTTPParseFault) {
        let malformed = HTTPParseFault(400, "The request line is malformed")
        guard let first = bytes[line].firstIndex(of: HTTPBytes.space) else { throw malformed }
        method = line.lowerBound..<first
        guard (1...32).contains(method.count), bytes[method].allSatisfy(HTTPBytes.isToken) else { throw malformed }
        guard let second = bytes[first + 1..<line.upperBound].firstIndex(of: HTTPBytes.space) else { throw malformed }
        target = first + 1..<second
        // Visible ASCII only; a fragment is never sent.
        let isTarget = bytes[target].allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }
        guard !target.isEmpty, isTarget else { throw HTTPParseFault(400, "The request target is malformed") }
        try takeVersion(bytes[second + 1..<line.upperBound], malformed)
        hasRequestLine = true
    }

    private mutating func takeVersion(_ text: ArraySlice<UInt8>, _ malformed: HTTPParseFault) throws(HTTPParseFault) {
        guard text.count == 8, text.starts(with: "HTTP/".utf8) else { throw malformed }
        let (major, dot, minor) = (text[text.startIndex + 5], text[text.startIndex + 6], text[text.startIndex + 7])
        guard dot == 0x2E, (0x30...0x39).contains(major), (0x30...0x39).contains(minor) else { throw malformed }
        guard major == 0x31 else { throw HTTPParseFault(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here") }
        minorVersion = Int(minor - 0x30)
    }

    // MARK: Fields

    private mutating func takeField(_ line: Range<Int>) throws(HTTPParseFault) {
        let (name, value) = try FieldLine.split(bytes, line)
        fields.append(
            HTTPHeaders.Field(
                nameStart: Int32(name.lowerBound),
                nameCount: Int32(name.count),
                valueStart: Int32(value.lowerBound),
                valueCount: Int32(value.count)
            )
        )
        switch name.count {
        case 4 where HTTPBytes.equalsIgnoringCase(bytes[name], "Host"): try takeHost(value)
        case 6 where HTTPBytes.equalsIgnoringCase(bytes[name], "Expect"): try takeExpect(value)
        case 10 where HTTPBytes.equalsIgnoringCase(bytes[name], "Connection"): takeConnection(value)
        case 14 where HTTPBytes.equalsIgnoringCase(bytes[name], "Content-Length"): try takeContentLength(value)
        case 17 where HTTPBytes.equalsIgnoringCase(bytes[name], "Transfer-Encoding"): try takeTransferEncoding(value)
        default: break
        }
    }

    private mutating func takeHost(_ value: Range<Int>) throws(HTTPParseFault) {
        guard hostIndex == nil else { throw HTTPParseFault(400, "There is more than one Host field") }
        guard bytes[value].allSatisfy(Self.isAuthority) else {
            throw HTTPParseFault(400, "The Host field is malformed")
        }
        hostIndex = fields.count - 1
    }

    private mutating func takeExpect(_ value: Range<Int>) throws(HTTPParseFault) {
        guard HTTPBytes.equalsIgnoringCase(bytes[value], "100-continue") else {
            throw HTTPParseFault(417, "Only the expectation 100-continue can be met")
        }
        expectsContinue = true
    }

    private mutating func takeConnection(_ value: Range<Int>) {
        func isBlank(_ byte: UInt8) -> Bool { byte == HTTPBytes.space || byte == HTTPBytes.tab }
        for part in bytes[value].split(separator: 0x2C) {
            var option = part.drop(while: isBlank)
            while let last = option.last, isBlank(last) { option.removeLast() }
            if HTTPBytes.equalsIgnoringCase(option, "close") { wantsClose = true }
            if HTTPBytes.equalsIgnoringCase(option, "keep-alive") { wantsKeepAlive = true }
        }
    }

    private mutating func takeContentLength(_ value: Range<Int>) throws(HTTPParseFault) {
        guard contentLength == nil else { throw HTTPParseFault(400, "There is more than one Content-Length field") }
        guard !value.isEmpty, bytes[value].allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw HTTPParseFault(400, "Content-Length is not a number")
        }
        let digits = bytes[value].drop { $0 == 0x30 }
        guard digits.count <= 18 else { throw HTTPParseFault(413, "Content-Length is too large") }
        contentLength = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private mutating func takeTransferEncoding(_ value: Range<Int>) throws(HTTPParseFault) {
        guard !isChunked else { throw HTTPParseFault(400, "There is more than one Transfer-Encoding field") }
        guard !value.isEmpty else { throw HTTPParseFault(400, "Transfer-Encoding is empty") }
        guard HTTPBytes.equalsIgnoringCase(bytes[value], "chunked") else {
            throw HTTPParseFault(501, "The only transfer coding understood is chunked")
        }
        isChunked = true
    }

    // MARK: The whole

    /// Checks what concerns several fields, and hands the head over. `contentLength` and `isChunked` stay readable.
    mutating func finish(remoteAddress: String) throws(HTTPParseFault) -> ParsedRequest {
        if isChunked, contentLength != nil {
            throw HTTPParseFault(400, "Content-Length and Transfer-Encoding exclude each other")
        }
        if isChunked, minorVersion == 0 { throw HTTPParseFault(400, "HTTP/1.0 has no Transfer-Encoding") }
        if hostIndex == nil, minorVersion > 0 { throw HTTPParseFault(400, "The Host field is missing") }
        let method = String(decoding: bytes[self.method], as: UTF8.self)
        let authority = try checkTarget(method)
        var headers = HTTPHeaders(bytes: [], fields: [])
        let text = String(decoding: bytes[target], as: UTF8.self)
        swap(&headers, &self.headers)
        // The authority of an absolute-form target replaces Host (RFC 9112 §3.2.2).
        if let authority { headers["Host"] = authority }
        return ParsedRequest(
            request: HTTPRequest(method: method, target: text, headers: headers, remoteAddress: remoteAddress),
            isHTTP10: minorVersion == 0,
            keepsAlive: !wantsClose && (minorVersion > 0 || wantsKeepAlive),
            expectsContinue: expectsContinue && minorVersion > 0
        )
    }

    private var headers: HTTPHeaders {
        get { HTTPHeaders(bytes: bytes, fields: fields) }
        set { (bytes, fields) = (newValue.bytes, newValue.fields) }
    }

    /// Origin-form, absolute-form or `OPTIONS *`. Returns the authority of an absolute-form target.
    private func checkTarget(_ method: String) throws(HTTPParseFault) -> String? {
        let malformed = HTTPParseFault(400, "The request target is malformed")
        if method == "CONNECT" { throw HTTPParseFault(501, "CONNECT is not served here") }
        if bytes[target.lowerBound] == 0x2F { return nil }
        if target.count == 1, bytes[target.lowerBound] == 0x2A {
            guard method == "OPTIONS" else { throw malformed }
            return nil
        }
        guard let colon = bytes[target].firstIndex(of: HTTPBytes.colon) else { throw malformed }
        let scheme = bytes[target.lowerBound..<colon]
        guard HTTPBytes.equalsIgnoringCase(scheme, "http") || HTTPBytes.equalsIgnoringCase(scheme, "https"),
            bytes[colon + 1..<target.upperBound].starts(with: "//".utf8)
        else { throw malformed }
        let authority = bytes[colon + 3..<target.upperBound].prefix { $0 != 0x2F && $0 != 0x3F }
        guard !authority.isEmpty, authority.allSatisfy(Self.isAuthority) else { throw malformed }
        return String(decoding: authority, as: UTF8.self)
    }

    /// Host and port: `uri-host [":" port]` of RFC 3986, without user information.
    private static func isAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x5B, 0x5D, 0x61...0x7A: true  // digits and colon, letters and brackets
        case 0x21, 0x24...0x2E, 0x3B, 0x3D, 0x5F, 0x7E: true  // ! $ % & ' ( ) * + , - . ; = _ ~
        default: false
        }
    }
}

/// One `name: value` line.
enum FieldLine {
    /// The ranges of name and value, the value without the white space around it.
    static func split(
        _ bytes: [UInt8],
        _ line: Range<Int>
    ) throws(HTTPParseFault) -> (name: Range<Int>, value: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, HTTPBytes.isToken(bytes[colon]) { colon += 1 }
        guard colon < line.upperBound, bytes[colon] == HTTPBytes.colon, colon > line.lowerBound else {
            let isBlank = colon < line.upperBound && [HTTPBytes.space, HTTPBytes.tab].contains(bytes[colon])
            let isFolded = isBlank && colon == line.lowerBound
            throw HTTPParseFault(400, isFolded ? "A header field is folded" : "A header field's name is malformed")
        }
        var (start, end) = (colon + 1, line.upperBound)
        while start < end, bytes[start] == HTTPBytes.space || bytes[start] == HTTPBytes.tab { start += 1 }
        while end > start, bytes[end - 1] == HTTPBytes.space || bytes[end - 1] == HTTPBytes.tab { end -= 1 }
        var index = start
        while index < end {
            guard HTTPBytes.isFieldContent(bytes[index]) else {
                throw HTTPParseFault(400, "A header field contains a control character")
            }
            index += 1
        }
        return (line.lowerBound..<colon, start..<end)
    }
}
