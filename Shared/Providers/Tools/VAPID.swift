import Core
import Crypto
import EventLoop

/// Who we are to push services (RFC 8292): tokens per service, used again for hours, because a signature costs more than the rest.
final class VAPID: Sendable {
    /// The standard allows a day.
    private static let lifetime: Duration = .seconds(12 * 3600)
    /// A token is used until it has this left.
    private static let margin: Duration = .seconds(3600)
    /// Services in use at once; there are a handful in the world.
    private static let capacity = 256

    private struct Made {
        let text: String
        let at: Instant
    }

    private let key: PrivateKey
    private let publicKey: String
    private let subject: String
    private let made = Lock<[String: Made]>([:])

    init(key: PrivateKey, subject: String) throws(Fault) {
        guard Self.isSubject(subject) else {
            throw Fault(.configuration, "Subject must be a mailto: or https: address")
        }
        self.key = key
        publicKey = Base64URL.encode(key.publicPoint)
        self.subject = subject
    }

    /// Whom a service can write to about us.
    static func isSubject(_ text: String) -> Bool {
        (text.hasPrefix("mailto:") || text.hasPrefix("https://")) && text.utf8.count <= 512
    }

    /// PEM, or the 32 bytes in base64url that most tools print. Nil for anything else.
    static func key(_ text: String) -> PrivateKey? {
        let key: PrivateKey?
        if let scalar = WebPushSubscription.bytes(text), scalar.count == 32 {
            key = try? PrivateKey(p256Scalar: scalar)
        } else {
            key = try? PrivateKey(pem: text)
        }
        return key?.kind == .p256 ? key : nil
    }

    /// The Authorization header for a service at `origin`. `now`: real time.
    func authorization(for origin: String, at now: Instant) throws(Refusal) -> String {
        let claims: JSONObject = [
            "aud": .string(origin), "exp": .integer((now + Self.lifetime).seconds), "sub": .string(subject),
        ]
        let text = made.withLock { made -> String? in
            if let known = made[origin], known.at <= now, now < known.at + Self.lifetime - Self.margin {
                return known.text
            }
            guard let token = try? JSONWebToken.sign(claims, header: ["typ": "JWT"], with: key) else { return nil }
            if made.count >= Self.capacity { made = [:] }
            let text = "vapid t=\(token),k=\(publicKey)"
            made[origin] = Made(text: text, at: now)
            return text
        }
        guard let text else { throw Refusal(.notSent(.authentication, detail: "the VAPID token cannot be signed")) }
        return text
    }
}
