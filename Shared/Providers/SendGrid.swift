package import Core
package import HTTPClient
import Model

/// SendGrid v3 Mail Send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send), which composes the message from its
/// parts. Our reference travels as a custom argument and comes back in every event; its own tracking is switched off.
package struct SendGrid: HTTPProvider {
    package static let kind = ProviderKind(
        "sendgrid",
        channels: ["EMAIL"],
        settings: [
            .init("Sandbox", check: { ["true", "false"].contains($0) ? nil : "must be true or false" }),
            .init("WebhookPublicKey", check: { SendGridInbound.complaint(key: $0) }),
        ],
        secrets: [.init("ApiKey", required: true), .init("InboundUsername"), .init("InboundPassword")],
        email: { setup, tools in .http(try SendGrid(setup), client: tools.client, environment: tools.environment) },
        inbound: { setup, tools in try SendGridInbound(setup, tools) })

    package let name = "sendgrid"
    private let url: String
    private let key: String
    private let isSandbox: Bool
    private let timeout: Duration

    package init(_ setup: ProviderSetup) throws(Fault) {
        url = setup.url(or: "https://api.sendgrid.com") + "/v3/mail/send"
        key = try setup.required("ApiKey")
        timeout = setup.timeout ?? .seconds(30)
        isSandbox = setup.provider.settings["Sandbox"]?.bool ?? (setup.text("Sandbox") == "true")
    }

    package func request(for message: OutgoingEmail, at now: Instant) throws(Refusal) -> ClientRequest {
        let parts = message.parts
        // Plain text must come first, and no value may be empty.
        let content: [JSON] = [("text/plain", parts.text), ("text/html", parts.html)].compactMap { type, bytes in
            guard let bytes, !bytes.isEmpty else { return nil }
            return ["type": .string(type), "value": .string(String(decoding: bytes, as: UTF8.self))]
        }
        guard !content.isEmpty else { throw Refusal(.content, "the message is empty") }
        var headers: JSONObject = [:]
        for (name, value) in message.extraHeaders { headers[name] = .string(value) }
        var body: JSONObject = [
            "personalizations": [
                [
                    "to": [Self.mailbox(parts.to)],
                    "custom_args": .object([(SendGridInbound.argument): .string(message.token)]),
                ]
            ],
            "from": Self.mailbox(parts.from),
            "subject": .string(String(decoding: parts.subject, as: UTF8.self)),
            "content": .array(content),
            "headers": .object(headers),
            "tracking_settings": [
                "click_tracking": ["enable": false, "enable_text": false], "open_tracking": ["enable": false],
                "subscription_tracking": ["enable": false],
            ],
        ]
        if !parts.replyTo.isEmpty { body["reply_to_list"] = .array(parts.replyTo.map(Self.mailbox)) }
        if isSandbox { body["mail_settings"] = ["sandbox_mode": ["enable": true]] }
        return ClientRequest(
            method: "POST", url: url,
            headers: [("Authorization", "Bearer \(key)"), ("Content-Type", "application/json")],
            body: JSON.object(body).serialized, totalTimeout: timeout)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingEmail, at now: Instant) -> SendOutcome {
        // 200 is the sandbox's answer.
        if response.status == 202 || response.status == 200 {
            let id = response.header("X-Message-Id") ?? ""
            return .accepted(providerReference: String(decoding: id.utf8.prefix(255), as: UTF8.self))
        }
        let errors = (try? JSON.parse(response.body))?["errors"]?.array ?? []
        let words = errors.compactMap { $0["message"]?.string }.joined(separator: "; ")
        let detail = SendOutcome.detail("\(response.status) \(words)")
        switch response.status {
        case 400:
            let isAddress = errors.contains { error in
                let field = error["field"]?.string ?? ""
                return field.hasSuffix("email") && field.split(separator: ".").contains("to")
            }
            if errors.contains(where: { $0["field"]?.string?.hasPrefix("from") == true }) {
                return .rejected(.configuration, detail: detail, isAddressDead: false)
            }
            return .rejected(isAddress ? .address : .content, detail: detail, isAddressDead: isAddress)
        case 429:
            return .retry(
                after: response.retryAfter(at: now) ?? Self.reset(response, now) ?? .seconds(1), isThrottle: true,
                detail: detail)
        case let status:
            return SendOutcome(status: status, retryAfter: response.retryAfter(at: now), detail: words)
        }
    }

    /// `X-RateLimit-Reset`: when the window ends, in seconds since 1970; a minute is the longest window there is.
    private static func reset(_ response: ClientResponse, _ now: Instant) -> Duration? {
        guard let text = response.header("X-RateLimit-Reset"), let second = Int64(text) else { return nil }
        return .seconds(min(max(second - now.seconds, 1), 60))
    }

    private static func mailbox(_ mailbox: EmailMailbox) -> JSON {
        var object: JSONObject = ["email": .string(mailbox.address.rawValue)]
        if let name = mailbox.name { object["name"] = .string(name) }
        return .object(object)
    }
}
