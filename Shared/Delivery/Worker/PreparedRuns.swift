import Core
import EventLoop
import Model
import Postgres
import Queue

/// The runs this process is working on, each frozen plan read and its messages compiled once.
final class PreparedRuns: Sendable {
    struct Entry: Sendable {
        let plan: RunPlan
        let messages: any PreparedRun

        func cause(of job: LeasedJob) -> SendCause {
            job.send ?? SendCause(run: plan.run, runDay: plan.runDay, chunk: 0, treatment: 0)
        }

        /// The earlier of the run's and the message's own: `expires_at` in the job's payload, µs of business time.
        func expiry(of job: LeasedJob) -> Instant {
            guard let own = job.payload["expires_at"]?.int else { return plan.expiresAt }
            return min(plan.expiresAt, Instant(microseconds: Int64(own)))
        }

        /// What the job sends, for the gate.
        func intent(of job: LeasedJob, queue: JobQueue, runIsCancelled: Bool) -> Gate.Intent {
            let arm = Int(cause(of: job).treatment)
            let treatment = plan.treatments.indices.contains(arm) ? plan.treatments[arm] : nil
            return Gate.Intent(
                channels: treatment?.channels(of: queue) ?? [], messageChannels: treatment?.channels ?? [],
                campaign: plan.campaign, expiresAt: expiry(of: job), runIsCancelled: runIsCancelled)
        }
    }

    /// Bounds memory: a process rarely has more runs at once than lanes.
    private static let capacity = 64

    private let channel: any DeliveryChannel
    private let entries = Lock<[RunID: Entry]>([:])

    init(channel: any DeliveryChannel) {
        self.channel = channel
    }

    /// Throws `.integrity` when the job's run is gone or not readable.
    func load(_ job: LeasedJob, from database: Database) async throws -> Entry {
        guard let app = job.app, let run = job.send?.run else {
            throw Fault(.integrity, "job \(job.id) names no run")
        }
        if let entry = entries.withLock({ $0[run] }) { return entry }
        guard let plan = try await database.withSession({ try await RunStore.plan(app, run: run, in: $0) }) else {
            throw Fault(.integrity, "run \(run) of job \(job.id) does not exist")
        }
        let entry = Entry(plan: plan, messages: try channel.prepare(plan))
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll() }
            entries[run] = entry
        }
        return entry
    }
}
