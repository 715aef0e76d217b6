import Core
import Crypto
import Postgres
import Queue
import Segments

/// The transaction of `InboundApplier`. Locks are taken in one order by all: events' keys, receipts, engagements, ledger, replies; and in
/// each by key, so that two of them never wait for each other.
struct InboundTransaction {
    let applier: InboundApplier
    let events: [IncomingEvent]
    let findings: [SendLookup.Finding]
    let triggers: [AppID: EventTriggers]
    let clock: ProviderClock
    let calls: [InboundCallID]

    private(set) var report = InboundApplier.Report()
    /// What goes out with COMMIT.
    private(set) var statements: [SQL] = []
    private var log = ChangeLog()
    private var suppressions = SuppressionChanges()
    private var endings: [InboundCallID: InboundStore.Ending] = [:]

    init(
        applier: InboundApplier, events: [IncomingEvent], findings: [SendLookup.Finding],
        triggers: [AppID: EventTriggers], clock: ProviderClock, calls: [InboundCallID]
    ) {
        self.applier = applier
        self.events = events
        self.findings = findings
        self.triggers = triggers
        self.clock = clock
        self.calls = calls
    }

    mutating func run(in session: Session) async throws {
        let ready = events.indices.filter { isReady($0) }
        let new = try await claim(ready, in: session)
        var sends: [(FoundSend, AppID)] = []
        for index in new { if let found = findings[index].send { sends.append((found, events[index].app)) } }
        let people = try await People(of: sends, in: session)
        let receipts = new.compactMap { AppliedReceipt(events[$0], findings[$0], people, clock) }
        try await ReceiptStates.advance(receipts, &log, now: clock.now, in: session)
        try await EngagementStore.count(receipts.compactMap(\.engagement), &log, in: session)
        try await acceptLate(receipts, in: session)
        statements += record(receipts)
        try await suppressions.add(receipts, applier.hasher, applier.bounces, in: session)
        for index in new { try await answer(index, in: session) }
        statements += suppressions.statements(at: clock.now)
        statements += log.statements(at: clock.now)
        statements.append(
            InboundStore.end(
                calls.filter { !report.deferred.contains($0) }.sorted().map { ($0, endings[$0] ?? .done, nil) }))
    }

    // MARK: What can be done now

    /// Marks what waits and what is nobody's. A wish to get no more holds at once, also of a message that is not recorded yet.
    private mutating func isReady(_ index: Int) -> Bool {
        let event = events[index]
        guard case .receipt(let receipt) = event.event else { return true }
        switch findings[index] {
        case .foreign:
            report.foreign += 1
            endings[event.call] = .orphan
            return false
        case .none: return true
        case .found(let found):
            if found.record != nil { return true }
        case .missing: break
        }
        if event.isLastChance {
            report.orphaned += 1
            endings[event.call] = .orphan
            return true
        }
        report.deferred.insert(event.call)
        let verdict = applier.bounces.decide(receipt.kind, channel: receipt.channel, at: clock.now)
        if let reason = verdict.suppress, let address = receipt.address {
            suppressions.add(event, address, reason, applier.hasher)
        }
        return false
    }

    /// Those that nobody has worked on; who comes second with the same one waits here, and finds it done.
    private mutating func claim(_ ready: [Int], in session: Session) async throws -> [Int] {
        guard !ready.isEmpty else { return [] }
        var firsts: [EventName: Int] = [:]
        for index in ready {
            let name = EventName(provider: events[index].provider, key: events[index].key)
            if firsts[name] == nil { firsts[name] = index }
        }
        let names = firsts.keys.sorted()
        let rows = try await session.query(
            """
            INSERT INTO inbound_events (provider, key, applied_at)
            SELECT w.provider, w.key, \(clock.now)
              FROM unnest(\(names.map(\.provider)), \(SQLBind.bytesArray(names.map(\.key)))) AS w (provider, key)
            ON CONFLICT DO NOTHING
            RETURNING provider, key
            """)
        let new = try rows.compactMap { firsts[EventName(provider: try $0.get(0), key: try $0.get(1))] }.sorted()
        report.repeated += ready.count - new.count
        report.applied += new.count
        return new
    }

    private struct EventName: Hashable, Comparable {
        let provider: ProviderID
        let key: [UInt8]

        static func < (left: Self, right: Self) -> Bool {
            left.provider == right.provider
                ? left.key.lexicographicallyPrecedes(right.key) : left.provider < right.provider
        }
    }

    // MARK: What it changes

    /// A message whose outcome was lost was taken after all.
    private func acceptLate(_ receipts: [AppliedReceipt], in session: Session) async throws {
        var causes: [SendCause: [AppliedReceipt]] = [:]
        for receipt in receipts {
            guard receipt.receipt.kind.provesAcceptance, let found = receipt.found, found.record?.isUnknown == true
            else { continue }
            let cause = SendCause(
                run: found.send.run, runDay: found.runDay, chunk: found.send.chunk, treatment: found.send.treatment)
            causes[cause, default: []].append(receipt)
        }
        let order = causes.sorted {
            ($0.key.run, $0.key.chunk, $0.key.treatment) < ($1.key.run, $1.key.chunk, $1.key.treatment)
        }
        for (cause, receipts) in order {
            guard let app = receipts.first?.event.app,
                let plan = try await RunStore.plan(app, run: cause.run, in: session)
            else { continue }
            var rows: [Int32: SendOutcomeRow] = [:]
            for receipt in receipts {
                guard let send = receipt.found?.send else { continue }
                rows[send.ordinal] = SendOutcomeRow(
                    endpointKey: send.endpointKey, ordinal: send.ordinal, state: .accepted, flags: SendOutcomeRow.late,
                    providerReference: receipt.receipt.providerReference)
            }
            try await OutcomeStore.appendLate(
                rows.values.sorted { $0.ordinal < $1.ordinal }, of: cause, plan: plan, at: clock.now, in: session)
        }
    }

    /// Events of endpoints that are still there, and the campaigns that they start.
    private mutating func record(_ receipts: [AppliedReceipt]) -> [SQL] {
        let events = receipts.compactMap { ServiceEvent($0) }
        guard !events.isEmpty else { return [] }
        var started: [AppID: [TriggeredEvent]] = [:]
        for event in events {
            log.touch(event.app, CollectionOfOne(event.endpointKey), eventsIn: CollectionOfOne(event.at.day.weekStart))
            log.count(event.app, type: event.type, minute: event.at.seconds.flooredDivision(by: 60), n: 1)
            guard event.startsCampaigns, let found = triggers[event.app] else { continue }
            let names = found.matching(event.contents, receivedAt: clock.now)
            started[event.app, default: []] += names.map {
                TriggeredEvent(trigger: $0, endpointKey: event.endpointKey, event: event.id)
            }
        }
        let jobs = started.sorted { $0.key < $1.key }.flatMap { app, events in
            TriggerJob.jobs(for: events, app: app, receivedAt: clock.now)
        }
        if !jobs.isEmpty { report.queues.insert(.triggers) }
        return [ServiceEvent.insert(events, receivedAt: clock.now)] + jobs.map { Queue.insert($0.job) }
    }

    private mutating func answer(_ index: Int, in session: Session) async throws {
        guard case .reply(let piece) = events[index].event,
            let reply = try await ReplyParts.add(piece, from: events[index], at: clock.now, in: session)
        else { return }
        let found = findings[index].send
        let origin = ReplyOrigin(
            app: events[index].app, provider: events[index].provider, channel: events[index].channel, send: found?.send,
            campaign: found?.campaign, now: clock.now)
        let outcome = try await applier.replies.handle(reply, from: origin, in: session)
        report.queues.formUnion(outcome.queues)
        guard let job = applier.passOn(events[index], reply, origin, outcome) else { return }
        try await Queue.enqueue(job, in: session)
        report.queues.insert(job.queue)
    }
}
