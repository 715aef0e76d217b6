/// One reply: `250 2.1.0 Ok`, multi-line replies joined.
package struct SMTPReply: Sendable, Equatable, CustomStringConvertible {
    /// Three digits, 2xx to 5xx.
    package let code: Int
    /// RFC 3463, of the first line that has one.
    package let enhanced: EnhancedStatus?
    /// The text after the codes, lines joined by a space, control characters and invalid UTF-8 replaced, at most 1 KiB.
    package let text: String

    package init(code: Int, enhanced: EnhancedStatus? = nil, text: String) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }

    /// Reads one line, as others report what a server said: `550 5.1.1 no such user`. Nil for what is no reply.
    package init?(line: String) {
        var parser = SMTPReplyParser()
        let bytes = Array(line.utf8.filter { $0 != 0x0D && $0 != 0x0A }.prefix(SMTPReplyParser.lineLimitBytes - 2))
        (bytes + [0x0D, 0x0A]).withUnsafeBytes { parser.append($0) }
        guard let reply = (try? parser.next()) ?? nil else { return nil }
        self = reply
    }

    package var isPositive: Bool { code / 100 == 2 }

    package var description: String {
        var words = String(code)
        if let enhanced { words += " \(enhanced)" }
        return text.isEmpty ? words : words + " " + text
    }
}

/// `class.subject.detail` of RFC 3463.
package struct EnhancedStatus: Sendable, Equatable, CustomStringConvertible {
    package let permanence: Int
    package let subject: Int
    package let detail: Int

    package init(permanence: Int, subject: Int, detail: Int) {
        self.permanence = permanence
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(permanence).\(subject).\(detail)" }
}

/// The server does not speak SMTP: no code, a line without end.
package struct SMTPProtocolFault: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Cuts a byte stream into replies.
struct SMTPReplyParser {
    /// RFC 5321 says 512; real servers write more.
    static let lineLimitBytes = 4096
    static let linesPerReply = 64
    static let textLimitBytes = 1024

    private var buffer: [UInt8] = []
    private var start = 0
    private var code = 0
    private var enhanced: EnhancedStatus?
    private var text: [UInt8] = []
    private var lines = 0

    /// True when part of a reply has arrived.
    var hasPartialReply: Bool { lines > 0 || start < buffer.count }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next complete reply, or nil when more bytes are needed.
    mutating func next() throws(SMTPProtocolFault) -> SMTPReply? {
        while let end = buffer[start...].firstIndex(of: 0x0A) {
            let line = start..<(end > start && buffer[end - 1] == 0x0D ? end - 1 : end)
            start = end + 1
            if try take(line) {
                defer { reset() }
                return SMTPReply(code: code, enhanced: enhanced, text: Self.readable(text))
            }
        }
        guard buffer.count - start <= Self.lineLimitBytes else {
            throw SMTPProtocolFault(description: "reply line too long")
        }
        return nil
    }

    private mutating func reset() {
        code = 0
        enhanced = nil
        text.removeAll(keepingCapacity: true)
        lines = 0
    }

    /// `^([2-5])\d\d[ -](?:([245])\.(\d{1,3})\.(\d{1,3})\s)?(.*)$`; a bare `250` counts as its last line.
    private mutating func take(_ line: Range<Int>) throws(SMTPProtocolFault) -> Bool {
        var at = line.lowerBound
        var value = 0
        while at < line.upperBound, at < line.lowerBound + 3, let digit = Self.digit(buffer[at]) {
            value = value * 10 + digit
            at += 1
        }
        guard at == line.lowerBound + 3, (200...599).contains(value) else {
            throw SMTPProtocolFault(description: "not an SMTP reply")
        }
        guard lines == 0 || value == code else {
            throw SMTPProtocolFault(description: "reply lines with different codes")
        }
        code = value
        lines += 1
        guard lines <= Self.linesPerReply else { throw SMTPProtocolFault(description: "reply with too many lines") }
        var isLast = true
        if at < line.upperBound {
            isLast = buffer[at] != 0x2D
            at += 1
        }
        let status = status(at: &at, end: line.upperBound)
        if enhanced == nil { enhanced = status }
        if text.count < Self.textLimitBytes, at < line.upperBound {
            if !text.isEmpty { text.append(0x20) }
            text.append(contentsOf: buffer[at..<line.upperBound].prefix(Self.textLimitBytes - text.count))
        }
        return isLast
    }

    /// Moves `at` behind the status when there is one.
    private func status(at: inout Int, end: Int) -> EnhancedStatus? {
        var position = at
        guard position < end, let permanence = Self.digit(buffer[position]), [2, 4, 5].contains(permanence) else {
            return nil
        }
        position += 1
        guard let subject = number(at: &position, end: end), let detail = number(at: &position, end: end) else {
            return nil
        }
        guard position == end || buffer[position] == 0x20 || buffer[position] == 0x09 else { return nil }
        at = Swift.min(position + 1, end)
        return EnhancedStatus(permanence: permanence, subject: subject, detail: detail)
    }

    /// `.` and one to three digits.
    private func number(at position: inout Int, end: Int) -> Int? {
        guard position < end, buffer[position] == 0x2E else { return nil }
        position += 1
        let first = position
        var value = 0
        while position < end, position < first + 3, let digit = Self.digit(buffer[position]) {
            value = value * 10 + digit
            position += 1
        }
        return position > first ? value : nil
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= 0x30 && byte <= 0x39 ? Int(byte) - 0x30 : nil
    }

    private static func readable(_ bytes: [UInt8]) -> String {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
