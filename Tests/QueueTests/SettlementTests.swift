import Core
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct SettlementTests {
    let fixture: QueueFixture

    init() throws {
        fixture = try QueueFixture()
    }

    @Test func `a vanished worker's job is taken again, unfired recipients untouched`() async throws {
        try await fixture.enqueue(recipients: [1, 2, 3])
        let first = try #require(try await fixture.take().first)
        try await fixture.expireLeases()
        #expect(try await fixture.reaper.runOnce().settled == 1)
        let second = try #require(try await fixture.take().first)
        #expect(second.id == first.id)
        #expect(second.attempt == 2)
        #expect(second.done == 0)
        #expect(try await fixture.resolved("in doubt").isEmpty)
    }

    @Test func `what was fired without an outcome is in doubt, and only that`() async throws {
        try await fixture.enqueue(recipients: [1, 2, 3, 4, 5])
        let job = try #require(try await fixture.take().first)
        #expect(try await fixture.move(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)))
        #expect(try await fixture.move(Progress.open(job, done: 2, fired: 4, lease: fixture.lease)))
        try await fixture.expireLeases()
        _ = try await fixture.reaper.runOnce()
        #expect(try await fixture.resolved("in doubt") == [3, 4])
        let again = try #require(try await fixture.take().first)
        #expect(again.done == 4)
        #expect(again.fired == 4)
        #expect(again.attempt == 1, "progress resets the attempts")
    }

    @Test func `a holder that wakes up after its lease was settled can move nothing`() async throws {
        try await fixture.enqueue(recipients: [1, 2])
        let job = try #require(try await fixture.take().first)
        try await fixture.expireLeases()
        #expect(try await !fixture.move(Progress.open(job, done: 0, fired: 1, lease: fixture.lease)), "expired")
        _ = try await fixture.reaper.runOnce()
        _ = try await fixture.take()
        #expect(try await !fixture.move(Progress.open(job, done: 0, fired: 1, lease: fixture.lease)), "fenced")
        #expect(try await !fixture.move(Progress.complete(job)))
        #expect(try await !fixture.move(Progress.giveBack(job, done: 1, dueAt: nil)))
        #expect(try await !fixture.move(Progress.extend([job], lease: fixture.lease)))
        #expect(try await fixture.jobCount() == 1)
    }

    @Test func `a job whose last recipients were in doubt is finished`() async throws {
        try await fixture.enqueue(recipients: [1, 2])
        let job = try #require(try await fixture.take().first)
        #expect(try await fixture.move(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)))
        try await fixture.expireLeases()
        _ = try await fixture.reaper.runOnce()
        #expect(try await fixture.jobCount() == 0)
    }

    @Test func `one poisonous recipient among 500 ends alone after at most twelve crashes`() async throws {
        let poison: Int64 = 333
        try await fixture.enqueue(recipients: Array(0..<500))
        var crashes = 0
        var delivered: Set<Int64> = []
        while let job = try await fixture.take().first {
            if job.recipients[job.done...].contains(poison) {
                crashes += 1
                try await fixture.expireLeases()
                _ = try await fixture.reaper.runOnce()
            } else {
                delivered.formUnion(job.recipients)
                #expect(try await fixture.move(Progress.complete(job)))
            }
            try #require(crashes <= 12)
        }
        #expect(try await fixture.resolved("poison") == [poison])
        #expect(delivered == Set(0..<500).subtracting([poison]))
    }

    @Test func `a handler that throws is settled as a crash is, with a pause`() async throws {
        try await fixture.enqueue(recipients: [1, 2])
        let job = try #require(try await fixture.take().first)
        #expect(try await fixture.move(Progress.open(job, done: 0, fired: 1, lease: fixture.lease)))
        let later = fixture.environment.now() + .seconds(5)
        try await fixture.settlement.settle(failed: job, dueAt: later, in: fixture.database)
        #expect(try await fixture.resolved("in doubt") == [1])
        #expect(try await fixture.take().isEmpty, "due later")
    }

    @Test func `giving back keeps recorded progress and returns the attempt`() async throws {
        try await fixture.enqueue(recipients: [1, 2, 3])
        let job = try #require(try await fixture.take().first)
        #expect(try await fixture.move(Progress.open(job, done: 0, fired: 2, lease: fixture.lease)))
        #expect(try await fixture.move(Progress.giveBack(job, done: 0, dueAt: nil)))
        let again = try #require(try await fixture.take().first)
        #expect(again.done == 0)
        #expect(again.fired == 0)
        #expect(again.attempt == 1)
        #expect(again.token > job.token)
    }

    @Test func `leases of held jobs are extended, others are reported lost`() async throws {
        try await fixture.enqueue()
        try await fixture.enqueue()
        let jobs = try await fixture.take(limit: 2)
        try await fixture.database.execute(
            "UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE id = \(jobs[0].id)"
        )
        let kept = try await fixture.database.query(Progress.extend(jobs, lease: fixture.lease))
        #expect(try kept.map { try $0.get(0) as Int64 } == [jobs[1].id])
    }
}
