/// One node of a message: a leaf, a multipart, or a message within the message.
package struct MailPart: Sendable {
    package enum Kind: Sendable {
        case leaf, multipart, message
    }

    package let kind: Kind
    /// Index of the part around it; nil of the root.
    package let parent: Int?
    /// `text/plain`, in lower case.
    package let type: String
    /// Of Content-Type, names in lower case.
    package let parameters: [String: String]
    /// `attachment`, `inline`; nil when not said.
    package let disposition: String?
    package let fileName: String?
    package let headers: MailHeaders
    /// Of leaves of `text/` and `message/`, transfer encoding undone; `text/` in UTF-8. Other leaves' bytes are not kept.
    package let content: [UInt8]

    package var text: String { String(decoding: content, as: UTF8.self) }

    /// Meant to be read where it stands, as opposed to a file that comes along.
    var isBody: Bool { kind == .leaf && disposition?.lowercased() != "attachment" && fileName == nil }
}

/// Header fields in their order, unfolded, encoded words decoded (RFC 2047). At most 500 of a part, each at most 16 KiB.
package struct MailHeaders: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        /// As written.
        package let name: String
        package let value: String
    }

    package let fields: [Field]

    package init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// The first of that name, in any case, without blanks around it.
    package subscript(_ name: String) -> String? { all(name).first }

    package func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map { MailWords.trimmed($0.value) }
    }
}

/// The words of header values.
package enum MailWords {
    package static func trimmed(_ text: some StringProtocol) -> String {
        let isBlank = { (character: Character) in character.isWhitespace }
        guard let start = text.firstIndex(where: { !isBlank($0) }), let end = text.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(text[start...end])
    }

    /// `multipart/report; x=y` → `multipart/report`; `bulk (auto)` → `bulk`; in lower case.
    package static func first(_ value: String) -> String {
        String(
            value.lowercased().drop { $0.isWhitespace }.prefix {
                !$0.isWhitespace && $0 != ";" && $0 != "(" && $0 != ","
            })
    }

    /// The addresses between angle brackets, without them, in their order: of `References`, `List-Unsubscribe`. At most `limit`.
    package static func bracketed(_ value: String, limit: Int = 100) -> [String] {
        var found: [String] = []
        for piece in value.split(separator: "<").dropFirst(value.hasPrefix("<") ? 0 : 1) {
            guard found.count < limit, let close = piece.firstIndex(of: ">") else { continue }
            let text = trimmed(piece[..<close])
            if !text.isEmpty { found.append(text) }
        }
        return found
    }

    /// The address of `Jo <jo@x.test>`, `jo@x.test (Jo)` or `<jo@x.test>`; nil when there is none.
    package static func address(_ value: String) -> String? {
        let candidate: Substring
        if let open = value.lastIndex(of: "<"), let close = value[open...].firstIndex(of: ">") {
            candidate = value[value.index(after: open)..<close]
        } else {
            candidate = value.split { $0.isWhitespace || $0 == "," || $0 == ";" }.first { $0.contains("@") } ?? ""
        }
        let text = trimmed(candidate)
        return text.contains("@") && text.utf8.count <= 320 ? text : nil
    }
}
