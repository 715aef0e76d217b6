import Core
import Crypto
import HTTPServer
package import Model

/// Postmark's webhooks and inbound messages (https://postmarkapp.com/developer/webhooks/webhooks-overview). They are not signed: the
/// address carries credentials (Basic), or Postmark adds the header `X-Needletail-Secret`.
package struct PostmarkInbound: InboundProvider {
    static let metadata = "reference"
    private static let secretHeader = "x-needletail-secret"

    private let credentials: (user: String, password: String)?
    private let secret: String?
    private let references: SendReferences?

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) {
        secret = setup.text("WebhookSecret")
        if let user = setup.text("WebhookUsername"), let password = setup.text("WebhookPassword") {
            credentials = (user, password)
        } else {
            credentials = nil
        }
        references = tools.references
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        if let secret, let given = call.header(Self.secretHeader), constantTimeEquals(given, secret) { return }
        if let credentials, let given = BasicAuthorization.parse(call.header("authorization")),
            constantTimeEquals(given.user, credentials.user), constantTimeEquals(given.password, credentials.password)
        {
            return
        }
        throw .untrusted("neither the secret nor the credentials are right")
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let json: JSON
        do throws(JSONFault) {
            // Attachments come as base64 in it; RFC 8259 sets no bound, we do.
            json = try JSON.parse(call.body, limits: JSONLimits(depth: 16, bytes: 48 << 20, membersPerObject: 1000))
        } catch {
            throw .unreadable("not JSON: \(error)")
        }
        guard let type = json["RecordType"]?.string, type != "Inbound" else {
            return try mail(json, at: call.receivedAt)
        }
        return Self.receipt(type, json).map { [.receipt($0)] } ?? []
    }

    // MARK: Events

    private static func receipt(_ type: String, _ json: JSON) -> Receipt? {
        guard let kind = kind(type, json) else { return nil }
        let time = ["DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt"].lazy.compactMap { json[$0]?.string }.first
        let words = [
            json["Type"]?.string, json["Description"]?.string, json["Details"]?.string,
            json["SuppressionReason"]?.string,
        ]
        let message = json["MessageID"]?.string
        var receipt = Receipt(
            kind, channel: "EMAIL",
            key: json["ID"]?.int.map { "\(type) \($0)" } ?? "\(type) \(message ?? "") \(time ?? "")",
            reference: json["Metadata"]?[metadata]?.string, providerReference: message,
            address: json["Recipient"]?.string ?? json["Email"]?.string, at: time.flatMap { ISO8601.parse($0) },
            detail: SendOutcome.detail(words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")))
        receipt.attributes["link"] = json["OriginalLink"]?.string
        receipt.attributes["user_agent"] = json["UserAgent"]?.string
        receipt.attributes["bounce_type"] = json["Type"]?.string
        return receipt
    }

    private static func kind(_ type: String, _ json: JSON) -> Receipt.Kind? {
        switch type {
        case "Delivery": .delivered
        case "Bounce": bounce(json["Type"]?.string ?? "")
        case "SpamComplaint": .complaint
        case "Open": .open
        case "Click": .click
        case "SubscriptionChange":
            json["SuppressSending"]?.bool == false ? .optIn : suppression(json["SuppressionReason"]?.string ?? "")
        case _: nil
        }
    }

    private static func suppression(_ reason: String) -> Receipt.Kind {
        switch reason {
        case "HardBounce": .hardBounce
        case "SpamComplaint": .complaint
        case _: .optOut
        }
    }

    /// Nil for what says nothing of a message's fate: somebody's out-of-office note, a change of address.
    private static func bounce(_ type: String) -> Receipt.Kind? {
        switch type {
        case "HardBounce", "BadEmailAddress", "ManuallyDeactivated": .hardBounce
        case "Transient", "DnsError": .buffered
        case "Blocked", "DMARCPolicy", "VirusNotification", "SMTPApiError", "TemplateRenderingFailed": .rejected
        case "SpamNotification", "SpamComplaint": .complaint
        case "Unsubscribe", "ManualSuppression": .optOut
        case "AutoResponder", "AddressChange", "ChallengeVerification", "Subscribe", "OpenRelayTest": nil
        case _: .softBounce
        }
    }

    // MARK: Mail

    /// The raw message where "Include raw email content" is on; else one that is put together from what Postmark took apart, so that
    /// there is one reader of mail.
    private func mail(_ json: JSON, at now: Instant) throws(InboundRefusal) -> [InboundEvent] {
        guard let references else { throw .unreadable("this process reads no mail") }
        let headers = json["Headers"]?.array ?? []
        func header(_ name: String) -> String? {
            headers.first { $0["Name"]?.string?.lowercased() == name }?["Value"]?.string
        }
        let returnPath = header("return-path").map { $0.filter { $0 != "<" && $0 != ">" } }
        let recipient = json["OriginalRecipient"]?.string ?? json["ToFull"]?.array?.first?["Email"]?.string
        let raw = json["RawEmail"]?.string.map { Array($0.utf8) } ?? Self.composed(json, headers)
        return InboundMail.events(
            raw: raw, mailFrom: returnPath ?? json["FromFull"]?["Email"]?.string, rcptTo: recipient.map { [$0] } ?? [],
            references: references, at: now)
    }

    private static func composed(_ json: JSON, _ headers: [JSON]) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            // Unfolded, and nothing in it may begin a field of its own.
            let line = value.map { $0.isNewline || $0 == "\0" ? " " : String($0) }.joined()
            bytes += "\(name): \(line)\r\n".utf8
        }
        append("From", json["From"]?.string ?? json["FromFull"]?["Email"]?.string)
        append("To", json["To"]?.string)
        append("Subject", json["Subject"]?.string)
        append("Date", json["Date"]?.string)
        append("Reply-To", json["ReplyTo"]?.string)
        let own: Set<String> = ["from", "to", "subject", "date", "reply-to", "mime-version", "return-path"]
        var hasID = false
        for header in headers {
            guard let name = header["Name"]?.string, !name.isEmpty,
                name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            else { continue }
            let lowered = name.lowercased()
            if own.contains(lowered) || lowered.hasPrefix("content-") { continue }
            hasID = hasID || lowered == "message-id"
            append(name, header["Value"]?.string)
        }
        if !hasID { append("Message-ID", json["MessageID"]?.string.map { "<\($0)@inbound.postmarkapp.com>" }) }
        let text = json["TextBody"]?.string ?? ""
        let isHTML = text.isEmpty
        bytes += "MIME-Version: 1.0\r\nContent-Type: text/\(isHTML ? "html" : "plain"); charset=UTF-8\r\n".utf8
        bytes += "Content-Transfer-Encoding: base64\r\n\r\n".utf8
        Base64.appendLines(Array((isHTML ? json["HtmlBody"]?.string ?? "" : text).utf8), to: &bytes)
        return bytes
    }
}
