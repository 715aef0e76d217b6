package import Core
import PinpointAPI
package import Postgres

/// An app (Pinpoint: application, project) as guarded loads need it.
package struct AppHead: Sendable {
    package let id: AppID
    package let account: String
    package let name: String
}

/// The table `apps`. Every read leaves deleted apps out.
package enum AppStore {
    /// Nil when the account has no such app, or it was deleted.
    package static func load(_ id: AppID, account: String, in database: Database) async throws -> AppHead? {
        let rows = try await database.query(
            """
            SELECT name
              FROM apps
             WHERE id = \(id) AND account = \(account) AND deleted_at IS NULL
            """
        )
        guard let row = rows.first else { return nil }
        return AppHead(id: id, account: account, name: try row.get(0))
    }

    // MARK: Past the cache

    /// Condition for a statement about this app's rows: they go later than the app does.
    static func isAlive(_ id: AppID) -> SQL {
        "EXISTS (SELECT FROM apps a WHERE a.id = \(id) AND a.deleted_at IS NULL)"
    }

    /// Which of these are there and not deleted.
    package static func alive(_ ids: [AppID], in database: Database) async throws -> Set<AppID> {
        let rows = try await database.query("SELECT id FROM apps WHERE id = ANY (\(ids)) AND deleted_at IS NULL")
        return Set(try rows.map { try $0.get(0) as AppID })
    }

    /// Fails with `isNotAlive` when one of these was deleted, so that what follows in the same batch, COMMIT included, is
    /// skipped. The ids must differ.
    ///
    /// Takes no lock: `FOR SHARE` would write to the app's row with every commit. What was asked before DeleteApp answered
    /// may be committed just after it, as if it had come first, and goes with the app's other rows; what is asked afterwards
    /// meets a snapshot that shows the deletion.
    static func requireAlive(_ ids: [AppID]) -> SQL {
        """
        SELECT 1 / (count(*) = \(ids.count))::integer
          FROM apps
         WHERE id = ANY (\(ids)) AND deleted_at IS NULL
        """
    }

    /// Whether `requireAlive` said it: nothing else in a group commit divides.
    static func isNotAlive(_ fault: SQLFault) -> Bool { fault.sqlState == "22012" }

    package static func create(_ app: StoredApp, in session: Session) async throws {
        try await session.execute(
            """
            INSERT INTO apps (id, account, name, tags, settings_modified_at, created_at)
            VALUES (\(app.id), \(app.account), \(app.name), \(SQLBind.jsonb(app.tags.json.serialized)),
                    \(app.createdAt), \(app.createdAt))
            """
        )
    }

    package static func find(_ id: AppID, account: String, in session: Session) async throws -> StoredApp? {
        let rows = try await session.query(
            """
            SELECT id, name, tags, created_at
              FROM apps
             WHERE id = \(id) AND account = \(account) AND deleted_at IS NULL
            """
        )
        return try rows.first.map { try app($0, account: account) }
    }

    /// Oldest first.
    package static func list(
        account: String, after: (createdAt: Instant, id: AppID)?, limit: Int, in session: Session
    ) async throws -> [StoredApp] {
        let start: SQL = after.map { "AND (created_at, id) > (\($0.createdAt), \($0.id))" } ?? .empty
        let rows = try await session.query(
            """
            SELECT id, name, tags, created_at
              FROM apps
             WHERE account = \(account) AND deleted_at IS NULL \(start)
             ORDER BY created_at, id
             LIMIT \(limit)
            """
        )
        return try rows.map { try app($0, account: account) }
    }

    /// Hides the app and stops what it was doing: its campaigns are deleted, its runs cancelled. Its rows go later, in bounded
    /// batches (`AppPurge`). Returns what was deleted; nil when there was nothing.
    package static func delete(
        _ id: AppID, account: String, now: Instant, in session: Session
    ) async throws -> StoredApp? {
        let rows = try await session.query(
            """
            UPDATE apps
               SET deleted_at = \(now)
             WHERE id = \(id) AND account = \(account) AND deleted_at IS NULL
            RETURNING id, name, tags, created_at
            """
        )
        guard let row = rows.first else { return nil }
        try await session.execute(
            """
            UPDATE campaigns
               SET status = 'DELETED', deleted_at = \(now), next_due_at = NULL
             WHERE app = \(id) AND deleted_at IS NULL
            """
        )
        try await session.execute(
            """
            UPDATE runs
               SET state = 'CANCELLED', ended_at = \(now)
             WHERE app = \(id) AND state IN ('INITIALIZING', 'RUNNING')
            """
        )
        return try app(row, account: account)
    }

    // MARK: Tags

    /// Adds and overwrites; returns all tags afterwards, nil when there is no such app.
    package static func mergeTags(
        _ tags: [String: String], into id: AppID, account: String, in session: Session
    ) async throws -> [String: String]? {
        let rows = try await session.query(
            """
            UPDATE apps
               SET tags = tags || \(SQLBind.jsonb(tags.json.serialized))
             WHERE id = \(id) AND account = \(account) AND deleted_at IS NULL
            RETURNING tags
            """
        )
        return try rows.first.map { TagStore.tags(try $0.get(0)) }
    }

    /// Unknown keys are no error.
    package static func removeTags(
        keys: [String], from id: AppID, account: String, in session: Session
    ) async throws {
        try await session.execute(
            """
            UPDATE apps
               SET tags = tags - \(keys)
             WHERE id = \(id) AND account = \(account) AND deleted_at IS NULL
            """
        )
    }

    private static func app(_ row: Row, account: String) throws(SQLFault) -> StoredApp {
        StoredApp(
            id: try row.get(0), account: account, name: try row.get(1), tags: TagStore.tags(try row.get(2)),
            createdAt: try row.get(3))
    }
}
