import Access
import Core
import EventLoop
import HTTPClient
import Model
import Postgres
import Runtime
import Segments
import TestKit
import Testing

/// The built process, killed where it hurts: its successor's answers are the tables'.
@Suite(.database) struct SegmentServiceIsKilledTests {
    private static let app = AppID(high: 0xDEAD, low: 0xBEEF)
    private static let people: Int64 = 9000

    /// People with a tier, every third with purchases of the last weeks.
    private func insertPeople(now: Instant) async throws {
        let database = try TestDatabase.current.database
        let app = Self.app
        let anyDay = PartitionRetention(pastDays: 20_000, futureDays: 20_000)
        try await Partitions(database, retention: anyDay).ensure(.events, for: (0...40).map { now.day + -$0 })
        try await database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), \(RunningAudience.account), 'test', \(now), \(now))
            """)
        try await database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, cohort, channel_type, address, address_hash, attributes,
                                   effective_at, created_at)
            SELECT \(app), hashint8extended(n, 7), 'e' || n, n % 100, 'EMAIL', 'a' || n % 8000 || '@example.com',
                   sha256(('a' || n % 8000)::bytea),
                   jsonb_build_object('tier', jsonb_build_array(CASE n % 3 WHEN 0 THEN 'gold' ELSE 'tin' END)), \(now), \(now)
              FROM generate_series(1, \(Self.people)) AS n
            """)
        try await database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT date_trunc('week', at AT TIME ZONE 'UTC')::date, hashint8extended(n, 7), gen_random_uuid(), \(app),
                   'purchase', at, at
              FROM generate_series(1, \(Self.people)) AS n,
                   LATERAL (SELECT \(now) - (n % 39 || ' days')::interval - interval '1 hour' AS at) AS t
             WHERE n % 3 = 0
            """)
    }

    /// What ingest does to some of them.
    private func changeSome(_ round: Int64, now: Instant) async throws {
        let app = Self.app
        try await TestDatabase.current.database.transaction { session in
            let rows = try await session.query(
                """
                UPDATE endpoints SET attributes = jsonb_build_object('tier', jsonb_build_array('gold'))
                 WHERE app = \(app) AND cohort = \(Int16(round))
                RETURNING endpoint_key
                """)
            let gone = try await session.query(
                "DELETE FROM endpoints WHERE app = \(app) AND cohort = \(Int16(round + 50)) RETURNING endpoint_key")
            var log = ChangeLog()
            log.touch(app, try (rows + gone).map { try $0.get(0) as Int64 })
            for statement in log.statements(at: now) { try await session.execute(statement) }
        }
    }

    private static let segments: [(body: JSON, expression: SegmentExpression)] = [
        (["Dimensions": [:]], .everyone),
        (
            ["Dimensions": ["Attributes": ["tier": ["AttributeType": "INCLUSIVE", "Values": ["gold"]]]]],
            .condition(.attribute(.endpoint, name: "tier", .inclusive(["gold"])))
        ),
        (
            ["Dimensions": ["Behavior": ["Recency": ["Duration": "DAY_7", "RecencyType": "INACTIVE"]]]],
            .condition(.recency(.days7, isActive: false))
        ),
    ]

    private func answersEqualTheTables(_ service: KillableService) async throws {
        try await eventually("the index answers") {
            try await service.estimate(Self.segments[0].body)["Source"] == "INDEX"
        }
        for (body, expression) in Self.segments {
            let answer = try await service.estimate(body)
            let now = try await service.realNow()
            let truth = try await TestDatabase.current.database.withSession { session in
                try await SegmentEstimator.count(
                    ResolvedSegment(expression: expression), app: Self.app, now: now, in: session)
            }
            #expect(answer["Source"] == "INDEX")
            #expect(answer["Count"] == .integer(truth.total.count))
            #expect(answer["Reachable"] == .integer(truth.total.reachable))
            #expect(answer["Sample"]?.array?.count == truth.sampleKeys.count)
        }
    }

    @Test func `kill -9 while the index is loaded`() async throws {
        let service = try KillableService()
        let now = try await service.realNow()
        try await insertPeople(now: now)
        try await service.start(failpoint: "index_page:abort@3")
        // SQL answers, and has the index loaded.
        #expect(try await service.estimate(Self.segments[0].body)["Source"] == "SQL")
        #expect(try await service.waitForDeath() == -9)
        try await changeSome(1, now: now)
        try await service.start()
        try await answersEqualTheTables(service)
        try await service.stop()
    }

    @Test func `kill -9 while the index takes changes in`() async throws {
        let service = try KillableService()
        let now = try await service.realNow()
        try await insertPeople(now: now)
        for round in 0..<3 {
            try await service.start(failpoint: "index_changes:abort@\(2 + round)")
            try await eventually("the index answers") {
                try await service.estimate(Self.segments[0].body)["Source"] == "INDEX"
            }
            var changes: Int64 = 0
            while service.isRunning {
                try await changeSome(Int64(round) * 10 + changes, now: now)
                changes += 1
                try await eventually("the index follows, or is dead") {
                    guard let answer = try? await service.estimate(Self.segments[1].body) else { return true }
                    return answer["Source"] == "INDEX"
                }
            }
            #expect(try await service.waitForDeath() == -9)
            try await service.start()
            try await answersEqualTheTables(service)
            try await service.stop()
        }
    }
}

/// segment-service as a process of its own.
private final class KillableService: Sendable {
    private let keyFile: MasterKeyFile
    private let port: UInt16
    private let client: HTTPClient
    private let database: Database
    private let url: String
    private let process = Slot()

    init() throws {
        let test = try TestDatabase.current
        keyFile = try MasterKeyFile()
        port = try FreePort.next()
        client = HTTPClient(environment: test.environment, metrics: Metrics())
        (database, url) = (test.database, test.url)
    }

    func realNow() async throws -> Instant {
        try await database.query("SELECT clock_timestamp()")[0].get(0)
    }

    func start(failpoint: String? = nil) async throws {
        var environment = [
            "PATH": "/usr/bin:/bin", "NEEDLETAIL_DATABASE_URL": url, "NEEDLETAIL_MASTER_KEY_FILE": keyFile.path,
            "NEEDLETAIL_ACCOUNT_ID": RunningAudience.account, "NEEDLETAIL_LISTEN": "127.0.0.1:\(port)",
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(RunningAudience.key.id):\(RunningAudience.key.secret)",
        ]
        environment["NEEDLETAIL_FAILPOINT"] = failpoint
        let child = try ChildProcess(BuildPaths.product("segment-service"), environment: environment)
        process.set(child)
        try await child.waitForLine("process.ready", within: .seconds(60))
    }

    var isRunning: Bool { process.child?.exitStatus == nil }

    func waitForDeath() async throws -> Int32 {
        guard let child = process.child else { throw TestKitError("it was never started") }
        return try await child.waitForExit(within: .seconds(60))
    }

    func stop() async throws {
        process.child?.terminate()
        #expect(try await waitForDeath() == 0)
    }

    func estimate(_ body: JSON) async throws -> JSON {
        let host = "127.0.0.1:\(port)"
        let target = "/v1/apps/\(AppID(high: 0xDEAD, low: 0xBEEF))/segments/estimate"
        var headers: [(name: String, value: String)] = [(name: "Content-Type", value: "application/json")]
        headers += SigV4.sign(
            method: "POST", host: host, target: target, headers: headers, body: body.serialized,
            key: RunningAudience.key, region: "eu-west-1", at: try await realNow())
        let response = try await client.send(
            ClientRequest(
                method: "POST", url: "http://\(host)\(target)", headers: headers, body: body.serialized,
                // The connection that is kept may be to the killed one.
                isRepeatable: true, responseLimitBytes: 1 << 20))
        guard response.status == 200 else {
            throw TestKitError("\(response.status): \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSON.parse(response.body)
    }
}

/// The process of the moment.
private final class Slot: Sendable {
    private let state = Lock<ChildProcess?>(nil)

    var child: ChildProcess? { state.withLock { $0 } }
    func set(_ child: ChildProcess) { state.withLock { $0 = child } }
}
