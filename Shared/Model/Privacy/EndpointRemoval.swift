import Core
import Postgres
import Queue

/// Takes endpoints out: their rows at once, with what names the person beside them, and the rest by a job.
///
/// For DeleteEndpoint, DeleteUserEndpoints and the privacy erase alike. An address that nobody has any more is marked DELETED,
/// so that no import brings it back; other suppressions stay.
enum EndpointRemoval {
    /// `condition` is over the alias `e`; `users` are those whose endpoints it may concern: they are locked, so that nobody
    /// joins one while it goes. At most as many rows as one user or one address has.
    static func remove(
        _ app: AppID, where condition: SQL, users: [String], at now: Instant, in session: Session
    ) async throws -> [Endpoint] {
        let results = try await session.batch([
            AppLock.take(users.map { AppLock.user(app, $0) }),
            """
            DELETE FROM endpoints e
             WHERE e.app = \(app) AND \(condition)
            RETURNING \(Endpoint.columns)
            """,
        ])
        let endpoints = try results[1].map(Endpoint.init).sorted {
            ($0.createdAt, $0.id.rawValue) < ($1.createdAt, $1.id.rawValue)
        }
        guard !endpoints.isEmpty else { return [] }
        let keys = endpoints.map(\.key)
        var log = ChangeLog()
        log.touch(app, keys)
        _ = try await session.batch(
            traces(app, endpoints, at: now) + jobs(app, keys: keys, at: now) + log.statements(at: now))
        return endpoints
    }

    /// The erasure of these keys, whether or not they have a row.
    static func jobs(_ app: AppID, keys: [Int64], at now: Instant) -> [SQL] {
        stride(from: 0, to: keys.count, by: Erasure.keysPerJob).map { start in
            let part = Array(keys[start..<min(start + Erasure.keysPerJob, keys.count)])
            return Queue.insert(Erasure(app: app, keys: part, until: now).job(dueAt: now))
        }
    }

    /// The few rows beside the endpoints' own.
    private static func traces(_ app: AppID, _ endpoints: [Endpoint], at now: Instant) -> [SQL] {
        let keys = endpoints.map(\.key)
        let users = Set(endpoints.compactMap(\.userID)).sorted()
        let addresses = Set(endpoints.compactMap(\.address)).sorted()
        let marks = endpoints.compactMap { endpoint in
            endpoint.channelType.flatMap { channel in endpoint.addressHash.map { (channel: channel, hash: $0) } }
        }
        return [
            SuppressionStore.markDeleted(app, marks, at: now),
            """
            DELETE FROM users u
             WHERE u.app = \(app) AND u.user_id = ANY (\(users))
               AND NOT EXISTS (SELECT FROM endpoints e WHERE e.app = u.app AND e.user_id = u.user_id)
            """,
            "DELETE FROM user_merges WHERE app = \(app) AND endpoint_key = ANY (\(keys))",
            "DELETE FROM segment_members WHERE app = \(app) AND endpoint_key = ANY (\(keys))",
            CapReservations.erase(app, keys, until: now),
            // Of every app: the development inbox does not know which one sent.
            "DELETE FROM dev_inbox WHERE recipient = ANY (\(addresses))",
        ] + ConversationStore.erase(app, marks)
    }
}
