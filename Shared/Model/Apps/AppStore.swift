package import Core
package import Postgres

/// An app (Pinpoint: application, project) as guarded loads need it.
package struct AppHead: Sendable {
    package let id: AppID
    package let account: String
    package let name: String
}

/// The table `apps`.
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
}
