import Core
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct ClaimTests {
    let fixture: QueueFixture

    init() throws {
        fixture = try QueueFixture()
    }

    @Test func `jobs are taken by priority, then due time, then age`() async throws {
        let now = fixture.environment.now()
        let late = try await fixture.enqueue()
        let early = try await fixture.enqueue { $0.dueAt = now - .seconds(60) }
        let urgent = try await fixture.enqueue { $0.priority = 0 }
        var order: [Int64] = []
        for _ in 0..<3 { order += try await fixture.take().map(\.id) }
        #expect(order == [urgent, early, late])
    }

    @Test func `a job that is not due yet, or below the lane's priority, stays`() async throws {
        let now = fixture.environment.now()
        try await fixture.enqueue { $0.dueAt = now + .seconds(1) }
        try await fixture.enqueue()
        #expect(try await fixture.take(maximumPriority: 0).isEmpty)
        #expect(try await fixture.take(limit: 10).count == 1)
    }

    @Test func `workers that claim at the same time never hold the same job`() async throws {
        for _ in 0..<60 { try await fixture.enqueue() }
        let taken = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<12 { group.addTask { try await fixture.take(limit: 5).map(\.id) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.count == 60)
        #expect(Set(taken).count == 60)
    }

    /// The plan that the optimizer takes while the table is small or its statistics are old: the selection on the inner side.
    @Test func `a claim leases what it was asked for under any plan`() async throws {
        for _ in 0..<8 { try await fixture.enqueue() }
        let database = try TestDatabase.current.makeDatabase(poolSize: 1)
        try await database.execute("SET enable_hashjoin = off")
        try await database.execute("SET enable_mergejoin = off")
        try await database.execute("SET enable_hashagg = off")
        try await database.execute("SET enable_sort = off")
        try await database.execute("SET enable_material = off")
        let taken = try await Claim.take(
            fixture.queue,
            maximumPriority: .max,
            limit: 1,
            lease: fixture.lease,
            now: fixture.environment.now(),
            in: database
        )
        await database.close()
        let leased: Int = try await fixture.database
            .query("SELECT count(*) FROM jobs WHERE lease_owner IS NOT NULL")[0].get(0)
        #expect(taken.count == 1)
        #expect(leased == 1)
    }

    @Test func `what was enqueued comes back as it was`() async throws {
        let cause = SendCause(
            run: RunID(high: 1, low: 2),
            runDay: Day(year: 1998, month: 7, day: 1),
            chunk: 3,
            treatment: 1
        )
        try await fixture.enqueue(recipients: [-5, 9]) { job in
            job.app = AppID(high: 3, low: 4)
            job.send = cause
            job.payload = ["a": [1, "x"]]
            job.ordinals = [17, 4]
            job.possibleDuplicate = true
            job.retries = 2
        }
        let job = try #require(try await fixture.take().first)
        #expect(job.kind == "test.work")
        #expect(job.app == AppID(high: 3, low: 4))
        #expect(job.send == cause)
        #expect(job.payload == ["a": [1, "x"]])
        #expect(job.recipients == [-5, 9])
        #expect(job.ordinal(0) == 17)
        #expect(job.ordinal(1) == 4)
        #expect(job.possibleDuplicate)
        #expect(job.retries == 2)
        #expect(job.attempt == 1)
    }

    @Test func `an enqueue that is rolled back never happened`() async throws {
        let job = NewJob(queue: fixture.queue, kind: "test.work", dueAt: fixture.environment.now())
        await #expect(throws: CancellationError.self) {
            try await fixture.database.transaction { session in
                try await Queue.enqueue(job, in: session)
                throw CancellationError()
            }
        }
        #expect(try await fixture.jobCount() == 0)
    }

    /// Paced and deferred messages wait as jobs: a poll must not walk past all of them.
    @Test func `a claim looks at no job that is due later, however many there are`() async throws {
        let (database, now) = (fixture.database, fixture.environment.now())
        try await database.execute(
            """
            INSERT INTO jobs (queue, kind, priority, due_at)
            SELECT \(fixture.queue.name), 'test.work', CASE WHEN n % 10 = 0 THEN 0 ELSE 10 END, \(now) + n * interval '1 second'
              FROM generate_series(1, 100000) AS n
            """
        )
        try await database.execute("VACUUM ANALYZE jobs")
        #expect(try await fixture.take(limit: 5).isEmpty)
        let statement = Claim.statement(
            fixture.queue, maximumPriority: .max, limit: 1, lease: fixture.lease, now: now)
        let rows = try await database.query("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) \(statement)")
        let plan = try rows.map { try $0.get(0) as String }
        #expect(!plan.contains { $0.contains("Seq Scan on jobs") }, "\(plan.joined(separator: "\n"))")
        let hits = try #require(plan.first { $0.contains("Buffers: shared") })
        let blocks = hits.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }.reduce(0, +)
        #expect(blocks < 60, "a walk over 100,000 index entries reads several hundred: \(hits)")
        let due = try await fixture.enqueue { $0.priority = 7 }
        #expect(try await fixture.take(limit: 5).map(\.id) == [due])
    }
}
