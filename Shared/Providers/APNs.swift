import Core
import Crypto
import HTTPClient
import Model

/// Apple Push Notification service
/// (https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns).
///
/// One HTTP/2 stream per message. `apns-id` is ours, the same on every attempt; Apple repeats it and does not recognise it.
struct APNs: HTTPProvider {
    static let kind = ProviderKind(
        "apns", channels: ["APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX"],
        settings: [
            .init("BundleId"), .init("TeamId"), .init("TokenKeyId"),
            .init(
                "DefaultAuthenticationMethod", check: { method(of: $0) == nil ? "must be TOKEN or CERTIFICATE" : nil }),
        ],
        secrets: [.init("TokenKey"), .init("Certificate"), .init("PrivateKey"), .init("CertificatePassword")],
        push: { setup, tools in
            .http(try APNs(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        })

    enum Method {
        case token
        case certificate
    }

    private enum Credentials {
        case token(APNsToken)
        case certificate(ClientIdentity)
    }

    let name: String
    private let base: String
    private let topic: String?
    private let isVoip: Bool
    private let credentials: Credentials
    private let accepted = AcceptedBefore()

    init(_ setup: ProviderSetup) throws {
        name = setup.provider.name
        let isSandbox = setup.channelType.hasSuffix("SANDBOX")
        base = setup.url(or: isSandbox ? "https://api.sandbox.push.apple.com" : "https://api.push.apple.com")
        isVoip = setup.channelType.contains("VOIP")
        topic = setup.text("BundleId")
        let method = setup.text("DefaultAuthenticationMethod").flatMap(Self.method)
        switch method ?? (setup.text("TokenKey") == nil ? .certificate : .token) {
        case .token:
            // A certificate names its app; a token does not.
            _ = try setup.required("BundleId")
            credentials = try .token(
                APNsToken(
                    team: setup.required("TeamId"), keyID: setup.required("TokenKeyId"),
                    key: PrivateKey(pem: setup.required("TokenKey"))))
        case .certificate:
            let certificate = try ClientCertificate(
                certificate: setup.required("Certificate"), privateKey: setup.text("PrivateKey"),
                password: setup.text("CertificatePassword"))
            credentials = .certificate(
                ClientIdentity(certificates: certificate.certificates, privateKey: certificate.privateKey))
        }
    }

    /// As Pinpoint's documentation and console write it.
    private static func method(of text: String) -> Method? {
        switch text.uppercased() {
        case "TOKEN", "KEY": .token
        case "CERTIFICATE": .certificate
        case _: nil
        }
    }

    // MARK: Requests

    func request(for message: OutgoingPush, at now: Instant) throws(Refusal) -> ClientRequest {
        // Tokens have 64 digits, live activities' up to 200; Apple asks not to assume a length.
        guard (1...512).contains(message.address.utf8.count), message.address.utf8.allSatisfy(Self.isHexDigit) else {
            throw Refusal(.address, "the device token is not hexadecimal", isAddressDead: true)
        }
        let type = message.pushType ?? (isVoip ? "voip" : "alert")
        var headers = [
            (name: "apns-push-type", value: type), (name: "apns-id", value: Self.identifier(of: message.token)),
        ]
        if let topic { headers.append(("apns-topic", Self.topic(topic, of: type))) }
        if let priority = priority(of: message, type) { headers.append(("apns-priority", priority)) }
        if let seconds = message.timeToLive {
            headers.append(("apns-expiration", seconds <= 0 ? "0" : String(now.seconds + Int64(seconds))))
        }
        if let key = message.collapseKey {
            guard key.utf8.count <= 64 else { throw Refusal(.content, "CollapseId has more than 64 bytes") }
            headers.append(("apns-collapse-id", key))
        }
        var request = ClientRequest(
            method: "POST", url: "\(base)/3/device/\(message.address)", headers: headers, body: message.payload)
        switch credentials {
        case .token(let token): request.headers.append(("authorization", "bearer \(try token.current(at: now))"))
        case .certificate(let identity): request.identity = identity
        }
        return request
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    /// Silent notifications must not claim to be urgent.
    private func priority(of message: OutgoingPush, _ type: String) -> String? {
        if type == "background" { return "5" }
        return message.priority.map { $0 == "normal" ? "5" : "10" }
    }

    private static let suffixes = [
        "voip": ".voip", "complication": ".complication", "fileprovider": ".pushkit.fileprovider",
        "location": ".location-query", "liveactivity": ".push-type.liveactivity",
    ]

    private static func topic(_ bundle: String, of type: String) -> String {
        guard let suffix = suffixes[type], !bundle.hasSuffix(suffix) else { return bundle }
        return bundle + suffix
    }

    /// A UUID (RFC 9562 §5.8) that is the same for the same send.
    private static func identifier(of token: String) -> String {
        var bytes = Array(SHA256.hash(Array(token.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Array(Hex.lowercase(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }

    // MARK: Answers

    func again(
        _ request: ClientRequest, after response: ClientResponse, for message: OutgoingPush,
        with client: OutboundClient, at now: Instant
    ) async throws(Refusal) -> ClientRequest? {
        guard response.status == 403, case .token(let token) = credentials,
            Self.reason(of: response).word == "ExpiredProviderToken",
            let place = request.headers.firstIndex(where: { $0.name == "authorization" })
        else { return nil }
        var again = request
        let fresh = try token.current(
            insteadOf: String(request.headers[place].value.dropFirst("bearer ".count)), at: now)
        again.headers[place].value = "bearer \(fresh)"
        return again
    }

    func outcome(of response: ClientResponse, to message: OutgoingPush, at now: Instant) -> SendOutcome {
        let (word, timestamp) = Self.reason(of: response)
        let detail = "\(response.status) \(word)"
        switch (response.status, word) {
        case (200, _):
            accepted.note()
            return .accepted(providerReference: response.header("apns-id") ?? "")
        case (410, _):
            // A token that came back after Apple had seen it dead is alive: the app was installed again.
            let isOlder = message.addressSince.flatMap { since in timestamp.map { $0 < since } } ?? false
            return .rejected(.address, detail: detail, isAddressDead: !isOlder)
        case (_, "BadDeviceToken"), (_, "MissingDeviceToken"):
            return .rejected(.address, detail: detail, isAddressDead: true)
        case (_, "DeviceTokenNotForTopic"):
            return .rejected(.address, detail: detail, isAddressDead: accepted.contains())
        case (_, "BadTopic"), (_, "MissingTopic"), (_, "TopicDisallowed"):
            return .rejected(.configuration, detail: detail, isAddressDead: false)
        case (_, "IdleTimeout"):
            return .retry(after: .zero, isThrottle: false, detail: detail)
        case (403, _): return .notSent(.authentication, detail: detail)
        case (429, _):
            // Of one device, or of our tokens: a minute helps both.
            return .retry(after: response.retryAfter(at: now) ?? .seconds(60), isThrottle: true, detail: detail)
        case _: return SendOutcome(status: response.status, retryAfter: response.retryAfter(at: now), detail: word)
        }
    }

    /// `{"reason": …, "timestamp": …}`: the word, at most 64 characters, and the milliseconds.
    private static func reason(of response: ClientResponse) -> (word: String, timestamp: Instant?) {
        guard response.status != 200, let body = try? JSON.parse(response.body) else { return ("", nil) }
        return (
            String((body["reason"]?.string ?? "").prefix(64)),
            body["timestamp"]?.int.map { Instant(milliseconds: Int64($0)) }
        )
    }
}
