package import Core
package import Crypto
package import Postgres
package import Runtime

/// The table `access_keys`. Secrets leave it only through `signingSecret`, opened at their own row.
package enum AccessKeyStore {
    /// What checking a request needs of a key.
    package struct Verifier: Sendable {
        package let account: String
        package let kind: AccessKey.Kind
        package let sealedSecret: [UInt8]?
        package let hash: [UInt8]?
        /// Of a write key: its app.
        package let app: AppID?
        /// Of a write key: the origins of the pages that may use it; empty: any.
        package let origins: [String]

        /// The secret of a SigV4 pair. Throws `integrity` when the row was tampered with or the master key is another.
        package func signingSecret(id: String, masterKey: MasterKey) throws(Fault) -> String {
            guard let sealedSecret else { throw Fault(.integrity, "Access key \(id) has no secret") }
            let bytes = try masterKey.open(sealedSecret, at: place(account, id))
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The live key of that id; nil when there is none or it was revoked.
    package static func find(_ id: String, in database: Database) async throws -> Verifier? {
        let rows = try await database.query(
            """
            SELECT account, kind, secret_sealed, secret_hash, app, origins
              FROM access_keys
             WHERE id = \(id) AND revoked_at IS NULL
            """
        )
        guard let row = rows.first, let kind = AccessKey.Kind(rawValue: try row.get(1)) else { return nil }
        return Verifier(
            account: try row.get(0), kind: kind, sealedSecret: try row.get(2), hash: try row.get(3),
            app: try row.get(4), origins: try row.get(5))
    }

    /// Adds a SigV4 pair. False when the id is taken, whoever has it.
    package static func insert(
        _ pair: KeyPair, account: String, masterKey: MasterKey, now: Instant, in session: Session
    ) async throws -> Bool {
        let sealed = try masterKey.seal(Array(pair.secret.utf8), at: place(account, pair.id))
        let added = try await session.execute(
            """
            INSERT INTO access_keys (id, account, kind, secret_sealed, created_at)
            VALUES (\(pair.id), \(account), 'SIGV4', \(SQLBind.bytes(sealed)), \(now))
            ON CONFLICT (id) DO NOTHING
            """
        )
        return added == 1
    }

    /// Adds an API key (form `api`). False when the id is taken, whoever has it.
    @discardableResult
    package static func insert(_ key: APIKey, account: String, now: Instant, in session: Session) async throws -> Bool {
        let added = try await session.execute(
            """
            INSERT INTO access_keys (id, account, kind, secret_hash, created_at)
            VALUES (\(key.id), \(account), 'API', \(SQLBind.bytes(key.hash)), \(now))
            ON CONFLICT (id) DO NOTHING
            """
        )
        return added == 1
    }

    /// Every key of the account but the write keys of its apps, revoked ones too, newest first.
    package static func list(account: String, in session: Session) async throws -> [AccessKey] {
        let rows = try await session.query(
            """
            SELECT id, kind, created_at, revoked_at
              FROM access_keys
             WHERE account = \(account) AND app IS NULL
             ORDER BY created_at DESC, id
             LIMIT 1000
            """
        )
        return try rows.compactMap { row in
            guard let kind = AccessKey.Kind(rawValue: try row.get(1)) else { return nil }
            return AccessKey(
                id: try row.get(0), account: account, kind: kind, createdAt: try row.get(2), revokedAt: try row.get(3))
        }
    }

    /// False when there is no such live key. Running processes notice within 5 seconds.
    package static func revoke(_ id: String, account: String, now: Instant, in session: Session) async throws -> Bool {
        let changed = try await session.execute(
            """
            UPDATE access_keys
               SET revoked_at = \(now)
             WHERE id = \(id) AND account = \(account) AND revoked_at IS NULL
            """
        )
        return changed == 1
    }

    private static func place(_ account: String, _ id: String) -> SealedPlace {
        SealedPlace(table: "access_keys", column: "secret_sealed", account: account, id: id)
    }
}
