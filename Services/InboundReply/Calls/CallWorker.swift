import Core
import Crypto
import EventLoop
import HTTPClient
import Hosting
import Model
import Postgres
import Providers
import Queue
import Runtime

/// Works on stored calls, a job of up to 200 at a time: read, then brought into the books in one transaction with the end of the job.
///
/// A call that cannot be read, or that the database refuses, is kept with its error and holds up no other. Events of messages that
/// are not recorded yet wait: their calls come again, after 1 s, 2 s … 2 min, until 15 minutes after they came in.
struct CallWorker: Sendable {
    /// Jobs at once, the lane for what people say included.
    private static let lanes = 3
    private static let patience: Duration = .seconds(900)
    private static let longestWait: Duration = .seconds(120)
    /// Claims of a job after which its calls are worked on one by one, and of a call alone after which it is given up: it ends its
    /// process each time.
    private static let claimsTogether = 2
    private static let claimsAlone = 4
    /// Larger bodies are read beside the loop.
    private static let bytesReadOnLoop = 32 << 10

    let context: ServiceContext
    let providers: InboundProviders
    let applier: InboundApplier
    let twoWay: TwoWay
    let hints: QueueNotifier
    let metrics: InboundMetrics

    init(
        context: ServiceContext, providers: InboundProviders, replies: any ReplyHandler, twoWay: TwoWay,
        hints: QueueNotifier, metrics: InboundMetrics
    ) {
        self.context = context
        self.providers = providers
        self.twoWay = twoWay
        self.hints = hints
        self.metrics = metrics
        let hasher = SuppressionHasher(masterKey: context.masterKey)
        applier = InboundApplier(
            database: context.database,
            lookup: SendLookup(
                database: context.database, references: SendReferences(masterKey: context.masterKey), hasher: hasher),
            triggers: TriggerRegistry(database: context.database), hasher: hasher,
            bounces: BounceRules(context.configuration), replies: replies,
            passOn: { TwoWay.job(for: $0, $1, $2, $3) })
    }

    var workers: [BackgroundWorker] {
        let environment = context.environment
        let lease = LeaseTerms(owner: environment.newID(), duration: context.configuration.leaseTTL)
        let worker = Worker(
            terms: Worker.Terms(queue: .inbound, lanes: Self.lanes, lease: lease), loop: context.loop,
            database: context.database, environment: environment, settlement: Settlement(resolver: Self.resolver),
            handler: { job, _ in try await run(job) })
        return [
            BackgroundWorker(name: "inbound-calls") { await worker.runUntilCancelled() },
            BackgroundWorker(name: "inbound-hints") { await worker.followHints(of: context.database) },
        ]
    }

    /// Jobs of calls have no recipients, so that none is ever in doubt, or alone.
    private static let resolver = Settlement.Resolver(inDoubt: { _, _, _ in }, poison: { _, _, _ in })

    func run(_ job: LeasedJob) async throws {
        switch job.kind {
        case InboundStore.jobKind: try await work(on: job)
        case TwoWay.jobKind: try await twoWay.run(job)
        case _: throw Fault(.integrity, "job \(job.id) is of no kind that is known here")
        }
    }

    // MARK: Calls

    private func work(on job: LeasedJob) async throws {
        let ids = (job.payload["calls"]?.array ?? []).compactMap { $0.string.flatMap { InboundCallID($0) } }
        let round = job.payload["round"]?.int ?? 0
        let calls = try await context.database.withSession { try await InboundStore.waiting(ids, in: $0) }
            .sorted { $0.id < $1.id }
        let isAlone = job.attempt > Self.claimsTogether
        if isAlone, calls.count > 1 { return try await split(job, calls) }
        if isAlone, job.attempt > Self.claimsAlone {
            return try await giveUp(calls.map { ($0.id, "it ended the process that worked on it") }, job)
        }
        Failpoint.hit("inbound.claimed")
        let read = await read(calls)
        do {
            try await apply(read, job: job, round: round)
        } catch is InboundApplier.LeaseLost {
            context.environment.log.warning("inbound.lease_lost", ["job": .integer(job.id)])
        } catch  where Self.isOneCallsFault(error) {
            try await applyOneByOne(read, job: job, round: round, error)
        }
    }

    private struct Read {
        var calls: [StoredCall]
        var events: [IncomingEvent] = []
        var failures: [(id: InboundCallID, error: String)] = []
    }

    private func read(_ calls: [StoredCall]) async -> Read {
        var read = Read(calls: calls)
        let now = context.environment.realNow()
        for call in calls {
            do {
                let reader = try await providers.reader(of: call)
                let inbound = InboundCall(call)
                let events =
                    call.body.count > Self.bytesReadOnLoop
                    ? try await context.loop.offload { try reader.events(in: inbound) } : try reader.events(in: inbound)
                let isLastChance = now - call.receivedAt >= Self.patience
                read.events += events.enumerated().map {
                    IncomingEvent($1, place: $0, of: call, isLastChance: isLastChance)
                }
            } catch {
                let words = (error as? InboundRefusal).map(\.words) ?? String(describing: error)
                read.failures.append((call.id, words))
                context.environment.log.error(
                    "inbound.unreadable",
                    ["call": .string(call.id.description), "kind": .string(call.kind), "reason": .string(words)])
            }
        }
        return read
    }

    /// In one transaction with the end of the job, unless `job` is nil.
    private func apply(_ read: Read, job: LeasedJob?, round: Int) async throws {
        let failed = read.failures.map { (id: $0.id, ending: InboundStore.Ending.failed, error: Optional($0.error)) }
        let gone = Set(failed.map(\.id))
        let now = context.environment.now()
        let wait = min(Duration.seconds(1 << Int64(min(round, 10))), Self.longestWait)
        let report = try await applier.apply(
            read.events, of: read.calls.map(\.id).filter { !gone.contains($0) }, first: job.map(Progress.complete),
            last: { report in
                var statements = failed.isEmpty ? [] : [InboundStore.end(failed)]
                if !report.deferred.isEmpty {
                    let again = InboundStore.job(
                        for: report.deferred.sorted(), priority: 10, dueAt: now + wait, round: round + 1)
                    statements.append(Queue.insert(again))
                }
                return statements
            })
        Failpoint.hit("inbound.applied")
        for queue in report.queues { hints.notify(queue) }
        metrics.count(
            report, unreadable: failed.count,
            receivedAt: read.calls.filter { !report.deferred.contains($0.id) }.map(\.receivedAt),
            now: context.environment.realNow())
    }

    // MARK: One bad call among many

    private func applyOneByOne(_ read: Read, job: LeasedJob, round: Int, _ error: any Error) async throws {
        context.environment.log.warning(
            "inbound.isolating",
            ["calls": .integer(Int64(read.calls.count)), "error": .string(String(reflecting: error))])
        var failures = read.failures
        for call in read.calls where !read.failures.contains(where: { $0.id == call.id }) {
            let part = Read(calls: [call], events: read.events.filter { $0.call == call.id })
            do {
                try await apply(part, job: nil, round: round)
            } catch  where Self.isOneCallsFault(error) {
                context.environment.log.error(
                    "inbound.failed", error, ["call": .string(call.id.description), "kind": .string(call.kind)])
                failures.append((call.id, String(describing: error)))
            }
        }
        try await giveUp(failures, job)
    }

    /// Whether the data are to blame, not the way to the database.
    private static func isOneCallsFault(_ error: any Error) -> Bool {
        switch error {
        case let fault as SQLFault: !fault.isRetryable && !fault.isOutcomeUnknown
        case let fault as Fault: fault.code == .invalid || fault.code == .integrity || fault.code == .internalError
        case _: false
        }
    }

    private func giveUp(_ failures: [(id: InboundCallID, error: String)], _ job: LeasedJob) async throws {
        try await context.database.transaction { session in
            guard try await !session.query(Progress.complete(job)).isEmpty, !failures.isEmpty else { return }
            _ = try await session.query(
                InboundStore.end(failures.map { ($0.id, InboundStore.Ending.failed, Optional($0.error)) }))
        }
        if !failures.isEmpty {
            metrics.count(
                InboundApplier.Report(), unreadable: failures.count, receivedAt: [], now: context.environment.realNow())
        }
    }

    /// A job of its own for each, so that the one that ends its process is alone the next time.
    private func split(_ job: LeasedJob, _ calls: [StoredCall]) async throws {
        let now = context.environment.now()
        try await context.database.transaction { session in
            guard try await !session.query(Progress.complete(job)).isEmpty else { return }
            _ = try await session.batch(
                calls.map { call in
                    var part = InboundStore.job(for: [call.id], priority: job.priority, dueAt: now)
                    part.attempt = Int16(Self.claimsTogether)
                    return Queue.insert(part)
                })
        }
    }
}

extension InboundRefusal {
    /// For the log and the call's row; names no secret.
    var words: String {
        switch self {
        case .untrusted(let words), .unreadable(let words), .unavailable(let words): words
        }
    }
}
