import Core
import EventLoop
import Model
import Postgres
import Queue

/// The hook's verdicts on one job's recipients, asked for as windows come to them.
///
/// Windows are small, so that a crash leaves few in doubt; calls are as large as a hook takes them. What is known beyond a
/// window is kept for the next one, at most for as long as this job is held. A run with a rate is asked about by windows,
/// because its job may be given back after each.
struct ChunkFilter {
    private let delivery: ChunkDelivery
    private let job: LeasedJob
    private let run: PreparedRuns.Entry
    private var known: [Int64: HookVerdict] = [:]

    init(_ delivery: ChunkDelivery, _ job: LeasedJob, _ run: PreparedRuns.Entry) {
        self.delivery = delivery
        self.job = job
        self.run = run
    }

    /// Whether the hook has to be asked before this window can open.
    func asks(about indices: Range<Int>) -> Bool { firstUnknown(in: indices) != nil }

    private func firstUnknown(in indices: Range<Int>) -> Int? {
        run.plan.hook == nil ? nil : indices.first { known[job.recipients[$0]] == nil }
    }

    /// By endpoint key; empty without a hook, and when the run is cancelled: then there is nothing to ask about.
    mutating func verdicts(on indices: Range<Int>, _ held: HeldLease) async throws -> HookFilter.Answer {
        guard let hook = run.plan.hook else { return .verdicts([:]) }
        guard let first = firstUnknown(in: indices) else { return .verdicts(known) }
        let ahead = run.plan.bucket == nil ? first + HookFilter.peoplePerCall : indices.upperBound
        let end = min(job.recipients.count, max(indices.upperBound, ahead))
        let keys = job.recipients[first..<end].filter { known[$0] == nil }
        let rows = try await delivery.database.withSession { session in
            try await session.batch([
                Recipient.load(keys, of: run.plan.app), RunStore.isCancelled(run.plan.app, run: run.plan.run),
            ])
        }
        guard try rows[1].first?.get(0) == false else { return .verdicts([:]) }
        let people = try rows[0].map { try Recipient($0) }
        let asked = reachable(people)
        guard let filter = delivery.rules.hooks else {
            for person in asked { known[person.key] = .failed }
            for key in keys where known[key] == nil { known[key] = .unasked }
            return .verdicts(known)
        }
        let answer =
            asked.isEmpty
            ? .verdicts([:])
            : await filter.ask(
                hook, about: asked, plan: run.plan, cause: run.cause(of: job), isWanted: wanted(held))
        guard case .verdicts(let verdicts) = answer else { return answer }
        known.merge(verdicts) { $1 }
        for key in keys where known[key] == nil { known[key] = .unasked }
        return .verdicts(known)
    }

    /// Whom a message would reach now: about others nothing is told to anyone.
    private func reachable(_ people: [Recipient]) -> [Recipient] {
        let intent = run.intent(of: job, queue: delivery.channel.queue, runIsCancelled: false)
        let clock = Gate.Clock(now: delivery.environment.now(), offset: delivery.rules.offset)
        return people.filter { Gate.decide(intent, Gate.Person($0), clock, Gate.Rules()).decision == .send }
    }

    /// No longer when the process drains, the lease is gone or the run was cancelled; the last is looked up once a second.
    private func wanted(_ held: HeldLease) -> @Sendable () async -> Bool {
        let (database, plan) = (delivery.database, run.plan)
        let lookedUpAt = Lock(MonotonicClock.now())
        return {
            let now = MonotonicClock.now()
            guard !held.isStopping, now < held.startBefore else { return false }
            let isDue = lookedUpAt.withLock { last in
                guard now - last >= 1_000_000 else { return false }
                last = now
                return true
            }
            guard isDue else { return true }
            // A database that stumbles says nothing about the run.
            let rows = try? await database.query(RunStore.isCancelled(plan.app, run: plan.run))
            let isCancelled = try? rows?.first?.get(0) as Bool?
            return isCancelled != true
        }
    }
}
