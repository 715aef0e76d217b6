import Core
import Delivery
import EventLoop
import Hosting
import Model
import Postgres
import Queue
import Runtime

/// Opens the events that started campaigns: each becomes a place in a delivery job, or nothing.
///
/// Here and not in the delivery workers, because the run of the day is the scheduler's, and one run may have many channels.
struct TriggerWorker: Sendable {
    /// Jobs at once, the lane for priority 0 included, which all of these have.
    private static let lanes = 2
    /// For a run that is about to be made: soon at first, and no more often than this when it does not come.
    private static let shortestWait: Duration = .milliseconds(50)
    private static let longestWait: Duration = .seconds(2)

    let context: ServiceContext
    let hints: QueueNotifier
    let signal: SchedulerSignal
    private let opening = TriggerOpening(kind: ChunkDelivery.kind)

    init(context: ServiceContext, hints: QueueNotifier, signal: SchedulerSignal) {
        self.context = context
        self.hints = hints
        self.signal = signal
    }

    var workers: [BackgroundWorker] {
        let environment = context.environment
        let lease = LeaseTerms(owner: environment.newID(), duration: context.configuration.leaseTTL)
        let worker = Worker(
            terms: Worker.Terms(queue: .triggers, lanes: Self.lanes, lease: lease), loop: context.loop,
            database: context.database, environment: environment, settlement: Settlement(resolver: Self.resolver),
            handler: { job, _ in try await open(job) })
        return [
            BackgroundWorker(name: "triggers") { await worker.runUntilCancelled() },
            BackgroundWorker(name: "trigger-hints") { await worker.followHints(of: context.database) },
        ]
    }

    private func open(_ job: LeasedJob) async throws {
        let environment = context.environment
        do {
            let result = try await opening.open(
                job, now: environment.now(), newRun: environment.newID(), in: context.database)
            switch result {
            case .opened(_, let queues):
                Failpoint.hit("triggers.opened")
                for queue in queues { hints.notify(queue) }
            case .mustWait:
                try await giveBack(job)
            case .dropped:
                environment.log.info("triggers.dropped", ["job": .integer(job.id)])
            case .lost:
                environment.log.warning("triggers.lease_lost", ["job": .integer(job.id)])
            }
        } catch is TriggerOpening.Closed {
            try await giveBack(job)
        }
    }

    private func giveBack(_ job: LeasedJob) async throws {
        let now = context.environment.now()
        let age = now - (try TriggerJob(job).receivedAt)
        if age < Self.longestWait { signal.wake() }
        let due = now + min(max(age, Self.shortestWait), Self.longestWait)
        _ = try await context.database.query(Progress.giveBack(job, done: 0, dueAt: due))
    }

    /// Jobs of events have no recipients, so that none is ever in doubt, or alone.
    private static let resolver = Settlement.Resolver(inDoubt: { _, _, _ in }, poison: { _, _, _ in })
}
