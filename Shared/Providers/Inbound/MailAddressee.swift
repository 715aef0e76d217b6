import Mail
package import Model

/// Whom a mail of the outside is addressed to: one of the addresses that our own messages named, or something else.
///
/// `b+<reference>@` takes bounces (the envelope's sender, VERP), `r+<reference>@` takes replies (Reply-To), `u+<reference>@` takes
/// opt-outs (List-Unsubscribe). Compared in any case (RFC 5321 §2.4 is not what mail servers do).
package enum MailAddressee: Sendable, Equatable {
    case bounce(SendReference, String)
    case reply(SendReference, String)
    case optOut(SendReference, String)
    /// No reference, or one that is not ours.
    case other

    package init(_ address: String, _ references: SendReferences) {
        let local = address.utf8.drop { $0 == UInt8(ascii: "<") }.prefix { $0 != UInt8(ascii: "@") }
        let text = String(decoding: local, as: UTF8.self).lowercased()
        let token = String(text.dropFirst(2))
        guard text.utf8.count <= 64, text.dropFirst().first == "+", let send = references.verify(token) else {
            self = .other
            return
        }
        switch text.first {
        case "b": self = .bounce(send, token)
        case "r": self = .reply(send, token)
        case "u": self = .optOut(send, token)
        default: self = .other
        }
    }
}

/// Our reference among words of others: in a Message-ID, an address, a link.
enum CarriedReference {
    /// References have 55 to 62 characters; so many words are checked at most.
    private static let wordsLimit = 64

    /// The first that is ours, in lower case.
    static func find(in text: String, _ references: SendReferences) -> String? {
        var checked = 0
        for word in text.utf8.prefix(16 << 10).split(whereSeparator: { !isBase32($0) }) where word.count >= 50 {
            guard checked < wordsLimit else { return nil }
            checked += 1
            let token = String(decoding: word, as: UTF8.self).lowercased()
            if references.verify(token) != nil { return token }
        }
        return nil
    }

    /// Where a message of ours has it, surest first.
    private static let fields = [
        "Message-ID", "Return-Path", "Reply-To", "List-Unsubscribe", "Feedback-ID", "X-Needletail-Reference",
    ]

    static func find(in headers: MailHeaders, _ references: SendReferences) -> String? {
        for field in fields {
            for value in headers.all(field) {
                if let token = find(in: value, references) { return token }
            }
        }
        return nil
    }

    private static func isBase32(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x32...0x37).contains(byte)
    }
}
