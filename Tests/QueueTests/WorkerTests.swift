import Core
import EventLoop
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct WorkerTests {
    let fixture: QueueFixture

    init() throws {
        fixture = try QueueFixture()
    }

    private func worker(lanes: Int = 2, handler: @escaping Worker.Handler) throws -> Worker {
        try Worker(
            terms: Worker.Terms(queue: fixture.queue, lanes: lanes, lease: fixture.lease),
            loop: TestDatabase.current.loop,
            database: fixture.database,
            environment: fixture.environment,
            settlement: fixture.settlement,
            handler: handler
        )
    }

    private func running<Value: Sendable>(
        _ worker: Worker,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await worker.runUntilCancelled() }
            let value = try await body()
            group.cancelAll()
            try await group.waitForAll()
            return value
        }
    }

    @Test func `every job is handled once and gone`() async throws {
        let seen = Lock<[Int64]>([])
        for number in 0..<20 { try await fixture.enqueue(recipients: [Int64(number)]) }
        let database = fixture.database
        let worker = try worker(lanes: 4) { job, _ in
            seen.withLock { $0 += job.recipients }
            _ = try await database.query(Progress.complete(job))
        }
        try await running(worker) {
            try await eventually { try await fixture.jobCount() == 0 }
        }
        #expect(seen.withLock { $0.sorted() } == Array(0..<20))
    }

    @Test func `a lane is kept for priority 0 while the others are busy`() async throws {
        let release = Lock(false)
        let urgent = Lock(false)
        let loop = try TestDatabase.current.loop
        let database = fixture.database
        try await fixture.enqueue()
        let worker = try worker(lanes: 2) { job, _ in
            if job.priority == 0 { urgent.withLock { $0 = true } }
            while job.priority != 0, !release.withLock({ $0 }) { try await loop.sleep(for: .milliseconds(5)) }
            _ = try await database.query(Progress.complete(job))
        }
        try await running(worker) {
            try await fixture.enqueue { $0.priority = 0 }
            try await eventually { urgent.withLock { $0 } }
            release.withLock { $0 = true }
            try await eventually { try await fixture.jobCount() == 0 }
        }
    }

    @Test func `a handler that throws is tried again`() async throws {
        let attempts = Lock(0)
        let database = fixture.database
        try await fixture.enqueue()
        let worker = try worker { job, _ in
            let attempt = attempts.withLock { attempts in
                attempts += 1
                return attempts
            }
            if attempt == 1 { throw Fault(.unavailable, "not now") }
            _ = try await database.query(Progress.complete(job))
        }
        try await running(worker) {
            try await eventually {
                // The test's clock stands still, so the backoff is taken out of the row.
                try await database.execute(
                    "UPDATE jobs SET due_at = due_at - interval '1 min' WHERE lease_owner IS NULL")
                return try await fixture.jobCount() == 0
            }
        }
        #expect(attempts.withLock { $0 } == 2)
    }

    @Test func `stopping tells the handler and waits for it`() async throws {
        let started = Lock(false)
        let finished = Lock(false)
        let loop = try TestDatabase.current.loop
        try await fixture.enqueue()
        let database = fixture.database
        let worker = try worker { job, lease in
            started.withLock { $0 = true }
            while !lease.isStopping { try await loop.sleep(for: .milliseconds(5)) }
            _ = try await database.query(Progress.giveBack(job, done: 0, dueAt: nil))
            finished.withLock { $0 = true }
        }
        try await running(worker) {
            try await eventually { started.withLock { $0 } }
        }
        #expect(finished.withLock { $0 })
        #expect(try await fixture.take().count == 1)
    }
}
