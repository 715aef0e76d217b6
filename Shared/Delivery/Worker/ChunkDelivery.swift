package import Core
import EventLoop
import Model
package import Postgres
package import Queue
import Runtime

/// Takes one chunk of a run through gate, provider and ledger, window by window.
///
/// Per window one transaction: it records the outcomes of the window before, asks the gate about the next recipients and
/// commits `fired` for them. Only then does anything leave, and nothing starts later than `Gate.startLimit` after the
/// recipients' state was read. A crash therefore leaves at most one window in doubt per
/// lane, and what was never fired was never sent. Idempotent: every statement that moves the job is conditional on its lease
/// token. Emits `delivery.chunk` jobs for recipients that must be tried again, or later.
package struct ChunkDelivery: Sendable {
    package static let kind = "delivery.chunk"

    let channel: any DeliveryChannel
    let database: Database
    let environment: Environment
    let lease: LeaseTerms
    /// Recipients in flight at once in one lane: what a crash leaves in doubt.
    let window: Int
    let rules: DeliveryRules
    let runs: PreparedRuns
    /// Windows in a row, of all lanes, that found no provider. In memory only: an outage paces this process.
    private let outages = Lock(0)
    let counting = CountingApps()

    package init(
        channel: any DeliveryChannel,
        database: Database,
        environment: Environment,
        lease: LeaseTerms,
        window: Int,
        rules: DeliveryRules = DeliveryRules()
    ) {
        self.channel = channel
        self.database = database
        self.environment = environment
        self.lease = lease
        self.window = window
        self.rules = rules
        self.runs = PreparedRuns(channel: channel)
    }

    package func run(_ job: LeasedJob, _ held: HeldLease) async throws {
        let run = try await runs.load(job, from: database)
        let triggers = await rules.serviceEvents?.triggers(for: run.plan) ?? .none
        var place = Place(done: job.done, fired: job.done)
        var unrecorded: WindowResult?
        let pace = RunPace(run.plan, database: database)
        var hook = ChunkFilter(self, job, run)
        while place.done < job.recipients.count, !held.isStopping {
            // Who has expired takes no turn from anybody.
            if environment.now() < run.expiry(of: job),
                let wait = try await pace.turn(of: job.recipients.count - place.done)
            {
                return try await rest(unrecorded, of: job, run: run, done: place.done, for: wait, held)
            }
            let indices = place.done..<min(place.done + pace.window(window), job.recipients.count)
            if hook.asks(about: indices), let window = unrecorded {
                // A hook may take a minute; a crash meanwhile must not leave in doubt what is known already.
                guard try await record(window, place.done, place.fired, of: job, run: run, held) else {
                    return try await recordLate(window, of: job, run: run)
                }
                (place.fired, unrecorded) = (place.done, nil)
            }
            let verdicts: [Int64: HookVerdict]
            switch try await hook.verdicts(on: indices, held) {
            case .verdicts(let said): verdicts = said
            case .wait(let pause):
                return try await rest(unrecorded, of: job, run: run, done: place.done, for: pause, held)
            case .abandoned:
                return try await close(unrecorded, of: job, run: run, done: place.done, dueAt: nil)
            }
            let opening = WindowOpening(delivery: self, job: job, run: run, indices: indices, hook: verdicts)
            let opened: OpenedWindow?
            do {
                opened = try await opening.open(recording: unrecorded, fired: place.fired, held)
            } catch is NoTurn {
                continue
            }
            guard let opened else { return try await recordLate(unrecorded, of: job, run: run) }
            if unrecorded?.startsCampaigns == true { rules.serviceEvents?.announce() }
            pace.opened(next: opened.next)
            Failpoint.hit("delivery.fired")
            let result = await handOver(opened, of: job, run: run, triggers, held)
            Failpoint.hit("delivery.sent")
            if let pause = result.pause {
                // Nothing of this window was taken, for certain: the job waits whole instead of falling into pieces.
                return try await close(result, of: job, run: run, done: place.done, dueAt: environment.now() + pause)
            }
            unrecorded = result
            place = Place(done: result.resumesAt, fired: indices.upperBound)
        }
        try await close(unrecorded, of: job, run: run, done: place.done, dueAt: nil)
    }

    /// Gives the job back until its next turn.
    private func rest(
        _ last: WindowResult?, of job: LeasedJob, run: PreparedRuns.Entry, done: Int, for wait: Duration,
        _ held: HeldLease
    ) async throws {
        let (now, expiry) = (environment.now(), run.expiry(of: job))
        // Whoever expires before that is told then.
        let dueAt = now < expiry ? min(now + wait, expiry) : now + wait
        try await close(last, of: job, run: run, done: done, dueAt: dueAt)
        held.comesBack(at: dueAt)
    }

    /// Where a job stands by what this holder has committed and seen.
    private struct Place {
        /// Everybody before has an outcome or a job of their own, recorded or about to be.
        var done: Int
        /// As the job's row says.
        var fired: Int
    }

    private func handOver(
        _ opened: OpenedWindow,
        of job: LeasedJob,
        run: PreparedRuns.Entry,
        _ triggers: EventTriggers,
        _ held: HeldLease
    ) async -> WindowResult {
        var result = WindowResult(
            job: job, plan: run.plan, indices: opened.indices, expiresAt: run.expiry(of: job), clock: environment,
            outagesBefore: outages.withLock { $0 }, sharesRetries: channel.sharesRetries)
        var sends: [(index: Int, send: Send)] = []
        for (index, recipient, decision) in opened.decisions {
            switch decision {
            case .refuse(let state, let reason): result.refuse(index, state, reason)
            case .defer(let until): result.postpone(index, until: until, slot: opened.slots[index])
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
        let startBefore = min(held.startBefore, opened.readAt + Gate.startLimit.microseconds)
        let outcomes = sends.isEmpty ? [] : await run.messages.deliver(sends.map(\.send), startBefore: startBefore)
        for ((index, send), outcome) in zip(sends, outcomes) { result.book(index, outcome, for: send.recipient) }
        result.decideOnUnsent()
        if let events = rules.serviceEvents {
            result.add(
                startedBy: events.jobs(
                    for: result.rows, of: run.cause(of: job), plan: run.plan, on: channel.queue, triggers))
        }
        if !sends.isEmpty {
            outages.withLock { $0 = result.isOutage ? min($0 + 1, Self.outagesCounted) : 0 }
        }
        return result
    }

    /// False when the lease is lost.
    private func record(
        _ window: WindowResult, _ done: Int, _ fired: Int, of job: LeasedJob, run: PreparedRuns.Entry, _ held: HeldLease
    ) async throws -> Bool {
        let began = MonotonicClock.now()
        let move = Progress.record(job, done: done, fired: fired, lease: lease)
        if try await !commit(move, recording: window, of: job, run: run) {
            // The commit may have stood and only its answer been lost.
            let confirmation = Progress.confirm(job, done: done, fired: done, lease: lease)
            guard try await !database.query(confirmation).isEmpty else { return false }
        }
        held.confirmed(callBegan: began, terms: lease)
        return true
    }

    /// The end of this process's hold on the job: finished, or given back from `done`.
    private func close(
        _ last: WindowResult?,
        of job: LeasedJob,
        run: PreparedRuns.Entry,
        done: Int,
        dueAt: Instant?
    ) async throws {
        let isFinished = done == job.recipients.count
        let move = isFinished ? Progress.complete(job) : Progress.giveBack(job, done: done, dueAt: dueAt)
        guard try await commit(move, recording: last, of: job, run: run) else {
            return try await recordLate(last, of: job, run: run)
        }
        if last?.startsCampaigns == true { rules.serviceEvents?.announce() }
    }

    // MARK: Writing

    /// Moves the job and books a window in one commit, opening none. False when the job's row did not move.
    private func commit(
        _ move: SQL, recording window: WindowResult?, of job: LeasedJob, run: PreparedRuns.Entry
    ) async throws -> Bool {
        let now = environment.now()
        return try await moving(job) { session in
            let rows = try await session.batch([move] + consequences(of: window, in: run.plan, at: now))
            guard !rows[0].isEmpty else { throw NotMoved() }
            try await append(window, of: job, in: run.plan, at: now, session)
            return true
        } ?? false
    }

    /// Nil when the job's row did not move: the transaction is rolled back, nothing of it stands.
    ///
    /// What was sent and is not recorded would become `unknown`, so a database that stumbles (lock timeout, deadlock, lost
    /// connection) is asked again, with a pause, for as long as a restart takes.
    func moving<Value>(_ job: LeasedJob, _ body: (Session) async throws -> Value) async throws -> Value? {
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

    /// From here on the pause does not grow.
    private static let outagesCounted = 16

    /// Jobs for those to be tried again, and suppressions of addresses that turned out to be dead.
    func consequences(of window: WindowResult?, in plan: RunPlan, at now: Instant) -> [SQL] {
        guard let window else { return [] }
        var statements = window.parts.map(Queue.insert)
        if window.dropsSlots { statements.append(DomainSlots.giveBack(of: plan.app, now: now)) }
        if !window.dead.isEmpty { statements.append(DeadAddress.suppress(window.dead, of: plan.app, at: now)) }
        return statements
    }

    func append(
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

    struct NotMoved: Error {}
}
