package import Core
package import EventLoop
package import Postgres
import Queue

/// Works on the queue of erasures, one at a time; any number of processes may.
package struct EraseWorker: Sendable {
    /// Until a job that a delivery worker holds is looked at again.
    private static let heldPause: Duration = .seconds(2)
    private let database: Database
    private let environment: Environment
    private let lease: LeaseTerms

    package init(database: Database, environment: Environment, leaseDuration: Duration) {
        self.database = database
        self.environment = environment
        lease = LeaseTerms(owner: environment.newID(), duration: leaseDuration)
    }

    /// Until cancelled.
    package func run(on loop: EventLoop) async {
        // No recipients, hence nothing in doubt and nothing to quarantine.
        let resolver = Settlement.Resolver(inDoubt: { _, _, _ in }, poison: { _, _, _ in })
        let worker = Worker(
            terms: Worker.Terms(queue: .privacy, lanes: 1, lease: lease), loop: loop, database: database,
            environment: environment, settlement: Settlement(resolver: resolver),
            handler: { job, held in try await handle(job, isStopping: { held.isStopping }) })
        await worker.runUntilCancelled()
    }

    /// Does what is due now, in the calling task; for a command that waits for the end. False when nothing was due.
    package func runDue() async throws -> Bool {
        let jobs = try await Claim.take(
            .privacy, maximumPriority: .max, limit: 1, lease: lease, now: environment.now(), in: database)
        for job in jobs { try await handle(job, isStopping: { false }) }
        return !jobs.isEmpty
    }

    private func handle(_ job: LeasedJob, isStopping: @escaping @Sendable () -> Bool) async throws {
        let erasure = try Erasure(job)
        let result = try await Eraser(database: database, isStopping: isStopping).run(erasure)
        let now = environment.now()
        switch result {
        case .done:
            try await database.retryingTransaction { session in
                let moved = try await session.query(Progress.complete(job))
                // When the lease was lost, whoever has it now queues the second look.
                guard !moved.isEmpty, let followUp = erasure.followUp else { return }
                try await Queue.enqueue(followUp, in: session)
            }
        case .held:
            _ = try await database.query(Progress.giveBack(job, done: 0, dueAt: now + Self.heldPause))
        case .stopped:
            _ = try await database.query(Progress.giveBack(job, done: 0, dueAt: now))
        }
    }
}
