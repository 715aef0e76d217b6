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

    /// Whether an endpoint has this key, in an app that lives or not.
    package static func exists(_ app: AppID, key: Int64, in session: Session) async throws -> Bool {
        try await !session.query("SELECT 1 FROM endpoints WHERE app = \(app) AND endpoint_key = \(key)").isEmpty
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

    /// The endpoint as it was, or nil. What is left of it goes by a job that is queued here (`Erasure`); a suppression of its
    /// address stays, and one that nobody else has is marked DELETED until the app or its clients write it again.
    package static func delete(_ app: AppID, _ id: EndpointID, at now: Instant, in session: Session) async throws
        -> Endpoint?
    {
        let subject = PersonSubject.endpoint(id)
        let owners = try await session.query(
            """
            SELECT e.user_id
              FROM endpoints e
             WHERE e.app = \(app) AND \(subject.condition(app)) AND \(AppStore.isAlive(app))
            """
        )
        guard let row = owners.first else { return nil }
        let owner: String? = try row.get(0)
        let removed = try await EndpointRemoval.remove(
            app, where: subject.condition(app), users: owner.map { [$0] } ?? [], at: now, in: session)
        return removed.first
    }

    /// All endpoints of a user, and the user, as `delete(_:_:)`. Empty when there is none.
    package static func delete(_ app: AppID, user: UserID, at now: Instant, in session: Session) async throws
        -> [Endpoint]
    {
        try await EndpointRemoval.remove(
            app, where: "e.user_id = \(user) AND \(AppStore.isAlive(app))", users: [user.rawValue], at: now,
            in: session)
    }
}
