package import Core
package import Postgres

/// The table `endpoints`, apart from writes: those go through the group commit (`IngestQueue`). A deleted app has none.
package enum EndpointStore {
    /// Nil when there is no such endpoint.
    package static func load(_ app: AppID, _ id: EndpointID, in session: Session) async throws -> Endpoint? {
        let rows = try await session.query(
            """
            SELECT \(Endpoint.columns)
              FROM endpoints e
             WHERE e.app = \(app) AND e.endpoint_key = \(EndpointIdentity(app: app, id: id).key) AND e.external_id = \(id)
               AND \(AppStore.isAlive(app))
            """
        )
        return try rows.first.map(Endpoint.init)
    }

    /// Of one user, oldest first. The rule of 15 bounds them; more would be a bug, and are cut.
    package static func load(_ app: AppID, user: UserID, in session: Session) async throws -> [Endpoint] {
        try await session.query(
            """
            SELECT \(Endpoint.columns)
              FROM endpoints e
             WHERE e.app = \(app) AND e.user_id = \(user) AND \(AppStore.isAlive(app))
             ORDER BY e.created_at, e.external_id
             LIMIT 100
            """
        ).map(Endpoint.init)
    }

    /// The endpoint as it was, or nil. Its events stay, and so does a suppression of its address.
    package static func delete(_ app: AppID, _ id: EndpointID, at now: Instant, in session: Session) async throws
        -> Endpoint?
    {
        let rows = try await session.query(
            """
            DELETE FROM endpoints e
             WHERE e.app = \(app) AND e.endpoint_key = \(EndpointIdentity(app: app, id: id).key) AND e.external_id = \(id)
               AND \(AppStore.isAlive(app))
            RETURNING \(Endpoint.columns)
            """
        )
        guard let endpoint = try rows.first.map(Endpoint.init) else { return nil }
        try await log(app, [endpoint.key], at: now, in: session)
        return endpoint
    }

    /// All endpoints of a user, and the user. Empty when there is none.
    package static func delete(_ app: AppID, user: UserID, at now: Instant, in session: Session) async throws
        -> [Endpoint]
    {
        let results = try await session.batch([
            """
            DELETE FROM endpoints e
             WHERE e.app = \(app) AND e.user_id = \(user) AND \(AppStore.isAlive(app))
            RETURNING \(Endpoint.columns)
            """,
            "DELETE FROM users WHERE app = \(app) AND user_id = \(user)",
        ])
        let endpoints = try results[0].map(Endpoint.init).sorted {
            ($0.createdAt, $0.id.rawValue) < ($1.createdAt, $1.id.rawValue)
        }
        if !endpoints.isEmpty { try await log(app, endpoints.map(\.key), at: now, in: session) }
        return endpoints
    }

    private static func log(_ app: AppID, _ keys: [Int64], at now: Instant, in session: Session) async throws {
        var changes = ChangeLog()
        changes.touch(app, keys)
        for statement in changes.statements(at: now) { try await session.execute(statement) }
    }
}
