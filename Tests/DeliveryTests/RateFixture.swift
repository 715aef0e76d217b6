import Core
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

/// A run in several chunks, real workers with pools of their own, and a channel that notes when it was given what.
struct RateFixture {
    let delivery: DeliveryFixture
    private static let perJob = 200

    init() throws {
        let (base, begin, test) = (try TestDatabase.current.environment, MonotonicClock.now(), TestEnvironment.self)
        var environment = test.make()
        let start = base.now()
        environment.now = { start + .microseconds(MonotonicClock.now() - begin) }
        delivery = try DeliveryFixture(environment)
    }

    func plan(rate: Int = 0, lasting: Duration = .seconds(3600)) -> RunPlan {
        var plan = delivery.plan(lasting: lasting)
        plan.messagesPerSecond = rate
        return plan
    }

    /// Endpoints 1…count in jobs of 200, due as the fan-out plans them. The first `slow` have addresses in one domain.
    func start(_ plan: RunPlan, endpoints count: Int, slow: Int = 0, rates: String? = nil) async throws {
        try await Partitions(delivery.database).ensure(.sendOutcomes, for: delivery.day)
        let (now, chunks) = (delivery.environment.now(), (count + Self.perJob - 1) / Self.perJob)
        try await delivery.database.transaction { session in
            try await session.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
                SELECT \(plan.app), k, 'e' || k, 'EMAIL', 'p' || k || CASE WHEN k <= \(Int64(slow)) THEN '@Slow.example' ELSE '@fast.example' END,
                       0, \(now), \(now)
                  FROM generate_series(1, \(Int64(count))) AS k
                """
            )
            try await session.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES (\(plan.app), \(plan.run), \(plan.campaign), 1, 'once', \(plan.runDay), 'RUNNING',
                        \(SQLBind.jsonb(plan.json.serialized)), \(now), \(now), true, \(Int64(count)))
                """
            )
            for chunk in 0..<chunks {
                let keys = ((chunk * Self.perJob + 1)...min((chunk + 1) * Self.perJob, count)).map(Int64.init)
                try await session.execute(
                    """
                    INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                    SELECT \(plan.app), \(plan.run), \(Int32(chunk)), 0, min(k), max(k), count(*),
                           sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(\(keys)) AS k
                    """
                )
                let ahead =
                    plan.messagesPerSecond > 0
                    ? Int64(chunk * Self.perJob) * 1_000_000 / Int64(plan.messagesPerSecond) : 0
                var job = NewJob(queue: .email, kind: ChunkDelivery.kind, dueAt: now + .microseconds(ahead))
                job.app = plan.app
                job.send = SendCause(run: plan.run, runDay: plan.runDay, chunk: Int32(chunk), treatment: 0)
                job.recipients = keys
                try await Queue.enqueue(job, in: session)
            }
            guard let rates else { return }
            try await session.execute(
                """
                INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
                VALUES (\(plan.app), 'EMAIL', jsonb_build_object('Needletail', jsonb_build_object('DomainRates', \(rates)::jsonb)),
                        true, \(now), \(now))
                """
            )
        }
    }

    /// Runs four processes' worth of workers until `isDone`, at most `limit`.
    func work(_ channel: any DeliveryChannel, workers count: Int = 4, until isDone: @escaping () async throws -> Bool)
        async throws
    {
        let test = try TestDatabase.current
        let pools = (0..<count).map { _ in test.makeDatabase(poolSize: 5, environment: delivery.environment) }
        let workers = pools.enumerated().map { number, pool in
            let lease = LeaseTerms(owner: HexID(high: 9, low: UInt64(number)), duration: .seconds(30))
            let chunks = ChunkDelivery(
                channel: channel, database: pool, environment: delivery.environment, lease: lease, window: 25,
                rules: DeliveryRules(tokens: DeliveryRates()))
            return Worker(
                terms: Worker.Terms(queue: .email, lanes: 3, lease: lease), loop: test.loop, database: pool,
                environment: delivery.environment, settlement: Settlement(resolver: .ledger(delivery.environment)),
                handler: { job, held in try await chunks.run(job, held) })
        }
        let work = Task(executorPreference: test.loop) {
            await withTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask { await worker.runUntilCancelled() } }
            }
        }
        var failure: (any Error)?
        do {
            try await eventually(within: .seconds(60), "the work", isDone)
        } catch {
            failure = error
        }
        for worker in workers { worker.stop() }
        await work.value
        for pool in pools { await pool.close() }
        if let failure { throw failure }
    }

    func hasNoJobs() async throws -> Bool {
        try await delivery.database.query("SELECT 1 FROM jobs LIMIT 1").isEmpty
    }
}

/// Accepts everything and notes when.
final class TimedChannel: DeliveryChannel, PreparedRun {
    struct Sent: Sendable {
        var key: Int64
        /// µs of `MonotonicClock`.
        var at: Int64
    }

    let queue = JobQueue.email
    private let sent = Lock<[Sent]>([])
    private let pause: Duration
    private let loop: EventLoop

    /// `pause` before each message: a slow provider.
    init(_ loop: EventLoop, pause: Duration = .zero) {
        self.loop = loop
        self.pause = pause
    }

    var all: [Sent] { sent.withLock { $0 } }

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        var outcomes: [SendOutcome] = []
        for send in sends {
            guard MonotonicClock.now() < startBefore else {
                outcomes.append(.notSent(.deadline, detail: "late"))
                continue
            }
            let key = send.recipient.key
            sent.withLock { $0.append(Sent(key: key, at: MonotonicClock.now())) }
            if pause > .zero { try? await loop.sleep(for: pause) }
            outcomes.append(.accepted(providerReference: "ok"))
        }
        return outcomes
    }

    /// The most that went in any second.
    static func peak(_ times: [Int64]) -> Int {
        var (peak, first) = (0, 0)
        let times = times.sorted()
        for (index, time) in times.enumerated() {
            while time - times[first] >= 1_000_000 { first += 1 }
            peak = max(peak, index - first + 1)
        }
        return peak
    }
}
