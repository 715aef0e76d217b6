package import Core
import EventLoop
import Model
package import Postgres
package import Queue
import Runtime

/// Takes one chunk of a run through gate, provider and ledger, window by window.
///
/// Per window one transaction: it records the outcomes of the window before, asks the gate about the next recipients and
/// commits `fired` for them. Only then does anything leave. A crash therefore leaves at most one window in doubt per
/// lane, and what was never fired was never sent. Idempotent: every statement that moves the job is conditional on its lease
/// token. Emits `delivery.chunk` jobs for recipients that must be tried again.
package struct ChunkDelivery: Sendable {
    package static let kind = "delivery.chunk"

    let channel: any DeliveryChannel
    let database: Database
    let environment: Environment
    let lease: LeaseTerms
    /// Recipients in flight at once in one lane: what a crash leaves in doubt.
    let window: Int
    let runs: PreparedRuns
    package init(
        channel: any DeliveryChannel,
        database: Database,
        environment: Environment,
        lease: LeaseTerms,
        window: Int
    ) {
        self.channel = channel
        self.database = database
        self.environment = environment
        self.lease = lease
        self.window = window
        self.runs = PreparedRuns(channel: channel)
    }

    package func run(_ job: LeasedJob, _ held: HeldLease) async throws {
        let run = try await runs.load(job, from: database)
        var cursor = job.done
        var unrecorded: WindowResult?
        while cursor < job.recipients.count, !held.isStopping {
            let indices = cursor..<min(cursor + window, job.recipients.count)
            guard let opened = try await open(indices, of: job, run: run, recording: unrecorded, held) else {
                return try await recordLate(unrecorded, of: job, run: run)
            }
            Failpoint.hit("delivery.fired")
            let result = await handOver(opened, of: job, run: run, held)
            Failpoint.hit("delivery.sent")
            if let pause = result.pause {
                // Nothing of this window was taken, for certain: the job waits whole instead of falling into pieces.
                return try await close(result, of: job, run: run, done: cursor, dueAt: environment.now() + pause)
            }
            unrecorded = result
            cursor = indices.upperBound
        }
        try await close(unrecorded, of: job, run: run, done: cursor, dueAt: nil)
    }

    /// Records the window before and opens the next, in one commit. Nil when the lease is lost.
    private func open(
        _ indices: Range<Int>,
        of job: LeasedJob,
        run: PreparedRuns.Entry,
        recording previous: WindowResult?,
        _ held: HeldLease
    ) async throws -> OpenedWindow? {
        let began = MonotonicClock.now()
        let now = environment.now()
        let reads = [
            Recipient.load(Array(job.recipients[indices]), of: run.plan.app, channel: channel.type),
            RunStore.isCancelled(run.plan.app, run: run.plan.run),
        ]
        let move = Progress.open(job, done: indices.lowerBound, fired: indices.upperBound, lease: lease)
        var opened: OpenedWindow? = try await moving(job) { session in
            let rows = try await session.batch([move] + reads + consequences(of: previous, in: run.plan, at: now))
            guard !rows[0].isEmpty else { throw NotMoved() }
            try await append(previous, of: job, in: run.plan, at: now, session)
            return try OpenedWindow(indices, rows, at: now)
        }
        if opened == nil {
            // Either the lease is lost, or this very window was committed and the answer lost on the way.
            opened = try await moving(job) { session in
                let confirmation = Progress.confirm(job, fired: indices.upperBound, lease: lease)
                let rows = try await session.batch([confirmation] + reads)
                guard !rows[0].isEmpty else { throw NotMoved() }
                return try OpenedWindow(indices, rows, at: now)
            }
        }
        if opened != nil { held.confirmed(callBegan: began, terms: lease) }
        return opened
    }

    private func handOver(
        _ opened: OpenedWindow,
        of job: LeasedJob,
        run: PreparedRuns.Entry,
        _ held: HeldLease
    ) async -> WindowResult {
        let rules = Gate.Rules(channelType: channel.type, expiresAt: run.plan.expiresAt)
        let byKey = Dictionary(opened.recipients.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        var result = WindowResult(job: job, plan: run.plan, clock: environment)
        var sends: [(index: Int, send: Send)] = []
        for index in opened.indices {
            let recipient = byKey[job.recipients[index]]
            let decision = Gate.decide(
                recipient,
                runIsCancelled: opened.runIsCancelled,
                rules: rules,
                now: opened.openedAt
            )
            switch decision {
            case .refuse(let state, let reason):
                result.refuse(index, state, reason)
            case .send:
                guard let recipient else { continue }
                let send = Send(
                    recipient: recipient,
                    cause: run.cause(of: job),
                    ordinal: job.ordinal(index),
                    attempt: job.retries
                )
                sends.append((index, send))
            }
        }
        let outcomes = sends.isEmpty ? [] : await run.messages.deliver(sends.map(\.send), lease: held)
        for (index, outcome) in zip(sends.map(\.index), outcomes) { result.book(index, outcome) }
        result.decideOnUnsent()
        return result
    }

    /// The end of this process's hold on the job: finished, or given back from `done`.
    private func close(
        _ last: WindowResult?,
        of job: LeasedJob,
        run: PreparedRuns.Entry,
        done: Int,
        dueAt: Instant?
    ) async throws {
        let now = environment.now()
        let isFinished = done == job.recipients.count
        let move = isFinished ? Progress.complete(job) : Progress.giveBack(job, done: done, dueAt: dueAt)
        let kept: Bool? = try await moving(job) { session in
            let rows = try await session.batch([move] + consequences(of: last, in: run.plan, at: now))
            guard !rows[0].isEmpty else { throw NotMoved() }
            try await append(last, of: job, in: run.plan, at: now, session)
            return true
        }
        if kept == nil { try await recordLate(last, of: job, run: run) }
    }

    // MARK: Writing

    /// Nil when the job's row did not move: the transaction is rolled back, nothing of it stands.
    ///
    /// What was sent and is not recorded would become `unknown`, so a database that stumbles (lock timeout, deadlock, lost
    /// connection) is asked again, with a pause, for as long as a restart takes.
    private func moving<Value>(_ job: LeasedJob, _ body: (Session) async throws -> Value) async throws -> Value? {
        var attempt = 0
        while true {
            do {
                return try await database.transaction(body)
            } catch is NotMoved {
                return nil
            } catch  where attempt < Self.databaseAttempts && Self.mayPass(error) {
                attempt += 1
                environment.log.warning(
                    "delivery.database_retry",
                    ["job": .integer(job.id), "attempt": .integer(Int64(attempt)), "error": .string("\(error)")]
                )
                let pause = Self.databaseBackoff.delay(attempt: attempt, random: environment.randomWord())
                try await database.loop.sleep(for: max(pause, .milliseconds(20)))
            }
        }
    }

    private static let databaseAttempts = 20
    private static let databaseBackoff = Backoff(base: .milliseconds(50), cap: .seconds(2))

    private static func mayPass(_ error: any Error) -> Bool {
        if let fault = error as? SQLFault { return fault.isRetryable || fault.isOutcomeUnknown }
        return (error as? Fault)?.code == .unavailable
    }

    /// Jobs for those to be tried again, and suppressions of addresses that turned out to be dead.
    private func consequences(of window: WindowResult?, in plan: RunPlan, at now: Instant) -> [SQL] {
        guard let window else { return [] }
        var statements = window.retries.map(Queue.insert)
        if !window.deadKeys.isEmpty {
            statements.append(Recipient.suppress(window.deadKeys, of: plan.app, channel: channel.type, at: now))
        }
        return statements
    }

    private func append(
        _ window: WindowResult?,
        of job: LeasedJob,
        in plan: RunPlan,
        at now: Instant,
        _ session: Session
    ) async throws {
        guard let window, let cause = job.send else { return }
        try await OutcomeStore.append(window.rows, of: cause, plan: plan, at: now, in: session)
    }

    /// A holder that woke up too late may still add what it knows for certain: acceptances (ARCHITECTURE §4).
    private func recordLate(_ window: WindowResult?, of job: LeasedJob, run: PreparedRuns.Entry) async throws {
        guard let late = window?.lateRows, !late.isEmpty, let cause = job.send else { return }
        let now = environment.now()
        environment.log.warning("delivery.lease_lost", ["job": .integer(job.id), "late": .integer(Int64(late.count))])
        try await database.transaction { session in
            try await OutcomeStore.appendLate(late, of: cause, plan: run.plan, at: now, in: session)
        }
    }

    private struct NotMoved: Error {}
}

/// A window that was fired, and what the gate read in the same transaction.
private struct OpenedWindow {
    let indices: Range<Int>
    let recipients: [Recipient]
    let runIsCancelled: Bool
    let openedAt: Instant

    /// `rows`: of the move, of the recipients, of the run's state.
    init(_ indices: Range<Int>, _ rows: [[Row]], at now: Instant) throws {
        self.indices = indices
        recipients = try rows[1].map { try Recipient($0) }
        runIsCancelled = try rows[2].first?.get(0) ?? true
        openedAt = now
    }
}
