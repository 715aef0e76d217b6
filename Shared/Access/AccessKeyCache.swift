import Core
package import Crypto
import EventLoop
import Model
package import Postgres

/// Keys and derived signing keys of one process. A key found is believed for 5 s, so that a revocation counts by then
/// everywhere; an id that was not found is asked for again after 1 s.
package final class AccessKeyCache: Sendable {
    package static let lifetime: Duration = .seconds(5)
    static let absentLifetime: Duration = .seconds(1)
    private static let limit = 4096

    private struct DerivationID: Hashable {
        var keyID: String
        var secret: String
        var day: String
        var region: String
    }

    private let database: Database
    private let masterKey: MasterKey
    private let known: ExpiringCache<String, AccessKeyStore.Verifier?>
    private let derived = Lock<[DerivationID: [UInt8]]>([:])

    /// `clock` counts microseconds, forward only.
    package init(
        database: Database, masterKey: MasterKey, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }
    ) {
        self.database = database
        self.masterKey = masterKey
        known = ExpiringCache(lifetime: Self.lifetime, limit: Self.limit, clock: clock)
    }

    func find(_ id: String) async throws -> AccessKeyStore.Verifier? {
        if let verifier = known[id] { return verifier }
        let readAt = known.now()
        let verifier = try await AccessKeyStore.find(id, in: database)
        known.store(verifier, for: id, readAt: readAt, lifetime: verifier == nil ? Self.absentLifetime : nil)
        return verifier
    }

    /// Temporary credentials, from their session token alone; nil when it is not one of ours, unchanged.
    func open(sessionToken: String) -> TemporaryCredentials? {
        TemporaryCredentials.open(sessionToken, masterKey)
    }

    /// The signing key of a claim, derived once a day and region. For a key that does not exist, the same work with a secret
    /// nobody has, so that the answer's time does not tell which ids exist.
    func signingKey(for claim: SigV4.Claim, _ verifier: AccessKeyStore.Verifier?) throws -> [UInt8] {
        let secret = try verifier?.signingSecret(id: claim.keyID, masterKey: masterKey) ?? ""
        let id = DerivationID(
            keyID: verifier == nil ? "" : claim.keyID, secret: secret, day: claim.day,
            region: verifier == nil ? "" : claim.region)
        if let key = derived.withLock({ $0[id] }) { return key }
        let key = SigV4.signingKey(secret: secret, day: claim.day, region: claim.region)
        derived.withLock { derived in
            if derived.count >= Self.limit { derived = [:] }
            derived[id] = key
        }
        return key
    }
}
