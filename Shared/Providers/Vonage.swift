package import Core
import Crypto
package import HTTPClient

/// Vonage, by the setting `Api`: its SMS API (`sms`, https://developer.vonage.com/en/api/sms) or its Messages API, version 1
/// (`messages`, https://developer.vonage.com/en/api/messages). What it posts back is read in `Vonage+Inbound.swift`.
package struct Vonage: HTTPProvider {
    static let kind = ProviderKind(
        "vonage",
        channels: ["SMS"],
        settings: [
            .init("Api", check: { ["sms", "messages"].contains($0) ? nil : "must be sms or messages" }),
            .init("ApiKey", required: true), .init("From"), .init("ApplicationId"),
            .init(
                "Ttl",
                check: {
                    Int($0).map { (20...604_800).contains($0) } == true ? nil : "must be seconds from 20 to 604800"
                }),
            .init("SignatureMethod", check: { VonageSignature(rawValue: $0) == nil ? VonageSignature.complaint : nil }),
        ],
        // One of ApiSecret, PrivateKey and SignatureSecret sends; without SignatureSecret nothing that comes in is believed.
        secrets: [.init("ApiSecret"), .init("PrivateKey"), .init("SignatureSecret")],
        sms: { setup, tools in
            .http(try Vonage(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        },
        inbound: { setup, _ in VonageInbound(setup) })

    package let name = "vonage"
    private let api: any VonageAPI

    package init(_ setup: ProviderSetup) throws(Fault) {
        api = setup.text("Api") == "messages" ? try VonageMessages(setup) : try VonageSMS(setup)
    }

    package func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        try api.request(for: message, at: now)
    }

    package func outcome(of response: ClientResponse, to message: OutgoingSMS, at now: Instant) -> SendOutcome {
        api.outcome(of: response, at: now)
    }

    /// Both of Vonage's APIs take numbers without `+`; names of senders stay as they are.
    static func number(_ address: String) -> String { address.hasPrefix("+") ? String(address.dropFirst()) : address }
}

/// One of Vonage's two ways to take a text.
protocol VonageAPI: Sendable {
    func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest
    func outcome(of response: ClientResponse, at now: Instant) -> SendOutcome
}

/// The SMS API: a form, and always 200 with a status per part of the text.
struct VonageSMS: VonageAPI {
    private let url: String
    private let key: String
    private let from: String?
    private let ttl: Int?
    private let callback: String?
    private let secret: String?
    private let signature: (method: VonageSignature, secret: [UInt8])?

    init(_ setup: ProviderSetup) throws(Fault) {
        url = "\(setup.url(or: "https://rest.nexmo.com"))/sms/json"
        key = try setup.required("ApiKey")
        from = setup.text("From")
        ttl = setup.text("Ttl").flatMap { Int($0) }
        callback = setup.isReachable ? setup.inboundURL("receipts") : nil
        secret = setup.text("ApiSecret")
        let method = setup.text("SignatureMethod").flatMap { VonageSignature(rawValue: $0) } ?? .sha256
        signature = secret == nil ? (method, Array(try setup.required("SignatureSecret").utf8)) : nil
    }

    func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        guard let from = message.from ?? from else {
            throw Refusal(.configuration, "vonage: no sender; give From or a sender of the channel")
        }
        guard message.mediaURLs.isEmpty else {
            throw Refusal(.configuration, "vonage: pictures need the setting Api messages")
        }
        var form = FormFields([
            ("from", Vonage.number(from)), ("to", Vonage.number(message.to)), ("text", message.body),
            ("type", SMSSegments(message.body).encoding == .gsm7 ? "text" : "unicode"), ("client-ref", message.token),
            ("status-report-req", "1"),
        ])
        form.append("ttl", ttl.map { String($0 * 1000) })
        form.append("callback", callback)
        form.append("entity-id", message.entityID)
        form.append("content-id", message.templateID)
        var headers: [(name: String, value: String)] = [FormFields.contentType, ("Accept", "application/json")]
        if let secret {
            headers.append(("Authorization", BasicAuthorization.header(key, secret)))
        } else if let signature {
            form.append("api_key", key)
            form.append("timestamp", String(now.seconds))
            form.append("sig", signature.method.sign(form.items, secret: signature.secret))
        }
        return ClientRequest(method: "POST", url: url, headers: headers, body: form.body)
    }

    /// A text is with Vonage as soon as one of its parts is: sent again, that part would come twice.
    func outcome(of response: ClientResponse, at now: Instant) -> SendOutcome {
        let retryAfter = response.retryAfter(at: now)
        guard response.status == 200 else {
            return SendOutcome(status: response.status, retryAfter: retryAfter, detail: response.words)
        }
        guard let parts = (try? JSON.parse(response.body))?["messages"]?.array, let first = parts.first else {
            return .unknown(detail: "200 without messages")
        }
        if let taken = parts.first(where: { $0["status"]?.string == "0" }) {
            return .accepted(providerReference: taken["message-id"]?.string ?? "")
        }
        let status = first["status"]?.string ?? ""
        let words = first["error-text"]?.string ?? ""
        let isOfAddress = words.split { !$0.isLetter }.contains("to")
        let detail = "status \(status) \(words)"
        let table = SMSReplyTable.standard
        let verdict = (isOfAddress ? table.verdict("vonage", "\(status)/to") : nil) ?? table.verdict("vonage", status)
        guard let verdict else { return ErrorWords.refused(detail) }
        return SendOutcome(verdict, retryAfter: retryAfter, detail: detail)
    }
}

/// What no table names is the message's own fault: trying it again would fail again.
enum ErrorWords {
    static func refused(_ detail: String) -> SendOutcome {
        .rejected(
            .content, detail: String(decoding: detail.utf8.prefix(SendOutcome.detailLimitBytes), as: UTF8.self),
            isAddressDead: false)
    }
}

extension ClientResponse {
    /// The beginning of the body, for a detail.
    var words: String { String(decoding: body.prefix(512), as: UTF8.self) }
}
