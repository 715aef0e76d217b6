import Core
import EventLoop
import Model
import Postgres
import Segments
import TestKit
import Testing

@testable import SegmentService

/// The index and the tables say the same, whatever happened in whatever order.
@Suite(.database) struct ColumnIndexFollowsTests {
    @Test func `after thousands of operations by eight writers the index equals SQL`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 1).seed()
            try await audience.waitForIndex()
            let segments = AudienceSegments(seed: 2)
            var (byIndex, bySQL) = (0, 0)
            for round in 0..<20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<8 {
                        let operations = AudienceOperations(audience, seed: UInt64(1000 + round * 8 + writer))
                        group.addTask { for _ in 0..<15 { try await operations.next() } }
                    }
                    // Somebody edits a segment meanwhile.
                    group.addTask {
                        for _ in 0..<10 { _ = try await audience.source(.everyone) }
                    }
                    try await group.waitForAll()
                }
                try await audience.waitForErasures()
                for _ in 0..<12 {
                    if try await audience.agrees(segments.expression()) { byIndex += 1 } else { bySQL += 1 }
                }
            }
            #expect(byIndex > bySQL, "\(byIndex) answers of the index, \(bySQL) of SQL")
            #expect(audience.log.events.allSatisfy { $0 != "index.mismatch" && $0 != "index.failed" })
        }
    }

    @Test func `what was committed before the question is in the answer`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 5).seed()
            try await audience.waitForIndex()
            let count = try await audience.counted(.everyone).total.count
            var waits: [Int64] = []
            for number in 1...50 {
                try await audience.send(
                    "PUT", "\(audience.path)/endpoints/new\(number)",
                    ["ChannelType": "EMAIL", "Address": .string("new\(number)@example.com")])
                let start = MonotonicClock.now()
                let (estimate, source) = try await audience.estimates.estimate(
                    ResolvedSegment(expression: .everyone), app: audience.app, now: RunningAudience.now)
                waits.append(MonotonicClock.now() - start)
                #expect(source == .index)
                #expect(estimate.total.count == count + Int64(number))
            }
            print("an estimate right after a commit: median \(waits.sorted()[25]) µs, most \(waits.max() ?? 0) µs")
        }
    }

    @Test func `without a question the index is fresh within a second`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 6).seed()
            try await audience.waitForIndex()
            let index = try #require(audience.estimates.shelf.indexes.first)
            var delays: [Int64] = []
            for number in 1...10 {
                let id = "fresh\(number)"
                try await audience.send(
                    "PUT", "\(audience.path)/endpoints/\(id)", ["Address": "a", "ChannelType": "SMS"])
                let start = MonotonicClock.now()
                let key = EndpointIdentity(app: audience.app, id: id).key
                try await eventually(within: .seconds(5)) {
                    try await index.columns.members(.everyone, among: [key], now: RunningAudience.now) == [true]
                }
                delays.append(MonotonicClock.now() - start)
            }
            print("from commit to index, unasked: median \(delays.sorted()[5]) µs, most \(delays.max() ?? 0) µs")
            #expect(delays.allSatisfy { $0 < 1_000_000 }, "µs: \(delays)")
        }
    }

    @Test func `a transaction that runs for long holds nothing back, and counts when it commits`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 7).seed()
            try await audience.waitForIndex()
            let before = try await audience.counted(.everyone).total.count
            try await audience.test.database.withSession { late in
                try await late.execute("BEGIN")
                try await late.execute(
                    """
                    INSERT INTO endpoints (app, endpoint_key, external_id, cohort, effective_at, created_at)
                    VALUES (\(audience.app), 77, 'late', 0, \(RunningAudience.now), \(RunningAudience.now))
                    """)
                var log = ChangeLog()
                log.touch(audience.app, [77])
                for statement in log.statements(at: RunningAudience.now) { try await late.execute(statement) }
                try await audience.send("PUT", "\(audience.path)/endpoints/x", ["Address": "a", "ChannelType": "SMS"])
                #expect(try await count(audience) == before + 1)
                try await late.execute("COMMIT")
            }
            #expect(try await count(audience) == before + 2)
        }
    }

    @Test func `endpoints that share an address are reached once, also when suppressed or alone again`() async throws {
        try await RunningAudience.run { audience in
            for number in 1...3 {
                try await audience.send(
                    "PUT", "\(audience.path)/endpoints/e\(number)",
                    ["ChannelType": "EMAIL", "Address": .string("e\(number)@example.com")])
            }
            try await audience.waitForIndex()
            #expect(try await audience.agrees(.everyone))
            // The takeover deactivates e1; then both are active with one address.
            for id in ["e2", "e1"] {
                try await audience.send("PUT", "\(audience.path)/endpoints/\(id)", ["Address": "E1@example.com"])
                #expect(try await audience.agrees(.everyone))
            }
            try await audience.test.database.transaction { session in
                try await session.execute("UPDATE endpoints SET endpoint_status = 'ACTIVE'")
                var log = ChangeLog()
                log.touch(audience.app, ["e1", "e2", "e3"].map { EndpointIdentity(app: audience.app, id: $0).key })
                for statement in log.statements(at: RunningAudience.now) { try await session.execute(statement) }
            }
            #expect(try await audience.agrees(.everyone))
            #expect(try await audience.counted(.everyone).total == .init(count: 3, reachable: 2))
            try await audience.send("DELETE", "\(audience.path)/endpoints/e2")
            #expect(try await audience.agrees(.everyone))
        }
    }

    @Test func `a log with rows pruned unread is noticed, and the index is loaded again`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 8).seed()
            try await audience.waitForIndex()
            try await audience.test.database.transaction { session in
                try await session.execute("DELETE FROM endpoints WHERE app = \(audience.app)")
                try await session.execute(
                    "UPDATE change_log_floor SET xid = (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1)::text::xid8"
                )
            }
            try await eventually { audience.log.events.contains("index.dropped") }
            try await eventually("the index counts right again") {
                let (estimate, source) = try await audience.estimates.estimate(
                    ResolvedSegment(expression: .everyone), app: audience.app, now: RunningAudience.now)
                return source == .index && estimate.total.count == 0
            }
        }
    }

    private func count(_ audience: RunningAudience) async throws -> Int64 {
        let (estimate, source) = try await audience.estimates.estimate(
            ResolvedSegment(expression: .everyone), app: audience.app, now: RunningAudience.now)
        #expect(source == .index)
        return estimate.total.count
    }
}
