package import Core
package import Crypto

/// Credentials as Cognito and STS give them: an `ASIA…` key pair and a session token, good for some time. Everything that is
/// needed to check a signature by them is sealed into the token, so that nothing is stored and any process can.
package struct TemporaryCredentials: Sendable, Equatable {
    static let keyPrefix = "ASIA"
    package static let defaultSeconds = 3600
    /// AWS's own bounds.
    package static let allowedSeconds = 900...43_200
    /// Tokens of ours have about 400 bytes; more is not even decoded.
    private static let longestToken = 2048
    private static let version: UInt8 = 1
    /// Of the version and the day in front of what is sealed.
    private static let prefixBytes = 5

    package let accessKeyID: String
    package let secret: String
    package let account: String
    package let app: AppID
    /// Id of the write key that was swapped. It must still be live when the credentials are used.
    package let writeKey: String
    /// Real time, in whole seconds.
    package let expires: Instant

    /// New credentials with the reach of the write key that `caller` presented; nil for any other caller.
    package static func issue(to caller: Caller, seconds: Int, environment: Environment) -> TemporaryCredentials? {
        guard caller.kind == .writeKey, case .publishing(let app) = caller.scope else { return nil }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let id = environment.random(16).map { alphabet[Int($0 & 31)] }
        return TemporaryCredentials(
            accessKeyID: keyPrefix + String(decoding: id, as: UTF8.self),
            secret: Base64.encode(environment.random(30)), account: caller.account, app: app, writeKey: caller.keyID,
            expires: Instant(seconds: environment.realNow().seconds + Int64(seconds)))
    }

    // MARK: The session token

    /// `version ‖ day of issue ‖ AES-GCM`, in URL-safe Base64. The key is the day's own: random nonces under one key are safe for
    /// 2^32 tokens, which many devices could use up in half a year.
    package func sessionToken(_ masterKey: MasterKey, issuedAt: Instant) throws(Fault) -> String {
        let prefix = Self.prefix(day: issuedAt.day)
        let sealed = try AESGCM.seal(json.serialized, key: Self.key(masterKey, prefix), aad: prefix)
        return Base64URL.encode(prefix + sealed)
    }

    /// What was sealed into `token`; nil when it is not one of ours, unchanged. Says nothing of its end.
    package static func open(_ token: String, _ masterKey: MasterKey) -> TemporaryCredentials? {
        guard token.utf8.count <= longestToken, let bytes = Base64URL.decode(token), bytes.count > prefixBytes,
            bytes[0] == version
        else { return nil }
        let prefix = Array(bytes[..<prefixBytes])
        do {
            let plain = try AESGCM.open(Array(bytes[prefixBytes...]), key: key(masterKey, prefix), aad: prefix)
            return try TemporaryCredentials(json: JSON.parse(plain))
        } catch {
            return nil
        }
    }

    private static func prefix(day: Day) -> [UInt8] {
        [version] + withUnsafeBytes(of: day.daysSince1970.bigEndian) { Array($0) }
    }

    private static func key(_ masterKey: MasterKey, _ prefix: [UInt8]) -> [UInt8] {
        masterKey.derive("session-token/\(Hex.lowercase(prefix))")
    }

    private var json: JSON {
        [
            "id": .string(accessKeyID), "secret": .string(secret), "account": .string(account),
            "app": .string(app.description), "key": .string(writeKey), "expires": .integer(expires.seconds),
        ]
    }

    private init?(json: JSON) {
        guard let id = json["id"]?.string, let secret = json["secret"]?.string, let account = json["account"]?.string,
            let app = json["app"]?.string.flatMap({ AppID($0) }), let key = json["key"]?.string,
            case .integer(let expires)? = json["expires"]
        else { return nil }
        self.init(
            accessKeyID: id, secret: secret, account: account, app: app, writeKey: key,
            expires: Instant(seconds: expires)
        )
    }

    private init(
        accessKeyID: String, secret: String, account: String, app: AppID, writeKey: String, expires: Instant
    ) {
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.account = account
        self.app = app
        self.writeKey = writeKey
        self.expires = expires
    }
}
