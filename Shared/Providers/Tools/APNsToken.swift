import Core
import Crypto
import EventLoop

/// The provider token of one team (RFC 7519, ES256). Apple wants one used for 20 to 60 minutes: younger ones refused with
/// TooManyProviderTokenUpdates when they change too often, older ones with ExpiredProviderToken.
final class APNsToken: Sendable {
    private static let lifetime: Duration = .seconds(50 * 60)

    private struct Made {
        let text: String
        let at: Instant
    }

    private let team: String
    private let keyID: String
    private let key: PrivateKey
    private let made = Lock<Made?>(nil)

    init(team: String, keyID: String, key: PrivateKey) throws(Fault) {
        guard key.kind == .p256 else {
            throw Fault(.configuration, "TokenKey must be a key of P-256, as Apple's .p8 files hold")
        }
        self.team = team
        self.keyID = keyID
        self.key = key
    }

    /// `refused`: one that Apple calls expired. `now`: real time.
    func current(insteadOf refused: String? = nil, at now: Instant) throws(Refusal) -> String {
        let (key, claims, header): (PrivateKey, JSONObject, JSONObject) = (
            key, ["iss": .string(team), "iat": .integer(now.seconds)], ["kid": .string(keyID)]
        )
        let text = made.withLock { made -> String? in
            // A clock that was set back makes a token of the future, which Apple refuses.
            if let made, made.text != refused, made.at <= now, now < made.at + Self.lifetime { return made.text }
            guard let text = try? JSONWebToken.sign(claims, header: header, with: key) else { return nil }
            made = Made(text: text, at: now)
            return text
        }
        guard let text else { throw Refusal(.notSent(.authentication, detail: "the provider token cannot be signed")) }
        return text
    }
}
