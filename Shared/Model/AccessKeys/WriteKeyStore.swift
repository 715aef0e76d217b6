package import Core
package import Postgres

/// The write keys of an app, among the `access_keys`.
package enum WriteKeyStore {
    /// Makes a key; its token leaves the process with this answer and never again. Nil when the app has
    /// `WriteKey.keysPerApp` live ones, or is gone.
    package static func create(
        _ request: WriteKeyRequest, app: AppID, account: String, environment: Environment, in session: Session
    ) async throws -> (key: WriteKey, token: String)? {
        let token = APIKey.generate(.write, random: environment.random)
        let now = environment.realNow()
        let added = try await session.execute(
            """
            INSERT INTO access_keys (id, account, kind, secret_hash, app, name, origins, created_at)
            SELECT \(token.id), \(account), 'WRITE', \(SQLBind.bytes(token.hash)), \(app), \(request.name),
                   \(request.origins), \(now)
             WHERE (SELECT count(*) FROM access_keys WHERE app = \(app) AND revoked_at IS NULL) < \(WriteKey.keysPerApp)
               AND \(AppStore.isAlive(app))
            """
        )
        guard added == 1 else { return nil }
        let key = WriteKey(
            id: token.id, app: app, name: request.name, origins: request.origins, createdAt: now, revokedAt: nil)
        return (key, token.token)
    }

    /// Oldest first, revoked ones too.
    package static func list(
        _ app: AppID, after: (createdAt: Instant, id: String)? = nil, limit: Int, in session: Session
    ) async throws -> [WriteKey] {
        let start: SQL = after.map { "AND (created_at, id) > (\($0.createdAt), \($0.id))" } ?? .empty
        let rows = try await session.query(
            """
            SELECT id, name, origins, created_at, revoked_at
              FROM access_keys
             WHERE app = \(app) \(start)
             ORDER BY created_at, id
             LIMIT \(limit)
            """
        )
        return try rows.map { try key($0, app) }
    }

    /// Nil when the app has no such live key. Running processes notice within 5 seconds.
    package static func revoke(_ id: String, app: AppID, now: Instant, in session: Session) async throws -> WriteKey? {
        let rows = try await session.query(
            """
            UPDATE access_keys
               SET revoked_at = \(now)
             WHERE id = \(id) AND app = \(app) AND revoked_at IS NULL
            RETURNING id, name, origins, created_at, revoked_at
            """
        )
        return try rows.first.map { try key($0, app) }
    }

    private static func key(_ row: Row, _ app: AppID) throws -> WriteKey {
        WriteKey(
            id: try row.get(0), app: app, name: try row.get(1), origins: try row.get(2), createdAt: try row.get(3),
            revokedAt: try row.get(4))
    }
}
