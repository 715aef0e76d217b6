import Core
import Crypto
import EventLoop
import HTTPClient

/// The Messages API, version 1: JSON, with a token signed by the application's key, or with key and secret.
struct VonageMessages: VonageAPI {
    private let url: String
    private let from: String?
    private let ttl: Int?
    private let receipts: String?
    private let authorization: VonageAuthorization

    init(_ setup: ProviderSetup) throws(Fault) {
        url = "\(setup.url(or: "https://api.nexmo.com"))/v1/messages"
        from = setup.text("From")
        ttl = setup.text("Ttl").flatMap { Int($0) }
        receipts = setup.isReachable ? setup.inboundURL("receipts") : nil
        authorization = try VonageAuthorization(setup)
    }

    func request(for message: OutgoingSMS, at now: Instant) throws(Refusal) -> ClientRequest {
        guard let from = message.from ?? from else {
            throw Refusal(.configuration, "vonage: no sender; give From or a sender of the channel")
        }
        var body: JSONObject = [
            "to": .string(Vonage.number(message.to)), "from": .string(Vonage.number(from)),
            "client_ref": .string(message.token),
        ]
        switch message.mediaURLs.count {
        case 0:
            body["channel"] = "sms"
            body["message_type"] = "text"
            body["text"] = .string(message.body)
            var sms: JSONObject = ["encoding_type": "auto"]
            sms["entity_id"] = message.entityID.map { .string($0) }
            sms["content_id"] = message.templateID.map { .string($0) }
            body["sms"] = .object(sms)
        case 1:
            body["channel"] = "mms"
            body["message_type"] = "image"
            var image: JSONObject = ["url": .string(message.mediaURLs[0])]
            if !message.body.isEmpty { image["caption"] = .string(message.body) }
            body["image"] = .object(image)
        case let count: throw Refusal(.content, "vonage: a message has one picture; got \(count)")
        }
        body["ttl"] = ttl.map { .integer(Int64($0)) }
        if let receipts {
            body["webhook_url"] = .string(receipts)
            body["webhook_version"] = "v1"
        }
        return ClientRequest(
            method: "POST", url: url,
            headers: [
                ("Authorization", try authorization.header(at: now)), ("Content-Type", "application/json"),
                ("Accept", "application/json"),
            ], body: JSON.object(body).serialized)
    }

    func outcome(of response: ClientResponse, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        if (200..<300).contains(response.status) {
            guard let id = body?["message_uuid"]?.string else {
                return .unknown(detail: "\(response.status) without a name")
            }
            return .accepted(providerReference: id)
        }
        let title = body?["title"]?.string ?? ""
        let fields = (body?["invalid_parameters"]?.array ?? []).prefix(8).compactMap { $0["name"]?.string }
        let detail = "\(response.status) \(title) \(fields.joined(separator: ",")) \(body?["detail"]?.string ?? "")"
        let codes = (fields.contains("to") ? ["\(response.status)/to"] : []) + [title, String(response.status)]
        let retryAfter = response.retryAfter(at: now)
        for code in codes {
            guard let verdict = SMSReplyTable.standard.verdict("vonage-messages", code) else { continue }
            return SendOutcome(verdict, retryAfter: retryAfter, detail: detail)
        }
        return SendOutcome(status: response.status, retryAfter: retryAfter, detail: detail)
    }
}

/// `Authorization` of the Messages API. A token lasts a quarter of an hour and is used for ten minutes: a signature with RSA costs
/// about a millisecond, which is more than all else about a request.
private final class VonageAuthorization: Sendable {
    private static let lifetimeSeconds: Int64 = 900
    private static let useSeconds: Int64 = 600

    private let basic: String?
    private let application: String
    private let key: PrivateKey?
    private let token = Lock<(header: String, signedAt: Instant)?>(nil)

    init(_ setup: ProviderSetup) throws(Fault) {
        guard let pem = setup.text("PrivateKey") else {
            basic = BasicAuthorization.header(try setup.required("ApiKey"), try setup.required("ApiSecret"))
            (application, key) = ("", nil)
            return
        }
        basic = nil
        application = try setup.required("ApplicationId")
        key = try PrivateKey(pem: pem)
    }

    func header(at now: Instant) throws(Refusal) -> String {
        guard let key else { return basic ?? "" }
        if let known = token.withLock({ $0 }), now >= known.signedAt, now < known.signedAt + .seconds(Self.useSeconds) {
            return known.header
        }
        do throws(Fault) {
            // Unique for every second that one key signs in, which is all that Vonage asks of it.
            let id = Hex.lowercase(SHA256.hash(Array("\(application)\(now.microseconds)".utf8)).prefix(16))
            let claims: JSONObject = [
                "application_id": .string(application), "iat": .integer(now.seconds),
                "exp": .integer(now.seconds + Self.lifetimeSeconds), "jti": .string(id),
            ]
            let header = "Bearer \(try JSONWebToken.sign(claims, header: ["typ": "JWT"], with: key))"
            token.withLock { $0 = (header, now) }
            return header
        } catch {
            throw Refusal(.notSent(.authentication, detail: "vonage: \(error)"))
        }
    }
}
