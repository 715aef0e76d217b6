package import Core
package import HTTPClient

/// Postmark's `/email` (https://postmarkapp.com/developer/api/email-api), which composes the message from its parts. Our reference
/// travels as metadata and comes back in every webhook; its own tracking is switched off.
package struct Postmark: HTTPProvider {
    package static let kind = ProviderKind(
        "postmark",
        channels: ["EMAIL"],
        settings: [.init("MessageStream")],
        secrets: [
            .init("ServerToken", required: true), .init("WebhookUsername"), .init("WebhookPassword"),
            .init("WebhookSecret"),
        ],
        email: { setup, tools in .http(try Postmark(setup), client: tools.client, environment: tools.environment) },
        inbound: { setup, tools in PostmarkInbound(setup, tools) })

    package let name = "postmark"
    private let url: String
    private let token: String
    private let stream: String?
    private let timeout: Duration

    package init(_ setup: ProviderSetup) throws(Fault) {
        url = setup.url(or: "https://api.postmarkapp.com") + "/email"
        token = try setup.required("ServerToken")
        stream = setup.text("MessageStream")
        timeout = setup.timeout ?? .seconds(30)
    }

    package func request(for message: OutgoingEmail, at now: Instant) throws(Refusal) -> ClientRequest {
        let parts = message.parts
        var headers: [JSON] = message.extraHeaders.map { ["Name": .string($0.name), "Value": .string($0.value)] }
        // Without it Postmark writes a Message-ID of its own, and answers to ours would not be found.
        headers.append(["Name": "X-PM-KeepID", "Value": "true"])
        var body: JSONObject = [
            "From": .string(Self.text(parts.from)), "To": .string(Self.text(parts.to)),
            "Subject": .string(String(decoding: parts.subject, as: UTF8.self)),
            "Headers": .array(headers), "TrackOpens": false, "TrackLinks": "None",
            "Metadata": .object([PostmarkInbound.metadata: .string(message.token)]),
        ]
        body["HtmlBody"] = parts.html.map { .string(String(decoding: $0, as: UTF8.self)) }
        body["TextBody"] = parts.text.map { .string(String(decoding: $0, as: UTF8.self)) }
        body["MessageStream"] = stream.map { .string($0) }
        if !parts.replyTo.isEmpty { body["ReplyTo"] = .string(parts.replyTo.map(Self.text).joined(separator: ", ")) }
        return ClientRequest(
            method: "POST", url: url,
            headers: [
                ("X-Postmark-Server-Token", token), ("Content-Type", "application/json"),
                ("Accept", "application/json"),
            ],
            body: JSON.object(body).serialized, totalTimeout: timeout)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingEmail, at now: Instant) -> SendOutcome {
        let answer = try? JSON.parse(response.body)
        let code = answer?["ErrorCode"]?.int
        let words = answer?["Message"]?.string ?? String(decoding: response.body.prefix(512), as: UTF8.self)
        let detail = SendOutcome.detail("\(response.status) \(code.map { "\($0) " } ?? "")\(words)")
        if response.status == 200, code == 0 {
            let id = answer?["MessageID"]?.string ?? ""
            return .accepted(providerReference: String(decoding: id.utf8.prefix(255), as: UTF8.self))
        }
        guard response.status == 422 || response.status == 200 else {
            return SendOutcome(
                status: response.status, retryAfter: response.retryAfter(at: now), detail: detail)
        }
        // https://postmarkapp.com/developer/api/overview#error-codes
        switch code {
        case 300:
            let isAddress = words.contains("'To'")
            return .rejected(isAddress ? .address : .content, detail: detail, isAddressDead: isAddress)
        // Bounced, complained or unsubscribed before: Postmark keeps the address off.
        case 406: return .rejected(.address, detail: detail, isAddressDead: true)
        case 10: return .notSent(.authentication, detail: detail)
        case 100: return .retry(after: .zero, isThrottle: false, detail: detail)
        case 400, 401, 405, 412, 413: return .rejected(.configuration, detail: detail, isAddressDead: false)
        case _: return .rejected(.content, detail: detail, isAddressDead: false)
        }
    }

    /// `"Shop, Inc." <shop@example.com>`
    private static func text(_ mailbox: EmailMailbox) -> String {
        guard let name = mailbox.name, !name.isEmpty else { return mailbox.address.rawValue }
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(quoted)\" <\(mailbox.address.rawValue)>"
    }
}
