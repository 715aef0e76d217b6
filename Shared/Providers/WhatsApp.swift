package import Core
package import HTTPClient

/// WhatsApp's Cloud API (https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages): an approved template, or free text,
/// which it takes within 24 hours of a person's own message only. What it posts back is read in `WhatsApp+Inbound.swift`.
package struct WhatsApp: HTTPProvider {
    static let kind = ProviderKind(
        "whatsapp",
        channels: ["SMS"],
        settings: [
            .init("PhoneNumberId", required: true, check: { isDigits($0) ? nil : "must be the number's id, digits" }),
            .init("Version", check: { $0.hasPrefix("v") ? nil : "must be a version of the Graph API such as v21.0" }),
        ],
        // AppSecret signs what comes in; VerifyToken is of the operator's choice and is asked for once, when the webhook is set up.
        secrets: [.init("AccessToken", required: true), .init("AppSecret"), .init("VerifyToken")],
        sms: { setup, tools in
            .http(try WhatsApp(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        },
        inbound: { setup, _ in try WhatsAppInbound(setup) })

    static let standardVersion = "v21.0"
    private static let bodyCharacters = 4096

    package let name = "whatsapp"
    private let url: String
    private let authorization: String

    package init(_ setup: ProviderSetup) throws(Fault) {
        let number = try setup.required("PhoneNumberId")
        guard Self.isDigits(number) else { throw Fault(.configuration, "PhoneNumberId must be digits") }
        let version = setup.text("Version") ?? Self.standardVersion
        url = "\(setup.url(or: "https://graph.facebook.com"))/\(version)/\(number)/messages"
        authorization = "Bearer \(try setup.required("AccessToken"))"
    }

    package func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        var body: JSONObject = [
            "messaging_product": "whatsapp", "recipient_type": "individual",
            "to": .string(message.to.hasPrefix("+") ? String(message.to.dropFirst()) : message.to),
            "biz_opaque_callback_data": .string(message.token),
        ]
        if let template = message.whatsApp {
            body["type"] = "template"
            body["template"] = template.json
        } else if let picture = message.mediaURLs.first {
            guard message.mediaURLs.count == 1 else {
                throw Refusal(.content, "whatsapp: a message has one picture; got \(message.mediaURLs.count)")
            }
            body["type"] = "image"
            var image: JSONObject = ["link": .string(picture)]
            if !message.body.isEmpty { image["caption"] = .string(message.body) }
            body["image"] = .object(image)
        } else {
            guard (1...Self.bodyCharacters).contains(message.body.unicodeScalars.count) else {
                throw Refusal(.content, "whatsapp: a text has 1 to \(Self.bodyCharacters) characters")
            }
            body["type"] = "text"
            body["text"] = ["body": .string(message.body), "preview_url": .bool(message.body.contains("https://"))]
        }
        return ClientRequest(
            method: "POST", url: url,
            headers: [("Authorization", authorization), ("Content-Type", "application/json")],
            body: JSON.object(body).serialized)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingSMS, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        if response.status == 200 {
            guard let id = body?["messages"]?.array?.first?["id"]?.string else {
                return .unknown(detail: "200 without a message's id")
            }
            return .accepted(providerReference: String(decoding: id.utf8.prefix(255), as: UTF8.self))
        }
        let error = body?["error"]
        let retryAfter = response.retryAfter(at: now)
        let words = error?["error_data"]?["details"]?.string ?? error?["message"]?.string ?? ""
        let detail = "\(response.status) \(error?["code"]?.int ?? 0) \(words)"
        guard let code = error?["code"]?.int, let verdict = Self.verdict(code) else {
            return SendOutcome(status: response.status, retryAfter: retryAfter, detail: detail)
        }
        return SendOutcome(verdict, retryAfter: retryAfter, detail: detail)
    }

    /// Errors are told apart by `code` alone (https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes); 200–299 are
    /// permissions of the token.
    static func verdict(_ code: Int) -> SMSReplyTable.Verdict? {
        (200..<300).contains(code) ? .init(.auth) : SMSReplyTable.standard.verdict("whatsapp", String(code))
    }

    private static func isDigits(_ text: String) -> Bool {
        (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension WhatsAppTemplate {
    fileprivate var json: JSON {
        var components: [JSON] = []
        switch header {
        case .text(let text): components.append(["type": "header", "parameters": [Self.parameter(text)]])
        case .image(let url):
            components.append(
                ["type": "header", "parameters": [["type": "image", "image": ["link": .string(url)]]]])
        case nil: break
        }
        if !parameters.isEmpty {
            components.append(["type": "body", "parameters": .array(parameters.map(Self.parameter))])
        }
        for (index, button) in buttons.enumerated() where !button.isEmpty {
            components.append([
                "type": "button", "sub_type": "url", "index": .string(String(index)),
                "parameters": [Self.parameter(button)],
            ])
        }
        var template: JSONObject = ["name": .string(name), "language": ["code": .string(language)]]
        if !components.isEmpty { template["components"] = .array(components) }
        return .object(template)
    }

    private static func parameter(_ text: String) -> JSON { ["type": "text", "text": .string(text)] }
}
