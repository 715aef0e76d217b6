package import Core
package import Postgres

/// The table `user_merges`: which endpoint was whose, and the way back. Rows are written by the group commit (`UserMove`).
package enum UserMergeStore {
    /// A person's endpoints change hands a few times; more is a device that everybody signs in on.
    package static let listed = 1000

    private static let columns: SQL = """
        m.id, m.endpoint_key, e.external_id, m.from_user, m.to_user, m.at, m.undone_at, m.made_user
        """

    /// Into or out of a user, newest first. Merges of endpoints that were deleted are gone with them.
    package static func list(_ app: AppID, user: UserID, in session: Session) async throws -> [UserMerge] {
        try await session.query(
            """
            SELECT \(columns)
              FROM user_merges m
              JOIN endpoints e ON e.app = m.app AND e.endpoint_key = m.endpoint_key
             WHERE m.app = \(app) AND (m.to_user = \(user) OR m.from_user = \(user))
             ORDER BY m.id DESC
             LIMIT \(listed)
            """
        ).map(merge)
    }

    package static func find(_ app: AppID, id: Int64, in session: Session) async throws -> UserMerge? {
        try await session.query(
            """
            SELECT \(columns)
              FROM user_merges m
              JOIN endpoints e ON e.app = m.app AND e.endpoint_key = m.endpoint_key
             WHERE m.app = \(app) AND m.id = \(id)
            """
        ).first.map(merge)
    }

    private static func merge(_ row: Row) throws(SQLFault) -> UserMerge {
        UserMerge(
            id: try row.get(0), endpointKey: try row.get(1), endpoint: try row.get(2), from: try row.get(3),
            to: try row.get(4), at: try row.get(5), undoneAt: try row.get(6), madeUser: try row.get(7))
    }

    // MARK: Undoing

    /// Gives the endpoint back to whom it was before, with that user's attributes. False when it was undone before.
    ///
    /// What was written meanwhile stays where it is: the endpoint's own attributes and events with the endpoint, attributes of
    /// the user with the user. A user that this merge made, and that has no other endpoint, goes. Throws `UnmergeRefusal`
    /// when the endpoint was moved again since, or when its former user has 15 others.
    package static func undo(
        _ merge: UserMerge, of app: AppID, at now: Instant, in session: Session
    ) async throws -> Bool {
        let users = [merge.to, merge.from].compactMap { $0?.rawValue }
        let results = try await session.batch([
            AppLock.take(users.map { AppLock.user(app, $0) }),
            """
            SELECT e.user_id, m.undone_at IS NOT NULL,
                   (SELECT min(l.id) FROM user_merges l
                     WHERE l.app = m.app AND l.endpoint_key = m.endpoint_key AND l.id > m.id AND l.undone_at IS NULL)
              FROM user_merges m
              JOIN endpoints e ON e.app = m.app AND e.endpoint_key = m.endpoint_key
             WHERE m.app = \(app) AND m.endpoint_key = \(merge.endpointKey) AND m.id = \(merge.id)
               FOR UPDATE OF e, m
            """,
            """
            SELECT count(*) FROM endpoints
             WHERE app = \(app) AND user_id = \(merge.from) AND endpoint_key <> \(merge.endpointKey)
            """,
        ])
        guard let row = results[1].first else {
            throw UnmergeRefusal(description: "endpoint \(merge.endpoint) does not exist any more")
        }
        if try row.get(1) { return false }
        try check(merge, user: try row.get(0), laterMerge: try row.get(2), siblings: try results[2][0].get(0))
        try await giveBack(merge, of: app, at: now, in: session)
        return true
    }

    private static func check(
        _ merge: UserMerge, user: String?, laterMerge: Int64?, siblings: Int
    ) throws(UnmergeRefusal) {
        if let laterMerge {
            throw UnmergeRefusal(
                description: "endpoint \(merge.endpoint) was moved again since; undo merge \(laterMerge) first")
        }
        guard user == merge.to.rawValue else {
            let owner = user.map { "is user \($0)'s now" } ?? "has no user any more"
            throw UnmergeRefusal(description: "endpoint \(merge.endpoint) \(owner), not \(merge.to)'s")
        }
        guard let from = merge.from, siblings >= Limits.endpointsPerUser else { return }
        throw UnmergeRefusal(
            description: "user \(from) has \(siblings) other endpoints, and can have \(Limits.endpointsPerUser)")
    }

    private static func giveBack(
        _ merge: UserMerge, of app: AppID, at now: Instant, in session: Session
    ) async throws {
        var log = ChangeLog()
        log.touch(app, [merge.endpointKey])
        var statements: [SQL] = [
            """
            UPDATE endpoints e
               SET user_id = \(merge.from),
                   user_attributes = coalesce(
                       (SELECT u.attributes FROM users u WHERE u.app = e.app AND u.user_id = \(merge.from)), '{}')
             WHERE e.app = \(app) AND e.endpoint_key = \(merge.endpointKey)
            """,
            """
            UPDATE user_merges SET undone_at = \(now)
             WHERE app = \(app) AND endpoint_key = \(merge.endpointKey) AND id = \(merge.id)
            """,
        ]
        if merge.madeUser {
            statements.append(
                """
                DELETE FROM users u
                 WHERE u.app = \(app) AND u.user_id = \(merge.to)
                   AND NOT EXISTS (SELECT FROM endpoints e WHERE e.app = u.app AND e.user_id = u.user_id)
                """)
        }
        _ = try await session.batch(statements + log.statements(at: now))
    }
}
