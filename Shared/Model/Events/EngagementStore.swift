import Core
package import Postgres

/// The table `engagements`: who did what with the messages of a run, and how often.
package enum EngagementStore {
    private struct Person: Hashable, Comparable {
        let app: AppID
        let run: RunID
        let key: Int64
        let type: String

        static func < (left: Self, right: Self) -> Bool {
            (left.app, left.run, left.key, left.type) < (right.app, right.run, right.key, right.type)
        }
    }

    /// Adds them, and to the log what roll-ups count. Who did it for the first time in the run is known only once the row is
    /// locked, hence a round trip of its own; rows are locked in order.
    package static func count(
        _ engagements: [Engagement], _ log: inout ChangeLog, in session: Session
    ) async throws {
        guard !engagements.isEmpty else { return }
        let people = Dictionary(grouping: engagements) {
            Person(app: $0.app, run: $0.run, key: $0.endpointKey, type: $0.kind.rawValue)
        }
        let order = people.keys.sorted()
        let rows = try await session.query(
            """
            INSERT INTO engagements AS e (app, run, endpoint_key, type, treatment, first_at, n)
            SELECT w.app, w.run, w.key, w.type, w.treatment, w.first_at, w.n
              FROM unnest(\(order.map(\.app)), \(order.map(\.run)), \(order.map(\.key)), \(order.map(\.type)),
                          \(order.map { people[$0]?.first?.treatment ?? "" }),
                          \(SQLBind.instantArray(order.map { people[$0]?.map(\.at).min() })),
                          \(order.map { Int64(people[$0]?.count ?? 0) }))
                AS w (app, run, key, type, treatment, first_at, n)
            ON CONFLICT (app, run, endpoint_key, type) DO UPDATE SET n = e.n + excluded.n
            RETURNING app, run, endpoint_key, type, xmax = 0
            """
        )
        for row in rows {
            let person = Person(app: try row.get(0), run: try row.get(1), key: try row.get(2), type: try row.get(3))
            let isFirst: Bool = try row.get(4)
            for (index, engagement) in (people[person] ?? []).enumerated() {
                log.count(engagement, n: 1, isFirst: isFirst && index == 0)
            }
        }
    }
}
