import Crypto
import Providers

/// Writes header fields; the lowest layer every header-bound value passes. Nothing that ends a line gets through, whatever
/// encoding it would have had afterwards (F33).
enum HeaderWriter {
    /// RFC 5322 §2.1.1: should be no more, and must be at most 998.
    private static let foldColumn = 76
    /// Longest value we take; Pinpoint's own limits are lower.
    static let valueLimitBytes = 4096

    /// Unstructured text (Subject, custom headers): as is when plain ASCII, else RFC 2047.
    static func append(_ name: String, text: [UInt8], to bytes: inout [UInt8]) throws(EmailFault) {
        try check(text, field: name)
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x3A)
        bytes.append(0x20)
        if needsEncoding(text) {
            appendEncodedWords(text, column: name.utf8.count + 2, to: &bytes)
        } else {
            appendFolded(text, column: name.utf8.count + 2, to: &bytes)
        }
        endLine(&bytes)
    }

    /// A value of our own making (`Message-ID`, URLs): checked, never encoded or folded.
    static func append(_ name: String, verbatim value: [UInt8], to bytes: inout [UInt8]) throws(EmailFault) {
        try check(value, field: name)
        guard value.count + name.utf8.count < 990 else { throw EmailFault(reason: .tooLong, field: name) }
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x3A)
        bytes.append(0x20)
        bytes.append(contentsOf: value)
        endLine(&bytes)
    }

    /// `From`, `To`, `Reply-To`: each mailbox on a line of its own.
    static func append(_ name: String, mailboxes: [EmailMailbox], to bytes: inout [UInt8]) throws(EmailFault) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x3A)
        for (index, mailbox) in mailboxes.enumerated() {
            if index > 0 { bytes.append(contentsOf: ",\r\n".utf8) }
            bytes.append(0x20)
            try append(mailbox, field: name, to: &bytes)
        }
        endLine(&bytes)
    }

    private static func append(_ mailbox: EmailMailbox, field: String, to bytes: inout [UInt8]) throws(EmailFault) {
        let address = Array(mailbox.address.rawValue.utf8)
        try check(address, field: field)
        guard let name = mailbox.name.map({ Array($0.utf8) }), !name.isEmpty else {
            bytes.append(contentsOf: address)
            return
        }
        try check(name, field: field)
        if needsEncoding(name) {
            appendEncodedWords(name, column: field.utf8.count + 2, to: &bytes)
            bytes.append(contentsOf: "\r\n ".utf8)
        } else if name.allSatisfy(isPhraseByte) {
            bytes.append(contentsOf: name)
            bytes.append(contentsOf: name.count > 60 ? "\r\n ".utf8 : " ".utf8)
        } else {
            bytes.append(0x22)
            for byte in name {
                if byte == 0x22 || byte == 0x5C { bytes.append(0x5C) }
                bytes.append(byte)
            }
            bytes.append(contentsOf: name.count > 60 ? "\"\r\n ".utf8 : "\" ".utf8)
        }
        bytes.append(0x3C)
        bytes.append(contentsOf: address)
        bytes.append(0x3E)
    }

    static func endLine(_ bytes: inout [UInt8]) {
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    /// Refuses C0, DEL, C1, U+2028, U+2029 and invalid UTF-8; a tab is a control character too.
    static func check(_ value: [UInt8], field: String) throws(EmailFault) {
        guard value.count <= valueLimitBytes else { throw EmailFault(reason: .tooLong, field: field) }
        var isASCII = true
        for byte in value {
            if byte < 0x20 || byte == 0x7F { throw EmailFault(reason: .controlCharacter, field: field) }
            if byte >= 0x80 { isASCII = false }
        }
        if isASCII { return }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw EmailFault(reason: .controlCharacter, field: field)
        }
        for scalar in text.unicodeScalars {
            let isControl = (0x80...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
            if isControl { throw EmailFault(reason: .controlCharacter, field: field) }
        }
    }

    // MARK: Encoding

    /// Non-ASCII, text that would be taken for an encoded word, or a word too long to fold.
    private static func needsEncoding(_ text: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        var word = 0
        for byte in text {
            if byte >= 0x80 { return true }
            if previous == 0x3D && byte == 0x3F { return true }
            word = byte == 0x20 ? 0 : word + 1
            if word > 900 { return true }
            previous = byte
        }
        // Spaces at either end would be lost to unfolding.
        return text.first == 0x20 || text.last == 0x20
    }

    /// Breaks before a space, so that unfolding restores the text exactly.
    private static func appendFolded(_ text: [UInt8], column start: Int, to bytes: inout [UInt8]) {
        guard start + text.count > foldColumn else {
            bytes.append(contentsOf: text)
            return
        }
        var column = start
        var at = 0
        while at < text.count {
            var end = at + 1
            while end < text.count, text[end] != 0x20 { end += 1 }
            // A line of nothing but spaces would end the header for some parsers: fold only before a word.
            let isWord = text[at] != 0x20 || end > at + 1
            if at > 0 && isWord && column + end - at > foldColumn {
                bytes.append(0x0D)
                bytes.append(0x0A)
                column = 0
            }
            bytes.append(contentsOf: text[at..<end])
            column += end - at
            at = end
        }
    }

    /// RFC 2047 B encoding: words of at most 75 characters, none cutting a character in two.
    private static func appendEncodedWords(_ text: [UInt8], column start: Int, to bytes: inout [UInt8]) {
        var column = start
        var at = 0
        while at < text.count {
            // `=?UTF-8?B?` and `?=` are 12 characters; what is left of the line holds this many bytes in base64.
            let room = max(6, (min(75, foldColumn - column) - 12) / 4 * 3)
            var end = min(text.count, at + room)
            while end > at, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
            bytes.append(contentsOf: "=?UTF-8?B?".utf8)
            bytes.append(contentsOf: Base64.encode(text[at..<end]).utf8)
            bytes.append(contentsOf: "?=".utf8)
            at = end
            if at < text.count { bytes.append(contentsOf: "\r\n ".utf8) }
            column = 1
        }
    }

    private static func isPhraseByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x2D, 0x5F, 0x27, 0x21, 0x26: true
        case _: false
        }
    }
}
