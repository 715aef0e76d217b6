import Core
import Postgres
import TestKit
import Testing

@Suite(.database) struct PartitionTests {
    let test: TestDatabase

    init() throws {
        test = try TestDatabase.current
    }

    private func partitions(of table: String) async throws -> [String] {
        try await test.database.query(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = \(table)::text::regclass ORDER BY 1"
        ).map { try $0.get(0) }
    }

    @Test func `each week gets one partition, whoever asks and how often`() async throws {
        let monday = Day(year: 1998, month: 6, day: 29)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await Partitions(test.database).ensure(.events, for: [monday, monday + 6, monday + -1, monday])
                }
            }
            try await group.waitForAll()
        }
        #expect(try await partitions(of: "events") == ["events_19980622", "events_19980629"])
        try await test.database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            VALUES (\(monday), 1, \(EventID(high: 1, low: 2)), \(AppID(high: 0, low: 1)), 'x', now(), now())
            """
        )
        #expect(try await test.database.query("SELECT count(*) FROM events_19980629")[0].get(0) == 1)
    }

    @Test func `a partition has its parent's key`() async throws {
        let day = Day(year: 1998, month: 7, day: 1)
        try await Partitions(test.database).ensure(.events, for: day)
        try await Partitions(test.database).ensure(.sendOutcomes, for: day)
        #expect(try await partitions(of: "send_outcomes") == ["send_outcomes_19980701"])
        let keys: Int = try await test.database.query(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'events_19980629'::regclass AND indisprimary"
        )[0].get(0)
        #expect(keys == 1)
    }

    @Test func `a day outside the retention is refused and makes nothing`() async throws {
        let partitions = Partitions(test.database, retention: PartitionRetention(pastDays: 30, futureDays: 1))
        let today = test.environment.now().day
        #expect(partitions.accepts(today + -30) && !partitions.accepts(today + -31))
        let fault = await #expect(throws: Fault.self) { try await partitions.ensure(.events, for: [today, today + 2]) }
        #expect(fault?.code == .invalid)
        #expect(try await self.partitions(of: "events").isEmpty)
    }
}
