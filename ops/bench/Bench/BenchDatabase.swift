import Core
import EventLoop
import Glibc
import Model
import Postgres
import Queue
import Runtime

/// A database of the benchmarks' own in the suite's cluster, with the product's schema and a million endpoints. Kept for both
/// the queue and the fan-out, dropped by whoever removes the cluster.
struct BenchDatabase: Sendable {
    static let endpoints = BenchContext.scaled(1_000_000, step: 1000)
    private static let name = "needletail_bench"

    let url: String
    let database: Database
    let app = AppID(high: 0xBE, low: 1)
    let campaign = CampaignID(high: 0xBE, low: 2)
    let run = RunID(high: 0xBE, low: 3)
    let environment: Environment
    let day: Day
    /// Of Postgres' processes.
    let postmaster: pid_t

    init(_ context: BenchContext) async throws {
        let suite = try context.databaseURL
        url = Self.url(suite, database: Self.name)
        environment = context.environment
        day = environment.now().day
        (postmaster, database) = try await Self.open(context, suite: suite, url: url)
        try await Migrator.migrate(database)
        try await Partitions(database).ensure(.sendOutcomes, for: day)
        try await fill()
    }

    private static func open(_ context: BenchContext, suite: String, url: String) async throws -> (pid_t, Database) {
        let pid = try await context.loop.offload {
            let admin = try RawConnection(suite)
            let exists = try admin.value("SELECT count(*) FROM pg_database WHERE datname = '\(name)'")
            if exists == "0" { try admin.run("CREATE DATABASE \(name)") }
            return pid_t(try admin.value("SELECT pg_backend_pid()")).flatMap { ProcessEntry(pid: $0)?.parent } ?? 0
        }
        let database = Database(
            url: url, loop: context.loop, environment: context.environment, metrics: context.metrics,
            poolSize: QueueContest.lanes + 2)
        return (pid, database)
    }

    /// The same server and user, another database. Both URL forms end the database's name at `?` or the end.
    static func url(_ url: String, database: String) -> String {
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0]
        guard let slash = path.lastIndex(of: "/") else { return url }
        return path[...slash] + database + (parts.count > 1 ? "?" + parts[1] : "")
    }

    var lease: LeaseTerms { LeaseTerms(owner: HexID(high: 0xBE, low: 9), duration: .seconds(30)) }

    var plan: RunPlan { plan() }

    /// The same run with what it sends and what the gate keeps.
    func plan(text: String = "bench", rules: RunRules = RunRules()) -> RunPlan {
        RunPlan(
            account: "000000000000", app: app, campaign: campaign, campaignVersion: 1, campaignName: "bench", run: run,
            runDay: day, scheduledAt: environment.now(), expiresAt: environment.now() + .seconds(86_400),
            deliveryPolicy: .atMostOnce, holdoutPercent: 0,
            treatments: [
                .init(
                    name: nil, sizePercent: 100,
                    email: .init(from: "bench@example.com", subject: "bench", html: nil, text: text))
            ],
            rules: rules
        )
    }

    /// In order of arrival, which is not that of the keys: an audience that grew, not one that was sorted.
    private func fill() async throws {
        let stored: Int64 = try await database.query("SELECT count(*) FROM endpoints")[0].get(0)
        if stored == Int64(Self.endpoints) { return }
        Report.line("(loading \(Self.endpoints) endpoints)")
        let now = environment.now()
        let step = min(100_000, Self.endpoints)
        try await database.execute("TRUNCATE endpoints")
        for start in stride(from: 0, to: Self.endpoints, by: step) {
            try await database.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, cohort,
                                       attributes, metrics, demographic, effective_at, created_at)
                SELECT \(app), hashtextextended(n::text, 7), 'device-' || n, 'EMAIL', 'person' || n || '@example.com',
                       sha256(n::text::bytea), n % 100,
                       jsonb_build_object('Plan', jsonb_build_array(CASE WHEN n % 3 = 0 THEN 'pro' ELSE 'free' END),
                                          'LastPurchase', jsonb_build_array('2026-03-01T00:00:00Z')),
                       jsonb_build_object('Purchases', n % 17, 'Spent', n % 500),
                       jsonb_build_object('Timezone', (ARRAY['Europe/Amsterdam', 'America/New_York', 'Asia/Tokyo'])[1 + n % 3]),
                       \(now), \(now)
                  FROM generate_series(\(start), \(min(start + step, Self.endpoints) - 1)) AS n
                """
            )
        }
        try await withoutTransaction("VACUUM (ANALYZE) endpoints")
    }

    func withoutTransaction(_ text: String) async throws {
        let url = url
        try await database.loop.offload { try RawConnection(url).run(text) }
    }

    /// An empty ledger and a run of `planned`; `isFannedOut` when the jobs are made by `enqueue`.
    func reset(planned: Int, isFannedOut: Bool, plan: RunPlan? = nil) async throws {
        let plan = plan ?? self.plan
        try await database.execute("TRUNCATE jobs, run_chunks, runs, send_outcomes, change_log, cap_reservations")
        let now = environment.now()
        try await database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                              started_at, fanned_out, planned)
            VALUES (\(app), \(run), \(campaign), 1, 'once', \(day), 'RUNNING', \(SQLBind.jsonb(plan.json.serialized)),
                    \(now), \(now), \(isFannedOut), \(Int64(planned)))
            """
        )
        try await withoutTransaction("CHECKPOINT")
    }

    /// Chunk jobs for the first `recipients` endpoints by key: one statement, as a C or SQL programmer would write it.
    func enqueueRaw(_ recipients: Int) -> SQL {
        """
        INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, recipients)
        SELECT \(JobQueue.email.name), \(FanOutContest.kind), \(environment.now()), \(app), \(run), \(day), part::integer, 0,
               array_agg(endpoint_key ORDER BY endpoint_key)
          FROM (SELECT endpoint_key, (row_number() OVER (ORDER BY endpoint_key) - 1) / \(Int64(Limits.recipientsPerJob)) AS part
                  FROM endpoints
                 WHERE app = \(app) AND channel_type = 'EMAIL'
                 ORDER BY endpoint_key
                 LIMIT \(recipients)) AS members
         GROUP BY part
         ORDER BY part
        """
    }
}
