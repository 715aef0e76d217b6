package import Core
internal import EventLoop

/// A table whose partitions are made when the first row of their period comes.
package enum PartitionedTable: String, Sendable {
    /// By the Monday of the event's week.
    case events
    /// By the run's day.
    case sendOutcomes = "send_outcomes"

    /// The partition key of a day.
    package func key(_ day: Day) -> Day {
        switch self {
        case .events: day.weekStart
        case .sendOutcomes: day
        }
    }

    /// `events_19980629`
    package func partition(_ day: Day) -> String {
        let (year, month, dayOfMonth) = key(day).civil
        var digits: [UInt8] = []
        digits.appendDecimal(year, width: 4)
        digits.appendDecimal(month, width: 2)
        digits.appendDecimal(dayOfMonth, width: 2)
        return "\(rawValue)_\(String(decoding: digits, as: UTF8.self))"
    }
}

/// Makes partitions on demand, each once per process, in a transaction of its own.
///
/// Call `ensure` before the transaction that writes, never inside one. There is no default partition: it would have to be
/// scanned under a lock whenever a new one is attached.
package final class Partitions: Sendable {
    private let database: Database
    private let retention: PartitionRetention
    private let known = Lock<Set<String>>([])

    package init(_ database: Database, retention: PartitionRetention = PartitionRetention()) {
        self.database = database
        self.retention = retention
    }

    /// Whether rows of that day are taken at all; what is not must be refused, or a wrong clock makes a partition per row.
    package func accepts(_ day: Day) -> Bool {
        retention.range(now: database.environment.now()).contains(day)
    }

    /// After this, rows of `days` have a partition. Throws `.invalid` for a day outside the retention, before anything is made.
    package func ensure(_ table: PartitionedTable, for days: some Sequence<Day>) async throws {
        var missing: [String: Day] = [:]
        for day in days {
            guard accepts(day) else {
                throw Fault(.invalid, "\(day) is outside the days that are kept (\(retention.description))")
            }
            let name = table.partition(day)
            if missing[name] != nil || known.withLock({ $0.contains(name) }) { continue }
            missing[name] = table.key(day)
        }
        for (name, key) in missing.sorted(by: { $0.key < $1.key }) {
            try await make(table, name, key)
            _ = known.withLock { $0.insert(name) }
        }
    }

    package func ensure(_ table: PartitionedTable, for day: Day) async throws {
        try await ensure(table, for: CollectionOfOne(day))
    }

    /// LIKE and ATTACH instead of PARTITION OF, which would lock out every reader and writer of the parent.
    private func make(_ table: PartitionedTable, _ name: String, _ key: Day) async throws {
        let backoff = Backoff(base: .milliseconds(50), cap: .seconds(1))
        var attempt = 0
        while true {
            do {
                if try await database.withSession({ try await Partitions.exists(name, in: $0) }) { return }
                return try await database.transaction { session in
                    _ = try await session.query(
                        "SELECT pg_advisory_xact_lock(hashtextextended(\(table.rawValue), 7001))")
                    if try await Partitions.exists(name, in: session) { return }
                    try await session.script(
                        """
                        CREATE TABLE \(name) (LIKE \(table.rawValue) INCLUDING ALL);
                        ALTER TABLE \(table.rawValue) ATTACH PARTITION \(name) FOR VALUES IN ('\(key.description)')
                        """
                    )
                }
            } catch let fault as SQLFault where fault.isRetryable && attempt < 4 {
                try await database.loop.sleep(
                    for: backoff.delay(attempt: attempt, random: database.environment.randomWord()))
                attempt += 1
            }
        }
    }

    /// Reads the catalog under the statement's snapshot; `to_regclass` would answer from a cache that is stale after a wait for
    /// an advisory lock.
    private static func exists(_ name: String, in session: Session) async throws -> Bool {
        try await session.query(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relname = \(name) AND relnamespace = current_schema()::regnamespace)"
        )[0].get(0)
    }
}

/// The days around now that are stored.
package struct PartitionRetention: Sendable, CustomStringConvertible {
    package var pastDays: Int
    package var futureDays: Int

    /// Two years back, as a history import needs; a week ahead, because clients' clocks are wrong.
    package init(pastDays: Int = 731, futureDays: Int = 7) {
        self.pastDays = pastDays
        self.futureDays = futureDays
    }

    package func range(now: Instant) -> ClosedRange<Day> {
        (now.day + -pastDays)...(now.day + futureDays)
    }

    package var description: String { "\(pastDays) days back, \(futureDays) ahead" }
}
