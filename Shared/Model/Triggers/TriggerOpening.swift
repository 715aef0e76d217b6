package import Core
package import Postgres
package import Queue
import Runtime
import Segments

/// Turns the events of a `TriggerJob` into recipients of the campaign's open run: asks the segment now, and in one transaction
/// ends the job, writes the chunks, and enqueues their delivery.
///
/// Killed anywhere, the job is opened again from its start or not at all: each event is in one chunk of its campaign at most.
package struct TriggerOpening: Sendable {
    /// What became of a job.
    package enum Result: Sendable, Equatable {
        /// Recipients that were planned, the holdout included, and the queues that have jobs of them.
        case opened(Int, queues: Set<JobQueue>)
        /// The run of the day is not made or not frozen yet: to be tried again in a moment.
        case mustWait
        /// The campaign was paused, deleted or refused since the event; nobody was planned.
        case dropped
        /// The lease was lost: somebody else has the job.
        case lost
    }

    let kind: String
    private let runs = OpenRuns()

    package init(kind: String) {
        self.kind = kind
    }

    /// `newRun`: for the run of the day, when it is missing.
    package func open(
        _ leased: LeasedJob, now: Instant, newRun: RunID, in database: Database
    ) async throws -> Result {
        let job = try TriggerJob(leased)
        let place = try await database.withSession { try await OpenRuns.find(job, now: now, in: $0) }
        switch place {
        case .missing(let end):
            try await database.execute(
                EventCampaigns.insert(newRun, of: job.trigger, job.app, day: now.day, end: end, now: now))
            return .mustWait
        case .freezing:
            return .mustWait
        case .over:
            return try await drop(leased, in: database)
        case .open(let key):
            let run = try await database.withSession { try await runs.load(key, in: $0) }
            let members = try await database.withSession { session in
                try await TriggerMembers.load(
                    Set(job.endpointKeys), of: job.app, in: run.segment, now: now, in: session)
            }
            let chunks = TriggerChunk.chunks(of: job, members: members, arms: run.arms, plan: run.plan)
            do {
                return try await database.retryingTransaction { session in
                    try await write(chunks, of: job, leased, run, now: now, in: session)
                }
            } catch is Lost {
                return .lost
            }
        }
    }

    private func drop(_ job: LeasedJob, in database: Database) async throws -> Result {
        try await database.query(Progress.complete(job)).isEmpty ? .lost : .dropped
    }

    private func write(
        _ chunks: [TriggerChunk], of job: TriggerJob, _ leased: LeasedJob, _ run: OpenRuns.Run, now: Instant,
        in session: Session
    ) async throws -> Result {
        let planned = chunks.reduce(0) { $0 + $1.keys.count }
        // The run's row is locked by the second statement, so that the third sees every chunk there is.
        let rows = try await session.batch([
            Progress.complete(leased),
            """
            UPDATE runs SET planned = planned + \(planned)
             WHERE app = \(job.app) AND id = \(run.plan.run) AND state = 'RUNNING'
            RETURNING id
            """,
            """
            SELECT coalesce(max(chunk) + 1, 0) FROM run_chunks WHERE app = \(job.app) AND run = \(run.plan.run)
            """,
        ])
        // Thrown, so that nothing of the batch stands.
        if rows[0].isEmpty { throw Lost() }
        // Completed or cancelled a moment ago: the next try finds another run, or none.
        if rows[1].isEmpty { throw Closed() }
        Failpoint.hit("triggers.opening")
        let first: Int32 = try rows[2][0].get(0)
        var statements: [SQL] = []
        for (index, chunk) in chunks.enumerated() {
            let cause = SendCause(
                run: run.plan.run, runDay: run.plan.runDay, chunk: first + Int32(index), treatment: chunk.arm)
            statements.append(chunk.row(of: cause, app: job.app))
            if chunk.arm == Arms.holdout {
                try await OutcomeStore.append(chunk.holdout, of: cause, plan: run.plan, at: now, in: session)
            } else {
                statements.append(Queue.insert(delivery(of: chunk, cause, job, run, now: now)))
            }
        }
        try await session.commit(with: statements)
        return .opened(planned, queues: Set(chunks.filter { $0.arm != Arms.holdout }.map(\.queue)))
    }

    private func delivery(
        of chunk: TriggerChunk, _ cause: SendCause, _ job: TriggerJob, _ run: OpenRuns.Run, now: Instant
    ) -> NewJob {
        var delivery = NewJob(queue: chunk.queue, kind: kind, dueAt: now)
        delivery.priority = 0
        delivery.app = job.app
        delivery.send = cause
        delivery.recipients = chunk.keys
        delivery.payload = ["expires_at": .integer((job.receivedAt + TriggerJob.lifetime).microseconds)]
        return delivery
    }

    private struct Lost: Error {}

    /// The run ended between the look and the lock.
    package struct Closed: Error {}
}
