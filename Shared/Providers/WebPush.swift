import Core
import Crypto
import HTTPClient
import Model

/// Web Push (RFC 8030) to whichever service a browser subscribed with, encrypted for the browser (RFC 8291) and signed as ours
/// (VAPID, RFC 8292).
///
/// The endpoint's Address is the subscription as `JSON.stringify(subscription)` gives it. `PrivateKey` is the key whose public
/// half pages pass as `applicationServerKey`.
struct WebPush: HTTPProvider {
    static let kind = ProviderKind(
        "webpush", channels: ["PUSH"],
        settings: [
            .init(
                "Subject", required: true, check: { VAPID.isSubject($0) ? nil : "must be a mailto: or https: address" }),
            .init("PublicKey"),
        ],
        secrets: [
            .init(
                "PrivateKey", required: true,
                check: { VAPID.key($0) == nil ? "must be a key of P-256: PEM or 32 bytes in base64url" : nil })
        ],
        push: { setup, tools in
            sparing(
                .http(
                    try WebPush(setup), client: tools.client, environment: tools.environment,
                    timeout: setup.timeout ?? patience))
        })

    /// What services keep a message for at most; RFC 8030 leaves it to them, and a longer wish is cut by them.
    private static let fourWeeks = 2_419_200

    /// Subscriptions come from anybody's browser, and a stranger's server must not hold a window for long.
    private static let patience: Duration = .seconds(10)
    /// The services of the browsers there are. What these say of our credentials, and that they cannot be reached, is about the channel.
    private static let services = [
        "fcm.googleapis.com", ".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com",
    ]

    let name: String
    private let vapid: VAPID
    /// By origin of the service.
    private let accepted = AcceptedBefore()

    init(_ setup: ProviderSetup) throws {
        name = setup.provider.name
        guard let key = VAPID.key(try setup.required("PrivateKey")) else {
            throw Fault(.configuration, "PrivateKey must be a key of P-256: PEM or 32 bytes in base64url")
        }
        vapid = try VAPID(key: key, subject: setup.required("Subject"))
        if let given = setup.text("PublicKey"), WebPushSubscription.bytes(given) != key.publicPoint {
            throw Fault(.configuration, "PublicKey is not PrivateKey's other half")
        }
    }

    func request(for message: OutgoingPush, at now: Instant) throws(Refusal) -> ClientRequest {
        let subscription: WebPushSubscription
        do throws(Fault) {
            subscription = try WebPushSubscription(message.address)
        } catch {
            throw Refusal(.address, "the address is no push subscription: \(error)", isAddressDead: true)
        }
        let body: [UInt8]
        do throws(Fault) {
            body = try subscription.encryption.seal(message.payload)
        } catch  where error.code == .invalid && message.payload.count <= WebPushEncryption.plaintextLimitBytes {
            throw Refusal(.address, "the subscription's key is no key", isAddressDead: true)
        } catch {
            throw Refusal(.content, error.description)
        }
        var headers: [(name: String, value: String)] = [
            ("ttl", String(max(0, message.timeToLive ?? Self.fourWeeks))), ("content-encoding", "aes128gcm"),
            ("content-type", "application/octet-stream"),
            ("authorization", try vapid.authorization(for: subscription.origin, at: now)),
        ]
        if let priority = message.priority { headers.append(("urgency", priority)) }
        if let key = message.collapseKey { headers.append(("topic", Self.topic(key))) }
        return ClientRequest(method: "POST", url: subscription.endpoint, headers: headers, body: body)
    }

    /// At most 32 characters of base64url (RFC 8030 §5.4): another key becomes one.
    private static func topic(_ key: String) -> String {
        let isTopic =
            (1...32).contains(key.utf8.count)
            && key.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D || byte == 0x5F
            }
        return isTopic ? key : String(Base64URL.encode(SHA256.hash(Array(key.utf8))).prefix(32))
    }

    private static func isService(_ message: OutgoingPush) -> Bool {
        guard let origin = (try? WebPushSubscription(message.address))?.origin else { return false }
        return services.contains { $0.hasPrefix(".") ? origin.hasSuffix($0) : origin == "https://\($0)" }
    }

    /// A stranger's server that is out of reach concerns its own messages only: it must not rest the channel for everybody.
    private static func sparing(_ provider: Provider<OutgoingPush>) -> Provider<OutgoingPush> {
        Provider(name: provider.name) { messages, startBefore in
            let outcomes = await provider.deliver(messages, startBefore: startBefore)
            return zip(messages, outcomes).map { message, outcome in
                guard case .notSent(.connection, let detail) = outcome, !isService(message) else { return outcome }
                return .retry(after: .zero, isThrottle: false, detail: detail)
            }
        }
    }

    func outcome(of response: ClientResponse, to message: OutgoingPush, at now: Instant) -> SendOutcome {
        // Mozilla says why in numbers: 105 and 106 gone, 109 bad authorization.
        let number = (try? JSON.parse(response.body))?["errno"]?.int.map { " errno \($0)" } ?? ""
        let detail = "\(response.status)\(number)"
        let origin = (try? WebPushSubscription(message.address))?.origin ?? ""
        switch response.status {
        case 200, 201, 202:
            accepted.note(origin)
            return .accepted(providerReference: "")
        case 404, 410: return .rejected(.address, detail: detail, isAddressDead: true)
        case 403 where accepted.contains(origin):
            // The service knows our key: the browser subscribed for another one.
            return .rejected(.address, detail: detail, isAddressDead: true)
        case 401 where !Self.isService(message), 403 where !Self.isService(message):
            return .rejected(.configuration, detail: detail, isAddressDead: false)
        case _:
            return SendOutcome(
                status: response.status, retryAfter: response.retryAfter(at: now),
                detail: String(number.dropFirst()))
        }
    }
}
