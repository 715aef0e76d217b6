import Core
import Crypto
import HTTPServer
package import Model

/// Kind `mail`: mail from a mail server of one's own, by LMTP (`NEEDLETAIL_LMTP_LISTEN`) or as
/// `POST …/inbound/{provider}/mime?mail_from=&rcpt_to=` with the raw message as `message/rfc822` (a pipe of Postfix or Exim).
///
/// A call proves itself by `Authorization: Bearer <Secret>`, or, where a secret is not to travel, by
/// `X-Needletail-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA-256 under the secret of `<seconds>.<query>.<body>`, at most five minutes
/// old. `PreviousSecret` goes on to be believed while a secret is changed.
package struct InboundMailbox: InboundProvider {
    static let kind = ProviderKind(
        "mail", channels: ["EMAIL"],
        settings: [.init("Domains", check: { MailDomains.complaint($0) })],
        secrets: [.init("Secret", check: secretComplaint), .init("PreviousSecret", check: secretComplaint)],
        inbound: { setup, tools in InboundMailbox(setup, tools) })

    package static let what = "mime"
    static let recipientsLimit = 100
    private static let tolerance: Duration = .seconds(300)

    private let secrets: [[UInt8]]
    /// Nil where a configuration is only tried out.
    private let references: SendReferences?

    init(_ setup: ProviderSetup, _ tools: ProviderTools) {
        self.init(secrets: ["Secret", "PreviousSecret"].compactMap(setup.text), references: tools.references)
    }

    init(secrets: [String], references: SendReferences?) {
        self.secrets = secrets.map { Array($0.utf8) }
        self.references = references
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        guard !secrets.isEmpty else { throw .untrusted("the provider has no Secret: it takes mail by LMTP only") }
        guard isSigned(call) || bearsSecret(call) else {
            throw .untrusted("neither bearer secret nor signature is right")
        }
        _ = try Self.envelope(call)
        let type = call.header("content-type")?.lowercased().prefix { $0 != ";" && $0 != " " }
        guard call.what == Self.what, call.method == "POST", type == "message/rfc822" else {
            throw .unreadable("a raw message is expected: POST …/mime with Content-Type message/rfc822")
        }
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        guard let references else { throw .unavailable("mail is read by inbound-reply only") }
        let envelope = try Self.envelope(call)
        return InboundMail.events(
            raw: call.body, mailFrom: envelope.sender, rcptTo: envelope.recipients, references: references,
            at: call.receivedAt)
    }

    // MARK: Trust

    private func bearsSecret(_ call: InboundCall) -> Bool {
        guard let header = call.header("authorization"), header.lowercased().hasPrefix("bearer ") else { return false }
        let given = Array(header.utf8.dropFirst(7))
        return secrets.contains { constantTimeEquals($0, given) }
    }

    private func isSigned(_ call: InboundCall) -> Bool {
        guard let header = call.header("x-needletail-signature") else { return false }
        var fields: [Substring: Substring] = [:]
        for pair in header.split(separator: ",", maxSplits: 8) {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { fields[parts[0].drop { $0 == " " }] = parts[1] }
        }
        guard let time = fields["t"], let seconds = Int64(time),
            let signature = fields["v1"].flatMap({ Hex.decode($0) })
        else { return false }
        let now = call.receivedAt.seconds
        guard seconds > 0, seconds <= now + Self.tolerance.components.seconds,
            now - seconds <= Self.tolerance.components.seconds
        else { return false }
        let signed = Array("\(time).\(call.query).".utf8) + call.body
        return secrets.contains { constantTimeEquals(HMACSHA256.authenticate(signed, key: $0), signature) }
    }

    // MARK: Envelope

    /// As the query of a call has it; LMTP stores the same.
    package static func query(sender: String, recipients: [String]) -> String {
        (["mail_from=\(encoded(sender))"] + recipients.map { "rcpt_to=\(encoded($0))" }).joined(separator: "&")
    }

    static func envelope(_ call: InboundCall) throws(InboundRefusal) -> (sender: String?, recipients: [String]) {
        var sender: String?
        var recipients: [String] = []
        for item in call.query.split(separator: "&", maxSplits: 200) {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Pipes write a form's query: a blank is `+` there, and a plus is `%2B`; addresses have no blanks, so that `+` is itself.
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "mail_from": sender = PercentEncoding.decode(pair[1])
            case "rcpt_to": recipients += pair[1].split(separator: ",").compactMap(PercentEncoding.decode)
            default: break
            }
        }
        guard !recipients.isEmpty, recipients.count <= recipientsLimit else {
            throw .unreadable("rcpt_to must name 1 to \(recipientsLimit) recipients of the envelope")
        }
        return (sender, recipients)
    }

    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~@+".utf8.contains(byte)
            if isPlain {
                bytes.append(byte)
            } else {
                bytes += Array("%\(Hex.lowercase([byte]))".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let secretComplaint: @Sendable (String) -> String? = {
        $0.utf8.count < 16 ? "must have at least 16 characters" : nil
    }
}

/// The setting `Domains` of kind `mail`: `bounce.x.test, reply.x.test`, those whose mail it takes where no reference says whose.
package enum MailDomains {
    static let limit = 20

    static func complaint(_ text: String) -> String? {
        let domains = list(text)
        let isRight =
            (1...limit).contains(domains.count)
            && domains.allSatisfy { domain in
                domain.utf8.count <= 253
                    && domain.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E
                    }
            }
        return isRight ? nil : "must be 1 to \(limit) domains separated by commas, in ASCII"
    }

    /// In lower case.
    package static func list(_ text: String) -> [String] {
        text.lowercased().split { $0 == "," || $0 == " " }.map(String.init)
    }
}
