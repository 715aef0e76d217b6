package import Core
package import HTTPClient
import Model

/// A Kannel gateway's `sendsms` (https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html, chapter "SMS push"), and by it
/// every SMPP carrier. The answer has no name for the message: its fate comes to a `dlr-url` of its own (`Kannel+Inbound.swift`).
package struct Kannel: HTTPProvider {
    static let kind = ProviderKind(
        "kannel",
        channels: ["SMS"],
        settings: [
            .init("Username", required: true),
            .init("From"),
            .init("Smsc"),
            .init("Method", check: { ["GET", "POST"].contains($0) ? nil : "must be GET or POST" }),
            .init("ValidityMinutes", check: { Self.minutes($0) }),
            .init("CallbackUrl", check: { URLForm.complaint($0) }),
        ],
        secrets: [.init("Password", required: true), .init("CallbackSecret")],
        sms: { setup, tools in
            .http(try Kannel(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        },
        inbound: { setup, _ in KannelInbound(try KannelCallbacks(setup)) })

    /// Delivered, failed, buffered, accepted and refused by the carrier.
    private static let reports = 31
    private static let longestValidityMinutes = 7 * 24 * 60

    package let name = "kannel"
    private let url: String
    private let username: String
    private let password: String
    private let from: String?
    private let smsc: String?
    private let validity: String?
    private let isGET: Bool
    private let callbacks: KannelCallbacks

    package init(_ setup: ProviderSetup) throws(Fault) {
        _ = try setup.required("Url")
        let base = setup.url(or: "")
        // Operators rename the path; without one it is Kannel's own.
        url = base.split(separator: "/", omittingEmptySubsequences: true).count > 2 ? base : "\(base)/cgi-bin/sendsms"
        username = try setup.required("Username")
        password = try setup.required("Password")
        from = setup.text("From")
        smsc = setup.text("Smsc")
        validity = setup.text("ValidityMinutes")
        isGET = setup.text("Method") == "GET"
        callbacks = try KannelCallbacks(setup)
    }

    package func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        guard message.mediaURLs.isEmpty else { throw Refusal(.content, "kannel: a text has no pictures") }
        // Kannel makes UTF-16BE or GSM 03.38 of it: the alphabet is ours to choose, because a character that GSM lacks would arrive as `?`.
        let coding = SMSSegments(message.body).encoding == .gsm7 ? "0" : "2"
        let fields: [(name: String, value: String?)] = [
            ("Username", username), ("Password", password), ("From", message.from ?? from), ("To", message.to),
            ("Coding", coding), ("SMSC", smsc), ("Validity", validity), ("DLR-Mask", String(Self.reports)),
            ("DLR-Url", callbacks.receiptURL(SMSReceiptTags(message))),
        ]
        var request = isGET ? get(fields, message.body) : post(fields, message.body)
        // A gateway sends twice what it is told twice.
        request.isRepeatable = false
        return request
    }

    /// Credentials and text stay out of the gateway's access log.
    private func post(_ fields: [(name: String, value: String?)], _ body: String) -> ClientRequest {
        let headers = fields.compactMap { field in field.value.map { (name: "X-Kannel-\(field.name)", value: $0) } }
        return ClientRequest(
            method: "POST", url: url, headers: headers + [("Content-Type", "text/plain; charset=UTF-8")],
            body: Array(body.utf8))
    }

    /// For gateways behind something that lets nothing else through.
    private func get(_ fields: [(name: String, value: String?)], _ body: String) -> ClientRequest {
        var query = FormFields(fields.compactMap { field in field.value.map { (field.name.lowercased(), $0) } })
        query.append("charset", "UTF-8")
        query.append("text", body)
        return ClientRequest(method: "GET", url: "\(url)?\(query.encoded)")
    }

    package func outcome(of response: ClientResponse, to message: OutgoingSMS, at now: Instant) -> SendOutcome {
        let text = String(decoding: response.body.prefix(200), as: UTF8.self)
        let detail = "\(response.status) \(text)"
        switch response.status {
        // `0: Accepted for delivery`, `3: Queued for later delivery`: both are the gateway's word for it. Receipts name it by our token.
        case 200..<300: return .accepted(providerReference: message.token)
        case 403 where !text.hasPrefix("Authorization"),
            400..<500 where response.status != 401 && response.status != 403:
            return refusal(text.lowercased(), response, detail, now)
        case _: return SendOutcome(status: response.status, retryAfter: response.retryAfter(at: now), detail: text)
        }
    }

    /// Kannel's refusals have words only (gw/smsbox.c of 1.4.5).
    private func refusal(_ words: String, _ response: ClientResponse, _ detail: String, _ now: Instant) -> SendOutcome {
        func says(_ part: String) -> Bool { words.split(separator: part, omittingEmptySubsequences: false).count > 1 }
        if response.status == 429 {
            return SendOutcome(status: 429, retryAfter: response.retryAfter(at: now), detail: detail)
        }
        if response.status == 404 || says("sender missing") || says("from") && says("missing") {
            return .rejected(.configuration, detail: detail, isAddressDead: false)
        }
        if says("receiver") || says("'to' field") { return .rejected(.address, detail: detail, isAddressDead: true) }
        // A black list of the gateway's own: it may be lifted.
        if says("black-list") { return .rejected(.address, detail: detail, isAddressDead: false) }
        return .rejected(.content, detail: detail, isAddressDead: false)
    }

    private static func minutes(_ text: String) -> String? {
        let isRight = Int(text).map { (1...longestValidityMinutes).contains($0) } ?? false
        return isRight ? nil : "must be minutes from 1 to \(longestValidityMinutes)"
    }
}
