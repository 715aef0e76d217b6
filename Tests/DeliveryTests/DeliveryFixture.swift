import Core
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import TestKit

/// A running run with recipients on a real database, and a channel whose answers the test writes.
struct DeliveryFixture {
    let app = AppID(high: 1, low: 1)
    let run = RunID(high: 2, low: 2)
    let campaign = CampaignID(high: 3, low: 3)
    let database: Database
    let environment: Environment
    let day: Day

    /// `environment`: for what happens over time; the test's own clock stands still.
    init(_ environment: Environment? = nil) throws {
        database = try TestDatabase.current.database
        self.environment = try environment ?? TestDatabase.current.environment
        day = self.environment.now().day
    }

    var lease: LeaseTerms { LeaseTerms(owner: HexID(high: 9, low: 9), duration: .seconds(30)) }

    func plan(
        _ policy: DeliveryPolicy = .atMostOnce,
        lasting: Duration = .seconds(3600),
        rules: RunRules = RunRules(),
        otherChannels: Set<String> = [],
        run: RunID? = nil,
        campaign: CampaignID? = nil
    ) -> RunPlan {
        RunPlan(
            account: "000000000000",
            app: app,
            campaign: campaign ?? self.campaign,
            campaignVersion: 1,
            campaignName: "test",
            run: run ?? self.run,
            runDay: day,
            scheduledAt: environment.now(),
            expiresAt: environment.now() + lasting,
            deliveryPolicy: policy,
            holdoutPercent: 0,
            treatments: [
                .init(
                    name: nil, sizePercent: 100,
                    email: .init(from: "shop@example.com", subject: "Hello", html: nil, text: "Hello"),
                    otherChannels: otherChannels)
            ],
            rules: rules
        )
    }

    /// Endpoints 1…count, one chunk with all of them, one job.
    func start(_ plan: RunPlan, endpoints count: Int) async throws {
        try await addPeople(count)
        try await add(plan, endpoints: count, chunkSize: count)
    }

    /// Endpoints 1…count.
    func addPeople(_ count: Int) async throws {
        let now = environment.now()
        try await database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
            SELECT \(app), k, 'e' || k, 'EMAIL', 'p' || k || '@example.com', 0, \(now), \(now)
              FROM generate_series(1, \(Int64(count))) AS k
            """
        )
    }

    /// A run over endpoints 1…count, a job per chunk.
    func add(_ plan: RunPlan, endpoints count: Int, chunkSize: Int) async throws {
        try await add(plan, keys: (1...Int64(count)).map { $0 }, chunkSize: chunkSize)
    }

    /// A run over these endpoints, in order of their keys.
    func add(_ plan: RunPlan, keys: [Int64], chunkSize: Int) async throws {
        try await Partitions(database).ensure(.sendOutcomes, for: day)
        let now = environment.now()
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at, fanned_out, planned)
                VALUES (\(app), \(plan.run), \(plan.campaign), 1, \(plan.run.description), \(day), 'RUNNING',
                        \(SQLBind.jsonb(plan.json.serialized)), \(now), \(now), true, \(Int64(keys.count)))
                """
            )
            for (chunk, first) in stride(from: 0, to: keys.count, by: chunkSize).enumerated() {
                let keys = Array(keys[first..<min(first + chunkSize, keys.count)])
                try await session.execute(
                    """
                    INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                    SELECT \(app), \(plan.run), \(Int32(chunk)), 0, \(keys[0]), \(keys[keys.count - 1]), \(Int32(keys.count)),
                           sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(\(keys)) AS k
                    """
                )
                var job = NewJob(queue: .email, kind: ChunkDelivery.kind, dueAt: now)
                job.app = app
                job.send = SendCause(run: plan.run, runDay: day, chunk: Int32(chunk), treatment: 0)
                job.recipients = keys
                try await Queue.enqueue(job, in: session)
            }
        }
    }

    func delivery(
        _ channel: any DeliveryChannel, window: Int = 4, rules: DeliveryRules = DeliveryRules(),
        at now: Instant? = nil, on database: Database? = nil
    ) -> ChunkDelivery {
        var environment = environment
        if let now { environment.now = { now } }
        return ChunkDelivery(
            channel: channel, database: database ?? self.database, environment: environment, lease: lease,
            window: window,
            rules: rules)
    }

    func take(at instant: Instant? = nil) async throws -> LeasedJob? {
        try await Claim.take(
            .email,
            maximumPriority: .max,
            limit: 1,
            lease: lease,
            now: instant ?? environment.now(),
            in: database
        ).first
    }

    /// Takes and runs jobs, as far into the future as retries need, until there is none.
    func drain(_ delivery: ChunkDelivery) async throws {
        for _ in 0..<50 {
            guard let job = try await take(at: environment.now() + .seconds(1800)) else { return }
            try await delivery.run(job, HeldLease(terms: lease))
        }
    }

    func sheet(of run: RunID? = nil) async throws -> BalanceSheet? {
        try await database.withSession { try await Ledger.balance(app, run: run ?? self.run, in: $0) }
    }

    func violations(of run: RunID? = nil) async throws -> [LedgerProof.Violation] {
        try await database.withSession { session in
            guard let sheet = try await Ledger.balance(app, run: run ?? self.run, in: session) else { return [] }
            return try await LedgerProof.violations(sheet, app: app, in: session)
        }
    }
}

/// Answers by endpoint key; everybody is accepted unless the test says otherwise.
final class ScriptedChannel: DeliveryChannel, PreparedRun {
    typealias Answer = @Sendable (_ key: Int64, _ attempt: Int) -> SendOutcome

    let queue = JobQueue.email
    private let answer: Answer
    private let attempts = Lock<[Int64: Int]>([:])
    private let beforeSends: @Sendable (_ sends: [Send]) async -> Void

    init(
        _ answer: @escaping Answer,
        beforeSends: @escaping @Sendable (_ sends: [Send]) async -> Void
    ) {
        self.answer = answer
        self.beforeSends = beforeSends
    }

    convenience init(
        _ answer: @escaping Answer = { _, _ in .accepted(providerReference: "ok") },
        beforeAnswer: @escaping @Sendable () async -> Void = {}
    ) {
        self.init(answer, beforeSends: { _ in await beforeAnswer() })
    }

    /// How often each endpoint was handed over.
    var handedOver: [Int64: Int] { attempts.withLock { $0 } }

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        await beforeSends(sends)
        return sends.map { send in
            let attempt = attempts.withLock { attempts in
                attempts[send.recipient.key, default: 0] += 1
                return attempts[send.recipient.key] ?? 1
            }
            return answer(send.recipient.key, attempt)
        }
    }
}
