import Core
package import Postgres
import Queue

/// Does an `Erasure`: removes a person's events, engagements, receipts and counted messages, and makes the ledger's rows nobody's.
///
/// In transactions of bounded size; idempotent, so that a killed one starts again. Roll-ups stay. In the ledger every row keeps
/// its place and its outcome, under a random key that stands for nobody, one per run, so that the books balance and two
/// runs cannot be joined; digest and key range of the chunk follow. Recipients in jobs that wait get the same key: their endpoint
/// is gone, and the gate books ENDPOINT_DELETED. What remains is the place in the chunk, which is ordered by key: whoever
/// has both the database and the id can tell between which two other keys the person once stood.
package struct Eraser: Sendable {
    package enum Result: Sendable, Equatable {
        case done
        /// A delivery worker holds a job with one of the keys and may yet write it: to be tried again.
        case held
        case stopped
    }

    private static let eventsPerBatch = 5000

    private let database: Database
    private let isStopping: @Sendable () -> Bool

    package init(database: Database, isStopping: @escaping @Sendable () -> Bool = { false }) {
        self.database = database
        self.isStopping = isStopping
    }

    package func run(_ erasure: Erasure) async throws -> Result {
        guard try await eraseEvents(erasure) else { return .stopped }
        try await eraseEngagements(erasure)
        // A worker that held a message of theirs may have written one since they left.
        try await database.execute(CapReservations.erase(erasure.app, erasure.keys, until: erasure.until))
        var result = Result.done
        for key in erasure.keys {
            for run in try await runs(with: key, of: erasure) {
                if isStopping() { return .stopped }
                let isDone = try await database.retryingTransaction { session in
                    try await LedgerPseudonym(
                        app: erasure.app, run: run.id, day: run.day, key: key, until: erasure.until
                    )
                    .give(random: database.environment.randomWord, in: session)
                }
                if !isDone { result = .held }
            }
        }
        return result
    }

    // MARK: Events

    private func eraseEvents(_ erasure: Erasure) async throws -> Bool {
        let weeks = try await database.query(
            """
            SELECT DISTINCT week
              FROM events
             WHERE endpoint_key = ANY (\(erasure.keys)) AND app = \(erasure.app) AND received_at <= \(erasure.until)
             ORDER BY week
            """
        )
        for row in weeks {
            let week: Day = try row.get(0)
            while try await eraseEvents(erasure, of: week) {
                if isStopping() { return false }
            }
        }
        return true
    }

    /// False when none are left.
    private func eraseEvents(_ erasure: Erasure, of week: Day) async throws -> Bool {
        let now = database.environment.now()
        return try await database.retryingTransaction { session in
            let erased = try await session.execute(
                """
                DELETE FROM events e
                 USING (SELECT endpoint_key, id
                          FROM events
                         WHERE week = \(week) AND endpoint_key = ANY (\(erasure.keys)) AND app = \(erasure.app)
                           AND received_at <= \(erasure.until)
                         LIMIT \(Self.eventsPerBatch)) AS old
                 WHERE e.week = \(week) AND e.endpoint_key = old.endpoint_key AND e.id = old.id
                """
            )
            guard erased > 0 else { return false }
            var log = ChangeLog()
            log.touch(erasure.app, erasure.keys, eventsIn: CollectionOfOne(week))
            _ = try await session.batch(log.statements(at: now))
            return erased == Self.eventsPerBatch
        }
    }

    private func eraseEngagements(_ erasure: Erasure) async throws {
        try await database.execute(
            """
            DELETE FROM engagements g
             USING runs r
             WHERE r.app = \(erasure.app) AND g.app = r.app AND g.run = r.id
               AND g.endpoint_key = ANY (\(erasure.keys)) AND g.first_at <= \(erasure.until)
            """
        )
        try await database.execute(
            """
            DELETE FROM send_receipts g
             USING runs r
             WHERE r.app = \(erasure.app) AND g.app = r.app AND g.run = r.id
               AND g.endpoint_key = ANY (\(erasure.keys)) AND g.at <= \(erasure.until)
            """
        )
    }

    // MARK: The ledger

    /// Runs one of whose chunks covers the key, whether or not the key is in it.
    private func runs(with key: Int64, of erasure: Erasure) async throws -> [(id: RunID, day: Day)] {
        let rows = try await database.query(LedgerPseudonym.runs(with: key, of: erasure.app, until: erasure.until))
        return try rows.map { (try $0.get(0), try $0.get(1)) }
    }
}
