import Core
import EventLoop
import Glibc
import Model
import PinpointAPI
import Postgres
import Runtime
import TestKit
import Testing

/// Two scheduler processes beside each other for a day of business time, hour by hour, one of them halted by SIGSTOP for a while and
/// sometimes left halted into the next hour: it then goes on with what it was doing and a clock that is an hour behind.
@Suite(.scenario, .database) struct TwoSchedulersTests {
    private let app = AppID(high: 1, low: 1)
    private let segment = SegmentID(high: 5, low: 5)
    private static let people = 60
    /// The day on which Europe's clocks skip an hour.
    private static let start = Instant(seconds: 1_774_699_200)
    private static let hours = 24

    /// Runs that there must be of each, over the day.
    private static let campaigns: [(frequency: Frequency, isLocal: Bool, offset: Int, runs: Int)] = [
        (.hourly, false, 0, 24), (.hourly, false, 0, 24), (.hourly, true, 0, 24), (.daily, false, 5, 1),
        (.daily, true, 5, 1), (.once, false, 7, 1), (.once, true, 9, 1), (.weekly, false, 11, 1),
        (.monthly, true, 13, 1),
    ]

    @Test func `each occurrence of a day is run once, and plans everybody once`() async throws {
        let database = try TestDatabase.current.database
        try await prepare(in: database)
        let machine = try SchedulerMachine(database: TestDatabase.current.url)
        try await machine.startSegments()
        let random = SeededRandom(seed: 20_260_329)
        var left: ChildProcess?
        var planned = [0, 0]
        for hour in 0..<Self.hours {
            let now = Self.start + .seconds(hour * 3600 + 60)
            let pair = [try machine.startScheduler(at: now), try machine.startScheduler(at: now)]
            for process in pair { try await process.waitForLine("process.ready", within: .seconds(60)) }
            left?.send(signal: SIGCONT)
            for _ in 0..<3 {
                try await pause(random.next() % 80)
                pair[0].send(signal: SIGSTOP)
                try await pause(random.next() % 120)
                pair[0].send(signal: SIGCONT)
            }
            try await eventually(within: .seconds(60), "hour \(hour) is started and planned") {
                try await isDone(until: now, in: database)
            }
            for (index, process) in pair.enumerated() {
                planned[index] += process.output.count { $0.contains("scheduler.fanned_out") }
            }
            left?.kill()
            // Halted anywhere, a transaction included: whoever comes after works around it.
            left = random.next() % 2 == 0 ? pair[0] : nil
            left?.send(signal: SIGSTOP)
            for process in pair where process !== left { process.kill() }
        }
        left?.kill()
        #expect(planned.allSatisfy { $0 > 0 }, "both must have had work: \(planned)")
        try await expectEachOnce(in: database)
    }

    private func pause(_ milliseconds: UInt64) async throws {
        try await TestDatabase.current.loop.sleep(for: .milliseconds(Int64(milliseconds)))
    }

    // MARK: The world

    private func prepare(in database: Database) async throws {
        let zones = [
            "Pacific/Kiritimati", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Etc/GMT+12", "Nowhere",
        ]
        let (created, start) = (Self.start - .seconds(3600), Self.start)
        try await database.transaction { session in
            for statement: SQL in [
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(app), \(RunningSuite.account), 'shop', \(created), \(created))
                """,
                """
                INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
                VALUES (\(app), 'EMAIL', '{"FromAddress": "shop@example.com", "Identity": "i"}', true, \(created), \(created))
                """,
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(segment), 1, \(created))",
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(app), \(segment), 1, '{"Dimensions": {}}', \(created))
                """,
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at,
                                       demographic)
                SELECT \(app), hashint8extended(n, 0), 'e' || n, 'EMAIL', 'p' || n || '@example.com', n % 100, \(created),
                       \(created), jsonb_build_object('Timezone', (\(zones))[1 + n % \(zones.count)])
                  FROM generate_series(1, \(Int64(Self.people))) AS n
                """,
            ] {
                try await session.execute(statement)
            }
            for (index, campaign) in Self.campaigns.enumerated() {
                // In local time a run starts when clocks at UTC+14 show the time.
                let first = start + .seconds((campaign.offset + (campaign.isLocal ? 14 : 0)) * 3600)
                _ = try await CampaignStore.create(
                    app, id: CampaignID(high: 3, low: UInt64(index)),
                    try CampaignDefinition(request(campaign.frequency, isLocal: campaign.isLocal, start: first)),
                    tags: nil, account: RunningSuite.account, now: created, in: session)
            }
        }
    }

    private func request(_ frequency: Frequency, isLocal: Bool, start: Instant) -> WriteCampaignRequest {
        WriteCampaignRequest(
            holdoutPercent: 10,
            messageConfiguration: MessageConfiguration(
                emailMessage: CampaignEmailMessage(body: "Hello", title: "News")),
            name: "spring",
            schedule: Schedule(frequency: frequency, isLocalTime: isLocal, startTime: start.description),
            segmentId: segment.description,
            segmentVersion: 1
        )
    }

    // MARK: What must hold

    private func isDone(until now: Instant, in database: Database) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT NOT EXISTS (SELECT FROM campaign_schedules WHERE next_due_at <= \(now))
               AND NOT EXISTS (SELECT FROM runs WHERE state = 'INITIALIZING' OR state = 'RUNNING' AND NOT fanned_out)
            """
        )
        return try rows[0].get(0)
    }

    private func expectEachOnce(in database: Database) async throws {
        for (index, campaign) in Self.campaigns.enumerated() {
            let id = CampaignID(high: 3, low: UInt64(index))
            let rows = try await database.query(
                """
                SELECT count(*), count(DISTINCT scheduled_at), count(*) FILTER (WHERE result IS NOT NULL),
                       coalesce(min(scheduled_at) = \(Self.start + .seconds(campaign.offset * 3600)), false),
                       coalesce(max(scheduled_at) - min(scheduled_at) = make_interval(hours => \(Int32(campaign.runs - 1))), false)
                  FROM runs WHERE campaign = \(id) AND result IS DISTINCT FROM 'SUCCESS'
                """
            )
            let (count, distinct, ended): (Int, Int, Int) = (
                try rows[0].get(0), try rows[0].get(1), try rows[0].get(2)
            )
            #expect(count == campaign.runs && distinct == campaign.runs && ended == 0, "campaign \(index): \(count)")
            #expect(try rows[0].get(3) == true && rows[0].get(4) == true, "campaign \(index) ran at other times")
        }
        let wrong = try await database.query(
            """
            WITH places AS (SELECT run, unnest(recipients) AS key FROM jobs
                            UNION ALL SELECT run, endpoint_key FROM send_outcomes)
            SELECT count(*) FROM runs r
             WHERE planned <> \(Int64(Self.people))
                OR (SELECT count(*) FROM places p WHERE p.run = r.id) <> \(Int64(Self.people))
                OR (SELECT count(DISTINCT key) FROM places p WHERE p.run = r.id) <> \(Int64(Self.people))
            """
        )
        #expect(try wrong[0].get(0) == 0, "runs that plan somebody never or twice")
        let early = try await database.query(
            """
            SELECT count(*) FROM jobs j
              JOIN run_chunks c ON c.run = j.run AND c.chunk = j.chunk
              JOIN runs r ON r.id = j.run
             WHERE c.slot > 0 AND j.due_at < r.scheduled_at + (c.slot - 1) * interval '1 minute'
            """
        )
        #expect(try early[0].get(0) == 0, "jobs before their time")
    }
}

/// The processes of a machine without delivery workers.
private final class SchedulerMachine: Sendable {
    private let folder: SuiteFolder
    private let environment: [String: String]
    private let segments = Lock<ChildProcess?>(nil)
    private let count = Lock(0)

    init(database: String) throws {
        folder = try SuiteFolder()
        try folder.write("master.key", "0123456789abcdef0123456789ABCDEF")
        try folder.write("service.token", "token-between-processes-of-a-scenario\n")
        environment = [
            "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin",
            "NEEDLETAIL_DATABASE_URL": database,
            "NEEDLETAIL_MASTER_KEY_FILE": "\(folder.path)/master.key",
            "NEEDLETAIL_SERVICE_TOKEN_FILE": "\(folder.path)/service.token",
            "NEEDLETAIL_ACCOUNT_ID": RunningSuite.account,
            "NEEDLETAIL_SEGMENT_SERVICE_URL": "unix://\(folder.path)/segments.sock",
        ]
    }

    func startSegments() async throws {
        let process = try start("segment-service", socket: "segments", settings: [:])
        segments.withLock { $0 = process }
        try await process.waitForLine("process.ready", within: .seconds(60))
    }

    /// With business time standing at `now` when it starts.
    func startScheduler(at now: Instant) throws -> ChildProcess {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let real = SystemEnvironment.realNow()
        return try start(
            "campaign-scheduler", socket: "scheduler-\(number)", settings: ["NEEDLETAIL_CLOCK": "\(now)@\(real)"])
    }

    private func start(_ product: String, socket: String, settings: [String: String]) throws -> ChildProcess {
        var environment = environment.merging(settings) { $1 }
        environment["NEEDLETAIL_LISTEN"] = "unix:\(folder.path)/\(socket).sock"
        return try ChildProcess(BuildPaths.product(product), environment: environment)
    }
}
