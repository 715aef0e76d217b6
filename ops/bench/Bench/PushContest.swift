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

/// P1: notifications a second from claimed jobs to durable outcomes: gate, a payload rendered per person, APNs' own request with its
/// signed token over HTTP/2 and TLS, ledger; against h2load, which sends one ready request to the same nghttpd.
enum PushContest {
    private static let recipients = BenchContext.scaled(50_000, step: Limits.recipientsPerJob)
    private static let app = AppID(high: 0xBE, low: 0xA9)
    /// As delivery-push has: four lanes, and together `NEEDLETAIL_WINDOW` messages in flight.
    private static let lanes = 4
    /// A device token has 32 bytes.
    private static let device = String(repeating: "ab", count: 32)

    private static let message: JSONObject = [
        "Title": "{{Attributes.FirstName}}, the new collection is here",
        "Body": "You bought {{Metrics.Purchases}} times in {{Attributes.City}}. Members see it first, until Sunday.",
        "Action": "DEEP_LINK", "Url": "shop://collections/autumn?for={{Id}}",
        "MediaUrl": "https://www.example.com/a.jpg",
        "Sound": "default", "TimeToLive": 3600,
    ]

    static func run(_ context: BenchContext) async throws {
        let bench = try await BenchDatabase(context)
        let (port, authority) = (try BenchContext.require("BENCH_H2_PORT"), try BenchContext.require("BENCH_H2_CA"))
        let url = "https://localhost:\(port)"
        try await addPeople(bench)
        let masterKey = try MasterKey(bytes: Array(repeating: 0xBE, count: 32))
        try await configure(bench, masterKey, url: url)
        let body = try payload(bench)
        let (folder, file) = (try BenchContext.require("BENCH_H2_FOLDER"), "push.json")
        try await context.loop.offload {
            try Subprocess.output(["sh", "-c", "printf %s \"$0\" > \(folder)/\(file)", body])
        }
        let small = contender(bench, context, masterKey, authority: authority, window: 100)
        let large = contender(bench, context, masterKey, authority: authority, window: 500)
        let load = Contender(name: "h2load, 4 connections of 100 streams", own: .client, prepare: {}) {
            let output = try await context.loop.offload {
                try Subprocess.output([
                    "h2load", "-n", String(recipients), "-c", "4", "-m", "100", "-t", "1", "-d", "\(folder)/\(file)",
                    "-H",
                    "apns-topic: com.example.app", "-H", "apns-push-type: alert", "\(url)/3/device/\(device)",
                ])
            }
            guard output.contains("\(recipients) succeeded") else {
                throw Fault(.unavailable, "h2load: \(output.suffix(600))")
            }
            return Work(recipients)
        }
        let sink = BenchContext.variable("BENCH_H2_PID").flatMap { Int32($0) } ?? 0
        let contest = Contest(
            title: "P1 push, \(recipients) notifications of \(body.utf8.count) bytes, into nghttpd over TLS",
            unit: "notifications", contenders: [small, large, load],
            roots: [bench.postmaster: .postgres, sink: .client], loop: context.loop)
        let samples = try await contest.run()
        Contest.judge("P1 push / h2load, 100 in flight", samples[0], over: samples[2], aim: 0.3)
        Contest.judge("P1 push / h2load, NEEDLETAIL_WINDOW=500", samples[1], over: samples[2], aim: 0.3)
        // The other contests count the endpoints.
        try await bench.database.execute("DELETE FROM endpoints WHERE app = \(app)")
        await bench.database.close()
    }

    // MARK: What is sent

    private static func plan(_ bench: BenchDatabase) -> RunPlan {
        var plan = bench.plan
        plan.app = app
        plan.treatments = [.init(name: nil, sizePercent: 100, email: nil)]
        plan.treatments[0].push = .init(messages: ["APNS": message])
        return plan
    }

    private static func addPeople(_ bench: BenchDatabase) async throws {
        let now = bench.environment.now()
        try await bench.database.execute("DELETE FROM endpoints WHERE app = \(app)")
        try await bench.database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                   attributes, metrics, effective_at, created_at)
            SELECT \(app), hashtextextended(n::text, 9), 'phone-' || n, 'APNS', encode(sha256(n::text::bytea), 'hex'),
                   sha256(n::text::bytea), n % 100,
                   jsonb_build_object('FirstName', jsonb_build_array('Name' || n), 'City', '["Amersfoort"]'::jsonb),
                   jsonb_build_object('Purchases', n % 17), \(now), \(now)
              FROM generate_series(1, \(Int64(recipients))) AS n
            """)
        try await bench.withoutTransaction("VACUUM (ANALYZE) endpoints")
    }

    private static func configure(_ bench: BenchDatabase, _ masterKey: MasterKey, url: String) async throws {
        let now = bench.environment.now()
        try await bench.database.execute("DELETE FROM channels WHERE app = \(app)")
        try await bench.database.execute(
            """
            INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
            VALUES (\(app), 'APNS', '{}', true, \(now), \(now))
            """)
        let key = try await bench.database.loop.offload {
            try Subprocess.output(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        }
        let provider = StoredProvider(
            id: ProviderID(high: 0xBE, low: 1), name: "apns", kind: "apns",
            settings: [
                "Url": .string(url), "BundleId": "com.example.app", "TeamId": "TEAM123456", "TokenKeyId": "KEY1234567",
            ], secrets: ["TokenKey": .string(key)])
        try await bench.database.transaction { session in
            try await ProviderStore.replace(
                app, channel: "APNS", with: [provider], key: masterKey, now: now, in: session)
        }
    }

    /// Of one person, for h2load to send.
    private static func payload(_ bench: BenchDatabase) throws -> String {
        let campaign =
            #""campaign":{"campaign_id":"\#(bench.campaign)","campaign_activity_id":"\#(bench.run)","treatment_id":"0"}"#
        return
            #"{"aps":{"alert":{"title":"Name12345, the new collection is here","body":"You bought 12 times in Amersfoort. Members "#
            + #"see it first, until Sunday."},"sound":"default","mutable-content":1},"data":{"media-url":"https://www.example.com/a.jpg","#
            + #""pinpoint":{"deeplink":"shop://collections/autumn?for=phone-12345",\#(campaign)}}}"#
    }

    // MARK: Ours

    private static func contender(
        _ bench: BenchDatabase, _ context: BenchContext, _ masterKey: MasterKey, authority: String, window: Int
    ) -> Contender {
        let plan = plan(bench)
        return Contender(name: "delivery-push, \(window) in flight in \(lanes) lanes", own: .ours) {
            try await prepare(bench, plan)
        } run: {
            let environment = bench.environment
            guard let allow = OutboundAllowList("127.0.0.1/32,::1/128") else {
                throw Fault(.internalError, "no allow list")
            }
            let client = OutboundClient(
                rules: OutboundRules(allow: allow, certificateAuthorityFile: authority), environment: environment,
                metrics: context.metrics)
            let tools = ProviderTools(
                client: client, database: bench.database, environment: environment, metrics: context.metrics,
                publicURL: "https://bench.example")
            let delivery = ChunkDelivery(
                channel: PushChannel(tools, masterKey: masterKey), database: bench.database, environment: environment,
                lease: bench.lease, window: window / lanes)
            let work = try await deliver(delivery, bench, context)
            client.close()
            return work
        }
    }

    private static func prepare(_ bench: BenchDatabase, _ plan: RunPlan) async throws {
        try await bench.reset(planned: recipients, isFannedOut: true, plan: plan)
        try await bench.database.execute("UPDATE runs SET app = \(app)")
        try await bench.database.execute(
            """
            INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, recipients)
            SELECT \(JobQueue.push.name), \(ChunkDelivery.kind), \(bench.environment.now()), \(app), \(bench.run), \(bench.day),
                   part::integer, 0, array_agg(endpoint_key ORDER BY endpoint_key)
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
            terms: Worker.Terms(queue: .push, lanes: lanes + 1, lease: bench.lease), loop: context.loop,
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
        let count: Int64 = try await bench.database.query("SELECT count(*) FROM send_outcomes WHERE outcome = 1")[0]
            .get(0)
        guard count == Int64(recipients) else {
            throw Fault(.integrity, "\(count) of \(recipients) notifications were accepted")
        }
        return Work(recipients, seconds: seconds)
    }
}
