import Core
import EventLoop
import Jurisdictions
import Model
import Postgres
import Queue

/// A window that was fired, and what the gate decided in the same transaction.
struct OpenedWindow {
    let indices: Range<Int>
    /// In order of the indices.
    let decisions: [(index: Int, recipient: Recipient?, decision: Gate.Decision)]
    /// Slots of those who are deferred for their domain's rate, by index.
    let slots: [Int: DomainSlots.Mark]
    /// With a rate: when the job's next window may go, from now.
    let next: Duration?
    /// When the recipients' state was read, or a little earlier: µs of `MonotonicClock`.
    let readAt: Int64
}

/// Opens one window of a job: records the window before, moves the job, reads the recipients, asks the gate and reserves
/// what counts towards caps, in one commit.
struct WindowOpening {
    let delivery: ChunkDelivery
    let job: LeasedJob
    let run: PreparedRuns.Entry
    let indices: Range<Int>
    /// By endpoint key; what the run's hook said before.
    let hook: [Int64: HookVerdict]

    /// The tokens of the run's rate were taken by the commit whose answer was lost: that there are none now is its own doing.
    private var hasTokens = false

    init(
        delivery: ChunkDelivery, job: LeasedJob, run: PreparedRuns.Entry, indices: Range<Int>,
        hook: [Int64: HookVerdict]
    ) {
        self.delivery = delivery
        self.job = job
        self.run = run
        self.indices = indices
        self.hook = hook
    }

    private var plan: RunPlan { run.plan }

    /// Nil when the lease is lost. `fired` is what the job's row says now.
    func open(recording previous: WindowResult?, fired: Int, _ held: HeldLease) async throws -> OpenedWindow? {
        let began = MonotonicClock.now()
        let move = Progress.open(
            job, done: indices.lowerBound, fired: indices.upperBound, after: fired, lease: delivery.lease)
        var opened = try await window(move, recording: previous)
        if opened == nil {
            // Either the lease is lost, or this very window was committed and the answer lost on the way.
            let confirmation = Progress.confirm(
                job, done: indices.lowerBound, fired: indices.upperBound, lease: delivery.lease)
            var confirmed = self
            confirmed.hasTokens = true
            opened = try await confirmed.window(confirmation, recording: nil)
        }
        if opened != nil { held.confirmed(callBegan: began, terms: delivery.lease) }
        return opened
    }

    private func window(_ move: SQL, recording previous: WindowResult?) async throws -> OpenedWindow? {
        try await delivery.moving(job) { session in
            let now = delivery.environment.now()
            var counts = plan.rules.countsMessages
            if !counts { counts = try await delivery.counting.contains(plan.app, in: session) }
            let first = [move] + (counts ? [] : reads)
            let readAt = MonotonicClock.now()
            let rows = try await session.batch(first + delivery.consequences(of: previous, in: plan, at: now))
            guard !rows[0].isEmpty else { throw ChunkDelivery.NotMoved() }
            try await delivery.append(previous, of: job, in: plan, at: now, session)
            guard counts else {
                return try await decide(try State(Array(rows[1...2])), at: now, readAt: readAt, session)
            }
            return try await counted(session)
        }
    }

    /// The same with the recipients' rows locked. Locks come last and stay for two round trips, because whoever writes one of
    /// these people waits for them.
    private func counted(_ session: Session) async throws -> OpenedWindow {
        _ = try await session.batch(CapReservations.lock(plan.app, keys))
        let (now, readAt) = (delivery.environment.now(), MonotonicClock.now())
        let sends = CapReservations.Sends(plan, run.cause(of: job), keys: keys, ordinals: indices.map(job.ordinal))
        let rows = try await session.batch(reads + [CapReservations.counts(sends, now: now)])
        return try await decide(try State(rows), at: now, readAt: readAt, session)
    }

    private var keys: [Int64] { Array(job.recipients[indices]) }

    private var reads: [SQL] {
        [Recipient.load(keys, of: plan.app), RunStore.isCancelled(plan.app, run: plan.run)]
    }

    /// What the gate's reads found.
    private struct State {
        let recipients: [Int64: Recipient]
        let runIsCancelled: Bool
        /// By place in the window; nil when nothing is counted.
        let counts: [SendCounts]?

        /// `rows`: of the recipients, of the run's state, and of the counts if there are any.
        init(_ rows: [[Row]]) throws {
            let found = try rows[0].map { try Recipient($0) }
            recipients = Dictionary(found.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
            runIsCancelled = try rows[1].first?.get(0) ?? true
            counts = rows.count > 2 ? try rows[2].map(SendCounts.init) : nil
        }
    }

    // MARK: Deciding

    private func decide(_ state: State, at now: Instant, readAt: Int64, _ session: Session) async throws -> OpenedWindow
    {
        let intent = run.intent(
            of: job, queue: delivery.channel.queue, runIsCancelled: state.runIsCancelled)
        let clock = Gate.Clock(now: now, offset: delivery.rules.offset)
        let rules = Gate.Rules(plan.rules, hours: delivery.rules.hours ?? LegalHours(plan.rules))
        var tally = CapTally(state.counts)
        var law: Set<String> = []
        var decisions: [(index: Int, recipient: Recipient?, decision: Gate.Decision)] = []
        decisions.reserveCapacity(indices.count)
        for (place, index) in indices.enumerated() {
            let key = job.recipients[index]
            var recipient = state.recipients[key]
            let said = verdict(on: key)
            let person = Gate.Person(
                recipient, hook: said, earlier: tally.earlier(place, key), sender: recipient.flatMap(sender))
            let verdict = Gate.decide(intent, person, clock, rules)
            if !verdict.law.isEmpty { law.formUnion(verdict.law) }
            if verdict.counts { tally.reserve(place, key) }
            if case .pass(let changes) = said { recipient = recipient?.applying(changes) }
            decisions.append((index, recipient, verdict.decision))
        }
        note(law)
        let turns = try await takeTokens(for: decisions, at: now, session)
        let slots = turns.map { apply($0, &decisions, &tally) } ?? [:]
        if state.counts != nil { try await reserve(tally, at: now, session) }
        return OpenedWindow(
            indices: indices, decisions: decisions, slots: slots, next: turns?.turns.next, readAt: readAt)
    }

    /// Whom the message would come from: the channel's choice, else what the treatment names.
    private func sender(for recipient: Recipient) -> String? {
        let arm = Int(run.cause(of: job).treatment)
        if let sender = run.messages.sender(for: recipient, arm: arm) { return sender }
        guard plan.treatments.indices.contains(arm) else { return nil }
        let message = plan.treatments[arm].sms
        return message?.originationNumber ?? message?.senderID
    }

    /// Whoever came to be after the hook was asked has not passed it.
    private func verdict(on key: Int64) -> HookVerdict {
        plan.hook == nil ? .pass(HookChanges()) : hook[key] ?? .unasked
    }

    /// Which rules of law kept people of this window waiting.
    private func note(_ law: Set<String>) {
        guard !law.isEmpty else { return }
        delivery.environment.log.info(
            "gate.law",
            [
                "run": .string(plan.run.description), "job": .integer(job.id),
                "rules": .array(law.sorted().map { .string($0) }),
                "version": .string(Jurisdictions.standard.version),
            ])
    }

    private typealias Decisions = [(index: Int, recipient: Recipient?, decision: Gate.Decision)]

    /// Turns of those who may go as far as the gate goes, and their places.
    private func takeTokens(
        for decisions: Decisions, at now: Instant, _ session: Session
    ) async throws -> (turns: SendTurns, places: [Int])? {
        guard let tokens = delivery.rules.tokens else { return nil }
        let places = decisions.indices.filter { decisions[$0].decision == .send && decisions[$0].recipient != nil }
        guard !places.isEmpty else { return nil }
        let recipients = places.compactMap { decisions[$0].recipient }
        let turns = try await tokens.take(
            for: recipients, of: plan, job: job, at: now, expiresAt: run.expiry(of: job), isPaid: hasTokens, in: session
        )
        return turns.map { ($0, places) }
    }

    private func apply(
        _ taken: (turns: SendTurns, places: [Int]), _ decisions: inout Decisions, _ tally: inout CapTally
    ) -> [Int: DomainSlots.Mark] {
        var slots: [Int: DomainSlots.Mark] = [:]
        for (place, turn) in zip(taken.places, taken.turns.turns) {
            switch turn {
            case .now: continue
            case .never: decisions[place].decision = .refuse(.expired, nil)
            case .later(let mark):
                decisions[place].decision = .defer(until: mark.slot)
                slots[decisions[place].index] = mark
            }
            tally.release(place)
        }
        return slots
    }

    private func reserve(_ tally: CapTally, at now: Instant, _ session: Session) async throws {
        let places = tally.reserved
        guard !places.isEmpty else { return }
        let sends = CapReservations.Sends(
            plan, run.cause(of: job), keys: places.map { job.recipients[indices.lowerBound + $0] },
            ordinals: places.map { job.ordinal(indices.lowerBound + $0) })
        try await session.commit(
            with: [CapReservations.insert(sends, isKept: plan.rules.caps.total > 0, at: now)])
    }
}
