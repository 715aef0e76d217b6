package import Core
package import PinpointAPI

/// Domains whose mail comes to us: `Needletail.BounceDomain` and `Needletail.ReplyDomain` of the e-mail channel.
///
/// Every message then gets an envelope sender (`b+<reference>@…`) and a `Reply-To` (`r+<reference>@…`) of its own, so that a bounce or
/// an answer says which message it is about. The bounce domain needs an MX record that leads here, and an SPF record; for DMARC it must
/// be of the same organisation as the From address.
package struct EmailDomains: Sendable, Equatable {
    package static let members = ["BounceDomain", "ReplyDomain"]
    /// With a local part of 64 characters it must still be an address of at most 254 (RFC 5321 §4.5.3.1).
    private static let limitBytes = 189

    package let bounces: String?
    package let replies: String?

    init(stored json: JSON?) {
        bounces = Self.domain(json?["BounceDomain"])
        replies = Self.domain(json?["ReplyDomain"])
    }

    /// An empty text takes a domain away, as members that are left out stay as they were.
    private static func domain(_ json: JSON?) -> String? {
        guard let text = json?.string, !text.isEmpty else { return nil }
        return text.lowercased()
    }

    /// Throws 400 with the member that is wrong.
    package static func check(_ needletail: JSON, at path: WirePath) throws(APIError) {
        for member in members {
            guard let value = needletail[member] else { continue }
            guard let text = value.string, text.isEmpty || isDomain(text) else {
                throw path.member(member).refusal("must be a domain, such as bounce.example.com, or empty")
            }
        }
    }

    /// ASCII, because it stands in envelopes that many servers take no other of.
    package static func isDomain(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return text.utf8.count <= limitBytes && labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                    && label.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
                        case _: false
                        }
                    }
            }
    }
}

extension StoredEmailChannel {
    package var emailDomains: EmailDomains { EmailDomains(stored: configuration.needletail) }
}
