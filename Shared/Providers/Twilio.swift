package import Core
package import HTTPClient
import Model

/// Twilio's Messages API: texts, pictures, and WhatsApp by addresses `whatsapp:+…`
/// (https://www.twilio.com/docs/messaging/api/message-resource). What it posts back is read in `Twilio+Inbound.swift`.
package struct Twilio: HTTPProvider {
    static let kind = ProviderKind(
        "twilio",
        channels: ["SMS"],
        settings: [
            .init("AccountSid", required: true, check: { Self.sid($0, "AC") }),
            .init("MessagingServiceSid", check: { Self.sid($0, "MG") }),
            .init("From"),
            .init("ApiKeySid", check: { Self.sid($0, "SK") }),
            .init("ValidityPeriod", check: { Self.seconds($0) }),
            .init("SharedKeyId"),
        ],
        secrets: [.init("AuthToken", required: true), .init("ApiKeySecret"), .init("SharedKey")],
        sms: { setup, tools in
            .http(try Twilio(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        },
        inbound: { setup, _ in try TwilioInbound(setup) })

    /// Pictures of one message.
    private static let mediaLimit = 10
    private static let longestValiditySeconds = 36_000

    package let name = "twilio"
    private let url: String
    private let authorization: String
    private let service: String?
    private let from: String?
    private let validity: String?
    /// Where fates are reported; nil where Twilio could not reach us.
    private let receipts: String?

    package init(_ setup: ProviderSetup) throws(Fault) {
        let account = try setup.required("AccountSid")
        url = "\(setup.url(or: "https://api.twilio.com"))/2010-04-01/Accounts/\(account)/Messages.json"
        if let key = setup.text("ApiKeySid") {
            authorization = BasicAuthorization.header(key, try setup.required("ApiKeySecret"))
        } else {
            authorization = BasicAuthorization.header(account, try setup.required("AuthToken"))
        }
        service = setup.text("MessagingServiceSid")
        from = setup.text("From")
        validity = setup.text("ValidityPeriod")
        // Twilio refuses a whole message for a callback that it cannot reach (error 21609).
        receipts = setup.isReachable ? setup.inboundURL("receipts") : nil
    }

    package func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        var form = FormFields([("To", message.to)])
        if let sender = message.from ?? (service == nil ? from : nil) {
            form.append("From", sender)
        } else if service == nil {
            throw Refusal(
                .configuration, "twilio: no sender; give From, MessagingServiceSid or a sender of the channel")
        }
        // With both, the service's features hold and the sender is ours.
        form.append("MessagingServiceSid", service)
        if !message.body.isEmpty { form.append("Body", message.body) }
        guard message.mediaURLs.count <= Self.mediaLimit else {
            throw Refusal(.content, "twilio: at most \(Self.mediaLimit) pictures; got \(message.mediaURLs.count)")
        }
        for media in message.mediaURLs { form.append("MediaUrl", media) }
        form.append("ValidityPeriod", validity)
        form.append("StatusCallback", receipts.map { "\($0)?\(SMSReceiptTags(message).fields.encoded)" })
        return ClientRequest(
            method: "POST", url: url,
            headers: [("Authorization", authorization), FormFields.contentType, ("Accept", "application/json")],
            body: form.body)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingSMS, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        let retryAfter = response.retryAfter(at: now)
        if (200..<300).contains(response.status) {
            // Twilio names every message that it takes. An answer without a name is from somebody else in between.
            guard let sid = body?["sid"]?.string else { return .unknown(detail: "\(response.status) without a sid") }
            return .accepted(providerReference: sid)
        }
        let text = "\(body?["code"]?.int ?? 0) \(body?["message"]?.string ?? "")"
        if let code = body?["code"]?.int, let verdict = SMSReplyTable.standard.verdict("twilio", String(code)) {
            return SendOutcome(verdict, retryAfter: retryAfter, detail: "\(response.status) \(text)")
        }
        return SendOutcome(status: response.status, retryAfter: retryAfter, detail: text)
    }

    // MARK: Fields

    private static func sid(_ text: String, _ prefix: String) -> String? {
        let isRight =
            text.hasPrefix(prefix) && text.utf8.count == 34
            && text.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isRight ? nil : "must be \(prefix) and 32 hexadecimal digits"
    }

    private static func seconds(_ text: String) -> String? {
        let isRight = Int(text).map { (1...longestValiditySeconds).contains($0) } ?? false
        return isRight ? nil : "must be seconds from 1 to \(longestValiditySeconds)"
    }
}
