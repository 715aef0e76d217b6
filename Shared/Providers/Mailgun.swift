package import Core
package import HTTPClient

/// Mailgun's `messages.mime` (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages): the message as it was
/// composed. Our reference travels as the variable `reference` and comes back in every webhook; its own tracking is switched off.
package struct Mailgun: HTTPProvider {
    package static let kind = ProviderKind(
        "mailgun",
        channels: ["EMAIL"],
        settings: [
            .init("Domain", required: true, check: { isDomain($0) ? nil : "must be a domain" }),
            .init("Region", check: { ["us", "eu"].contains($0.lowercased()) ? nil : "must be us or eu" }),
        ],
        secrets: [.init("ApiKey", required: true), .init("WebhookSigningKey")],
        email: { setup, tools in .http(try Mailgun(setup), client: tools.client, environment: tools.environment) },
        inbound: { setup, tools in MailgunInbound(setup, tools) })

    package let name = "mailgun"
    private let url: String
    private let authorization: String
    private let timeout: Duration

    package init(_ setup: ProviderSetup) throws(Fault) {
        let domain = try setup.required("Domain")
        // It becomes a part of the path.
        guard Self.isDomain(domain) else { throw Fault(.configuration, "Domain must be a domain") }
        let host = setup.text("Region")?.lowercased() == "eu" ? "api.eu.mailgun.net" : "api.mailgun.net"
        url = "\(setup.url(or: "https://\(host)"))/v3/\(domain)/messages.mime"
        authorization = BasicAuthorization.header("api", try setup.required("ApiKey"))
        timeout = setup.timeout ?? .seconds(30)
    }

    package func request(for message: OutgoingEmail, at now: Instant) throws(Refusal) -> ClientRequest {
        // Nobody can write our token into a message's line behind it.
        let boundary = "nt-\(message.token)"
        var body: [UInt8] = []
        body.reserveCapacity(message.content.count + 1024)
        for (name, value) in [
            ("to", message.recipient.rawValue), ("o:tracking", "no"), ("o:tracking-clicks", "no"),
            ("o:tracking-opens", "no"), ("v:\(MailgunInbound.variable)", message.token),
        ] {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
        }
        body +=
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.mime\"\r\nContent-Type: message/rfc822\r\n\r\n"
            .utf8
        body += message.content
        body += "\r\n--\(boundary)--\r\n".utf8
        return ClientRequest(
            method: "POST", url: url,
            headers: [
                ("Authorization", authorization), ("Content-Type", "multipart/form-data; boundary=\(boundary)"),
            ],
            body: body, totalTimeout: timeout)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingEmail, at now: Instant) -> SendOutcome {
        let answer = try? JSON.parse(response.body)
        let words = answer?["message"]?.string ?? String(decoding: response.body.prefix(512), as: UTF8.self)
        let detail = SendOutcome.detail("\(response.status) \(words)")
        switch response.status {
        case 200:
            // A wrong address answers 200 "Mailgun Magnificent API" and takes nothing.
            guard let id = answer?["id"]?.string else {
                return .rejected(.configuration, detail: detail, isAddressDead: false)
            }
            let bare = id.hasPrefix("<") && id.hasSuffix(">") ? String(id.dropFirst().dropLast()) : id
            return .accepted(providerReference: String(decoding: bare.utf8.prefix(255), as: UTF8.self))
        case 400:
            let lowered = words.lowercased()
            let isAddress = lowered.contains("'to' parameter is not a valid address")
            return .rejected(isAddress ? .address : .content, detail: detail, isAddressDead: isAddress)
        case 402, 404: return .rejected(.configuration, detail: detail, isAddressDead: false)
        case let status:
            return SendOutcome(status: status, retryAfter: response.retryAfter(at: now), detail: words)
        }
    }

    private static func isDomain(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: true
                case _: false
                }
            } && !text.contains("..") && !text.hasPrefix(".")
    }
}
