/// Groups of header fields with blank lines between them, as reports have them (RFC 3464 §2.1, RFC 5965 §3).
package enum FieldGroups {
    static let groupsLimit = 200
    static let fieldsLimit = 200
    static let valueLimitBytes = 4096

    /// Folded lines joined by a space; lines that are no field are left out, and so are groups without any.
    package static func read(_ content: [UInt8]) -> [MailHeaders] {
        var groups: [MailHeaders] = []
        var fields: [MailHeaders.Field] = []
        func finish() {
            if !fields.isEmpty { groups.append(MailHeaders(fields)) }
            fields = []
        }
        for line in content.split(separator: 0x0A, omittingEmptySubsequences: false) {
            guard groups.count < groupsLimit else { break }
            let text = String(decoding: line.prefix(valueLimitBytes), as: UTF8.self)
            let words = MailWords.trimmed(text)
            if words.isEmpty {
                finish()
            } else if text.first == " " || text.first == "\t" {
                guard let last = fields.popLast() else { continue }
                let joined = last.value.utf8.count < valueLimitBytes ? "\(last.value) \(words)" : last.value
                fields.append(MailHeaders.Field(name: last.name, value: joined))
            } else if let colon = text.firstIndex(of: ":"), fields.count < fieldsLimit {
                fields.append(
                    MailHeaders.Field(
                        name: MailWords.trimmed(text[..<colon]),
                        value: MailWords.trimmed(text[text.index(after: colon)...])))
            }
        }
        finish()
        return groups
    }

    /// `rfc822; a@b` → `a@b`; without a type, the whole.
    package static func behindType(_ value: String) -> String {
        guard let semicolon = value.firstIndex(of: ";") else { return MailWords.trimmed(value) }
        return MailWords.trimmed(value[value.index(after: semicolon)...])
    }

    /// RFC 3461 §4: `+2B` is `+`.
    package static func xtextDecoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var at = 0
        while at < source.count {
            if source[at] == UInt8(ascii: "+"), at + 2 < source.count,
                let value = UInt8(String(decoding: source[(at + 1)...(at + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                at += 3
            } else {
                bytes.append(source[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
