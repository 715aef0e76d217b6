import Core
import Crypto
import Delivery
import EventLoop
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import Runtime

/// H1: custom messages a second from claimed jobs to durable outcomes: gate, a payload made per person, a signature, HTTP/1.1 out,
/// ledger; against h2load, which posts one ready body of the same size to the same nginx over as many connections.
enum CustomContest {
    private static let recipients = BenchContext.scaled(20_000, step: Limits.recipientsPerJob)
    private static let app = AppID(high: 0xBE, low: 0xAA)
    /// As delivery-custom has: four lanes, and together `NEEDLETAIL_WINDOW` messages in flight.
    private static let lanes = 4
    private static let window = 100
    /// Of `OutboundClient`.
    private static let connections = 16
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    static func run(_ context: BenchContext) async throws {
        let bench = try await BenchDatabase(context)
        let url = "http://127.0.0.1:\(try BenchContext.require("BENCH_H1_PORT"))/hook"
        let folder = try BenchContext.require("BENCH_H1_FOLDER")
        try await addPeople(bench)
        let masterKey = try MasterKey(bytes: Array(repeating: 0xBE, count: 32))
        let body = String(repeating: "x", count: 1024)
        try await context.loop.offload {
            try Subprocess.output(["sh", "-c", "printf %s \"$0\" > \(folder)/hook.json", body])
        }
        let single = contender(bench, context, masterKey, url: url, isKeyed: true)
        let shared = contender(bench, context, masterKey, url: url, isKeyed: false)
        let load = Contender(name: "h2load --h1, \(connections) connections", own: .client, prepare: {}) {
            let output = try await context.loop.offload {
                try Subprocess.output([
                    "h2load", "--h1", "-n", String(recipients), "-c", String(connections), "-t", "1", "-d",
                    "\(folder)/hook.json", url,
                ])
            }
            guard output.contains("\(recipients) succeeded") else {
                throw Fault(.unavailable, "h2load: \(output.suffix(600))")
            }
            return Work(recipients)
        }
        let server = BenchContext.variable("BENCH_H1_PID").flatMap { Int32($0) } ?? 0
        let contest = Contest(
            title: "H1 custom messages, \(recipients) people, POST of about 1 KB each, into nginx", unit: "messages",
            contenders: [single, shared, load], roots: [bench.postmaster: .postgres, server: .client],
            loop: context.loop)
        let samples = try await contest.run()
        Contest.judge("H1 one person a call / h2load --h1", samples[0], over: samples[2], aim: 0.4)
        Contest.judge("H1 \(window / lanes) people a call / h2load --h1", samples[1], over: samples[2], aim: 0.4)
        // The other contests count the endpoints.
        try await bench.database.execute("DELETE FROM endpoints WHERE app = \(app)")
        await bench.database.close()
    }

    // MARK: What is sent

    /// A payload of about 1 KB for one person.
    private static func addPeople(_ bench: BenchDatabase) async throws {
        let now = bench.environment.now()
        try await bench.database.execute("DELETE FROM endpoints WHERE app = \(app)")
        try await bench.database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, attributes, metrics,
                                   effective_at, created_at)
            SELECT \(app), hashtextextended(n::text, 9), 'person-' || n, 'CUSTOM', 'person-' || n, n % 100,
                   jsonb_build_object('FirstName', jsonb_build_array('Name' || n), 'City', '["Amersfoort"]'::jsonb,
                                      'Notes', jsonb_build_array(repeat('n', 320))),
                   jsonb_build_object('Purchases', n % 17), \(now), \(now)
              FROM generate_series(1, \(Int64(recipients))) AS n
            """)
        try await bench.withoutTransaction("VACUUM (ANALYZE) endpoints")
    }

    private static func configure(_ bench: BenchDatabase, _ masterKey: MasterKey, isKeyed: Bool) async throws {
        let provider = StoredProvider(
            id: ProviderID(high: 0xBE, low: 2), name: "hook", kind: WebhookProvider.name,
            settings: ["Idempotent": .bool(isKeyed)], secrets: ["Secret": .string(secret)])
        let now = bench.environment.now()
        try await bench.database.transaction { session in
            try await ProviderStore.replace(
                app, channel: WebhookProvider.channelType, with: [provider], key: masterKey, now: now, in: session)
        }
    }

    private static func plan(_ bench: BenchDatabase, _ url: String) -> RunPlan {
        var plan = bench.plan
        plan.app = app
        plan.treatments = [.init(name: nil, sizePercent: 100, email: nil)]
        plan.treatments[0].custom = .init(data: "autumn", deliveryURI: url, endpointTypes: ["CUSTOM"])
        return plan
    }

    // MARK: Ours

    private static func contender(
        _ bench: BenchDatabase, _ context: BenchContext, _ masterKey: MasterKey, url: String, isKeyed: Bool
    ) -> Contender {
        let people = isKeyed ? "one person" : "\(window / lanes) people"
        return Contender(name: "delivery-custom, \(people) a call", own: .ours) {
            try await configure(bench, masterKey, isKeyed: isKeyed)
            try await prepare(bench, plan(bench, url))
        } run: {
            let environment = bench.environment
            guard let allow = OutboundAllowList("127.0.0.1/32") else { throw Fault(.internalError, "no allow list") }
            let client = OutboundClient(
                rules: OutboundRules(allow: allow, certificateAuthorityFile: nil), environment: environment,
                metrics: context.metrics, connectionsPerHost: connections)
            let tools = ProviderTools(
                client: client, database: bench.database, environment: environment, metrics: context.metrics,
                publicURL: "https://bench.example")
            let functions = HTTPClient(environment: environment, metrics: context.metrics)
            let lambda = LambdaFunctions(client: functions, access: nil, environment: environment)
            let delivery = ChunkDelivery(
                channel: CustomChannel(tools: tools, lambda: lambda, masterKey: masterKey), database: bench.database,
                environment: environment, lease: bench.lease, window: window / lanes)
            let work = try await deliver(delivery, bench, context)
            client.close()
            functions.close()
            return work
        }
    }

    private static func prepare(_ bench: BenchDatabase, _ plan: RunPlan) async throws {
        try await bench.reset(planned: recipients, isFannedOut: true, plan: plan)
        try await bench.database.execute("UPDATE runs SET app = \(app)")
        try await bench.database.execute(
            """
            INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, recipients)
            SELECT \(JobQueue.custom.name), \(ChunkDelivery.kind), \(bench.environment.now()), \(app), \(bench.run),
                   \(bench.day), part::integer, 0, array_agg(endpoint_key ORDER BY endpoint_key)
              FROM (SELECT endpoint_key,
                           (row_number() OVER (ORDER BY endpoint_key) - 1) / \(Int64(Limits.recipientsPerJob)) AS part
                      FROM endpoints WHERE app = \(app)) AS members
             GROUP BY part
             ORDER BY part
            """)
        try await bench.withoutTransaction("VACUUM (ANALYZE) jobs")
    }

    private static func deliver(
        _ delivery: ChunkDelivery, _ bench: BenchDatabase, _ context: BenchContext
    ) async throws -> Work {
        let left = Lock(recipients / Limits.recipientsPerJob)
        let done = Completion()
        let worker = Worker(
            terms: Worker.Terms(queue: .custom, lanes: lanes + 1, lease: bench.lease), loop: context.loop,
            database: bench.database, environment: bench.environment,
            settlement: Settlement(resolver: .ledger(bench.environment))
        ) { job, held in
            try await delivery.run(job, held)
            let rest = left.withLock { left in
                left -= 1
                return left
            }
            if rest == 0 { done.signal() }
        }
        let start = MonotonicClock.now()
        let seconds = await withTaskGroup(of: Void.self) { group in
            group.addTask { await worker.runUntilCancelled() }
            await done.wait()
            let seconds = Double(MonotonicClock.now() - start) / 1_000_000
            group.cancelAll()
            return seconds
        }
        let rows = try await bench.database.query("SELECT count(*) FROM send_outcomes WHERE outcome = 1")
        let count: Int64 = try rows[0].get(0)
        guard count == Int64(recipients) else {
            throw Fault(.integrity, "\(count) of \(recipients) messages were accepted")
        }
        return Work(recipients, seconds: seconds)
    }
}
