package import Core
package import Crypto
import Model
package import Postgres
package import Runtime

/// The first credentials of an installation.
package enum AccessBootstrap {
    /// Secrets that were just made: the only moment they can be read.
    package struct Created: Sendable {
        package let pair: KeyPair?
        package let apiKey: String?
    }

    /// Adds the pairs of `NEEDLETAIL_BOOTSTRAP_KEYS` that are absent. Every process may do it at start, at the same time.
    /// Throws `configuration` when an id exists with another secret, for another account, or revoked.
    package static func insertGiven(
        _ pairs: [KeyPair], account: String, masterKey: MasterKey, environment: Environment, in database: Database
    ) async throws {
        guard !pairs.isEmpty else { return }
        try await database.transaction { session in
            for pair in pairs {
                _ = try await AccessKeyStore.insert(
                    pair, account: account, masterKey: masterKey, now: environment.realNow(), in: session)
            }
        }
        for pair in pairs {
            let stored = try await AccessKeyStore.find(pair.id, in: database)
            guard let stored, stored.account == account,
                try stored.signingSecret(id: pair.id, masterKey: masterKey) == pair.secret
            else {
                throw Fault(
                    .configuration,
                    "NEEDLETAIL_BOOTSTRAP_KEYS: key \(pair.id) exists with another secret, for another account, or was revoked"
                )
            }
        }
    }

    /// Makes a SigV4 pair when the account has no live one, and an API key when it has no live one. Nil when both exist.
    /// For the command that starts an installation: nobody else may see the result.
    package static func ensure(
        account: String, masterKey: MasterKey, environment: Environment, in database: Database
    ) async throws -> Created? {
        try await database.transaction { session in
            // Two starts at once: the second waits, and then finds what the first made.
            try await session.execute("SELECT pg_advisory_xact_lock(hashtext('needletail.access.bootstrap'))")
            let live = try await AccessKeyStore.list(account: account, in: session).filter { $0.revokedAt == nil }
            var pair: KeyPair?
            if !live.contains(where: { $0.kind == .signing }) {
                let made = newPair(environment)
                _ = try await AccessKeyStore.insert(
                    made, account: account, masterKey: masterKey, now: environment.realNow(), in: session)
                pair = made
            }
            var apiKey: String?
            if !live.contains(where: { $0.kind == .api }) {
                let made = APIKey.generate(random: environment.random)
                try await AccessKeyStore.insert(made, account: account, now: environment.realNow(), in: session)
                apiKey = made.token
            }
            return pair == nil && apiKey == nil ? nil : Created(pair: pair, apiKey: apiKey)
        }
    }

    /// As AWS's look: a 20-character id, a 40-character secret.
    package static func newPair(_ environment: Environment) -> KeyPair {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        let id = environment.random(16).map { alphabet[Int($0 & 31)] }
        return KeyPair(
            id: "NTKA" + String(decoding: id, as: UTF8.self), secret: Base64.encode(environment.random(30)))
    }
}
