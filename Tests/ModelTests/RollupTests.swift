import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct RollupTests {
    let fixture: LedgerFixture

    init() throws {
        fixture = try LedgerFixture()
    }

    private func count() async throws -> Int64 {
        try await fixture.database.query("SELECT coalesce(sum(n), 0)::bigint FROM rollups")[0].get(0)
    }

    @Test func `a transaction that commits late is counted, though later ones were before`() async throws {
        try await fixture.start()
        let (fixture, plan) = (fixture, fixture.plan)
        try await fixture.database.withSession { late in
            try await late.execute("BEGIN")
            try await OutcomeStore.append(fixture.rows(1...3), of: fixture.cause, plan: plan, at: fixture.now, in: late)
            // Begun later, committed earlier.
            try await fixture.book(fixture.rows(4...10))
            try await fixture.step()
            #expect(try await count() == 0, "nothing beyond the oldest running transaction is read")
            try await late.execute("COMMIT")
        }
        try await fixture.rollUp()
        #expect(try await count() == 10)
        try await fixture.rollUp()
        #expect(try await count() == 10, "nothing counts twice")
    }

    @Test func `counts of one bucket add up, buckets stay apart`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...4))
        try await fixture.book(fixture.rows(5...6))
        try await fixture.rollUp()
        try await fixture.book(fixture.rows(7...7))
        try await fixture.book(fixture.rows(8...8, .rejected))
        try await fixture.rollUp()
        let rows = try await fixture.database.query("SELECT type, n FROM rollups ORDER BY type")
        #expect(try rows.map { try $0.get(0) as String } == ["_outcome.accepted", "_outcome.rejected"])
        #expect(try rows.map { try $0.get(1) as Int64 } == [7, 1])
    }

    @Test func `consumed rows go after an hour, unread ones never`() async throws {
        try await fixture.start()
        try await fixture.book(fixture.rows(1...2))
        let later = fixture.now + .seconds(7200)
        #expect(try await fixture.database.transaction { try await RollupStore.prune(now: later, in: $0) } == 0)
        try await fixture.rollUp()
        #expect(try await fixture.database.transaction { try await RollupStore.prune(now: fixture.now, in: $0) } == 0)
        #expect(try await fixture.database.transaction { try await RollupStore.prune(now: later, in: $0) } == 1)
    }

    @Test(arguments: [(0, 10), (10, 10), (5, 10), (300, 1000)] as [(Int64, Int64)])
    func `an interval holds its rate and stays between 0 and 1`(successes: Int64, total: Int64) throws {
        let interval = try #require(WilsonInterval(successes: successes, of: total))
        #expect(interval.low <= interval.rate && interval.rate <= interval.high)
        #expect(interval.low >= 0 && interval.high <= 1)
        #expect(interval.high - interval.low > 0)
    }

    @Test func `the interval of 10 in 100 is the published one`() throws {
        let interval = try #require(WilsonInterval(successes: 10, of: 100))
        #expect((interval.low * 10_000).rounded() == 552)
        #expect((interval.high * 10_000).rounded() == 1744)
    }

    @Test func `nobody asked, no interval`() {
        #expect(WilsonInterval(successes: 0, of: 0) == nil)
        #expect(WilsonInterval(successes: 2, of: 1) == nil)
    }
}
