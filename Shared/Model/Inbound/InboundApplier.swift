package import Core
import Crypto
package import Postgres
package import Queue
import Segments

/// Brings events of providers' calls into the books, each once, in one transaction with the end of the calls that they came in:
/// states of messages, late acceptances, the event log, engagements, roll-ups, suppressions, campaigns that they start; replies
/// go to their handler.
///
/// Emits: events `_email.*`, `_SMS.*`, `_VOICE.*`; jobs of `campaign.triggers`, and whatever the handler enqueues. Never sends.
package struct InboundApplier: Sendable {
    /// What becomes of a reply besides, when it is to be passed on: a job, or nothing.
    package typealias PassingOn = @Sendable (IncomingEvent, Reply, ReplyOrigin, ReplyOutcome) -> NewJob?

    package struct Report: Sendable, Equatable {
        package var applied = 0
        package var repeated = 0
        package var orphaned = 0
        /// Of other tenants' messages.
        package var foreign = 0
        /// Calls with events that wait for their message to be recorded.
        package var deferred: Set<InboundCallID> = []
        /// Have got work: to be told after the commit.
        package var queues: Set<JobQueue> = []

        package init() {}
    }

    let database: Database
    let lookup: SendLookup
    let triggers: TriggerRegistry
    let partitions: Partitions
    let hasher: SuppressionHasher
    let bounces: BounceRules
    let replies: any ReplyHandler
    let passOn: PassingOn

    package init(
        database: Database, lookup: SendLookup, triggers: TriggerRegistry, hasher: SuppressionHasher,
        bounces: BounceRules = .standard, replies: any ReplyHandler, passOn: @escaping PassingOn = { _, _, _, _ in nil }
    ) {
        self.database = database
        self.lookup = lookup
        self.triggers = triggers
        self.hasher = hasher
        self.bounces = bounces
        self.replies = replies
        self.passOn = passOn
        partitions = Partitions(database, retention: EventRules.retention)
    }

    /// `calls` are those that `events` came in, and those without events; each ends unless one of its events has to wait. `first` and
    /// `last` are statements of the same transaction: the first must answer with a row (`LeaseLost`).
    package func apply(
        _ events: [IncomingEvent], of calls: [InboundCallID], first: SQL? = nil,
        last: @Sendable (Report) -> [SQL] = { _ in [] }
    ) async throws -> Report {
        let environment = database.environment
        let findings = try await lookup.find(events)
        var known: [AppID: EventTriggers] = [:]
        for app in Set(events.map(\.app)) { known[app] = try await triggers.triggers(of: app).system }
        let clock = ProviderClock(now: environment.now(), realNow: environment.realNow(), partitions: partitions)
        let weeks = Set(events.map { clock.businessTime(of: $0).day.weekStart })
        try await partitions.ensure(.events, for: weeks)
        return try await database.retryingTransaction { session in
            if let first, try await session.query(first).isEmpty { throw LeaseLost() }
            var work = InboundTransaction(
                applier: self, events: events, findings: findings, triggers: known, clock: clock, calls: calls)
            try await work.run(in: session)
            try await session.commit(with: work.statements + last(work.report))
            return work.report
        }
    }

    /// Somebody else has the job now.
    package struct LeaseLost: Error {
        package init() {}
    }
}

/// Providers' clocks in business time. What lies in the future, or so far back that no event is kept, happened when it came in.
struct ProviderClock {
    let now: Instant
    let realNow: Instant
    let partitions: Partitions
    private static let oldest: Duration = .seconds(30 * 86_400)

    func businessTime(of event: IncomingEvent) -> Instant {
        let said: Instant? =
            switch event.event {
            case .receipt(let receipt): receipt.at
            case .reply(let reply): reply.at
            }
        let real = said.map { min($0, event.receivedAt) } ?? event.receivedAt
        let at = min(now + (real - realNow), now)
        return at >= now - Self.oldest ? at : now
    }
}
