import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

/// Erasing what is left of deleted endpoints, over raw rows: a run of 20 recipients in chunks of 10, some sent, some waiting.
@Suite(.database) struct EraserTests {
    private let fixture: LedgerFixture
    private let database: Database
    private let now: Instant

    init() throws {
        fixture = try LedgerFixture()
        database = fixture.database
        now = fixture.now
    }

    private var app: AppID { fixture.app }

    /// Keys 10, 20 … 200; the first chunk is sent, of the second the first 4, the rest waits in a job.
    private func start() async throws {
        try await Partitions(database, retention: PartitionRetention(pastDays: 20_000)).ensure(
            .sendOutcomes, for: fixture.day)
        try await database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                              started_at, fanned_out, planned, cursor_key)
            VALUES (\(app), \(fixture.run), \(fixture.campaign), 1, 'once', \(fixture.day), 'RUNNING',
                    \(SQLBind.jsonb(fixture.plan.json.serialized)), \(now), \(now), true, 20, 200)
            """
        )
        for chunk in 0..<2 {
            let keys = (1...10).map { Int64(chunk * 100 + $0 * 10) }
            try await database.execute(
                """
                INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                SELECT \(app), \(fixture.run), \(Int32(chunk)), 0, \(keys[0]), \(keys[9]), 10,
                       sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(\(keys)) AS k
                """
            )
            try await book(chunk: chunk, keys.prefix(chunk == 0 ? 10 : 4))
        }
        try await queue(keys: (5...10).map { Int64(100 + $0 * 10) }, ordinals: 4...9)
    }

    private func book(chunk: Int, _ keys: some Sequence<Int64>) async throws {
        let rows = keys.enumerated().map {
            SendOutcomeRow(endpointKey: $1, ordinal: Int32($0), state: .accepted)
        }
        var cause = fixture.cause
        cause.chunk = Int32(chunk)
        let (plan, now, of) = (fixture.plan, now, cause)
        try await database.transaction { try await OutcomeStore.append(rows, of: of, plan: plan, at: now, in: $0) }
    }

    private func queue(keys: [Int64], ordinals: ClosedRange<Int32>) async throws {
        var job = NewJob(queue: .email, kind: "test", dueAt: now)
        job.app = app
        job.send = fixture.cause
        job.send?.chunk = 1
        job.recipients = keys
        job.ordinals = Array(ordinals)
        let new = job
        try await database.transaction { try await Queue.enqueue(new, in: $0) }
    }

    private func erase(_ keys: [Int64], until: Instant? = nil) async throws -> Eraser.Result {
        try await Eraser(database: database).run(Erasure(app: app, keys: keys, until: until ?? now))
    }

    private func count(_ sql: SQL) async throws -> Int { try await database.query(sql)[0].get(0) }

    private func places(of key: Int64) async throws -> Int {
        try await count(
            """
            SELECT (SELECT count(*) FROM send_outcomes WHERE endpoint_key = \(key))
                 + (SELECT count(*) FROM jobs WHERE \(key) = ANY (recipients))
                 + (SELECT count(*) FROM run_chunks WHERE \(key) IN (first_key, last_key))
                 + (SELECT count(*) FROM runs WHERE cursor_key = \(key))
            """)
    }

    /// A first, a last and an inner key of each chunk; two in one; a whole chunk; and some at once that wait in a job.
    static let victims: [[Int64]] = [
        [10], [100], [50], [110], [200], [150], [10, 20], [90, 100], [10, 100],
        Array(stride(from: 10, through: 100, by: 10)),
        [140, 150, 200],
    ]

    @Test(arguments: victims)
    func `the books balance after an erase in the middle of a run, and after its end`(_ keys: [Int64]) async throws {
        try await start()
        #expect(try await fixture.violations().isEmpty)
        #expect(try await erase(keys) == .done)
        for key in keys { #expect(try await places(of: key) == 0, "\(key)") }
        #expect(try await fixture.violations().isEmpty)
        #expect(try await count("SELECT count(DISTINCT endpoint_key) FROM send_outcomes") == 14)
        // The rest is sent, to whom the job names.
        let rest = try await database.query("DELETE FROM jobs RETURNING recipients")[0].get(0) as [Int64]
        let rows = rest.enumerated().map { SendOutcomeRow(endpointKey: $1, ordinal: Int32($0 + 4), state: .accepted) }
        var cause = fixture.cause
        cause.chunk = 1
        let (plan, now, of) = (fixture.plan, now, cause)
        try await database.transaction { try await OutcomeStore.append(rows, of: of, plan: plan, at: now, in: $0) }
        #expect(try await fixture.violations().isEmpty)
        #expect(try await erase(keys) == .done, "again")
        #expect(try await fixture.violations().isEmpty)
        let sheet = try await database.withSession { try await Ledger.balance(app, run: fixture.run, in: $0) }
        #expect(sheet?.total(.accepted) == 20)
    }

    @Test func `a job that a worker holds is waited for`() async throws {
        try await start()
        let lease = LeaseTerms(owner: database.environment.newID(), duration: .seconds(30))
        let job = try #require(
            await Claim.take(.email, maximumPriority: .max, limit: 1, lease: lease, now: now, in: database).first)
        #expect(try await erase([150]) == .held)
        #expect(try await places(of: 150) == 1)
        _ = try await database.query(Progress.giveBack(job, done: 0, dueAt: nil))
        #expect(try await erase([150]) == .done)
        #expect(try await places(of: 150) == 0)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `an acceptance that is learned late goes to the key that the ledger has now`() async throws {
        try await start()
        #expect(try await erase([120]) == .done)
        var cause = fixture.cause
        cause.chunk = 1
        let (plan, now, of) = (fixture.plan, now, cause)
        try await database.execute(
            "UPDATE send_outcomes SET outcome = \(TerminalState.unknown.rawValue) WHERE chunk = 1 AND ordinal = 1")
        let late = SendOutcomeRow(endpointKey: 120, ordinal: 1, state: .accepted, flags: SendOutcomeRow.late)
        try await database.transaction {
            try await OutcomeStore.appendLate([late], of: of, plan: plan, at: now, in: $0)
        }
        #expect(try await places(of: 120) == 0)
        #expect(try await count("SELECT count(*) FROM send_outcomes WHERE chunk = 1 AND ordinal = 1") == 2)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `events and engagements go, except those of whoever came after`() async throws {
        try await start()
        let week = fixture.day.weekStart
        let partitions = Partitions(database, retention: PartitionRetention(pastDays: 20_000))
        try await partitions.ensure(.events, for: [week, week + -70])
        for (number, received) in [(1, now), (2, now + .microseconds(1))] {
            for week in [week, week + -70] {
                try await database.execute(
                    """
                    INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
                    SELECT \(week), key, \(EventID(high: 1, low: UInt64(number))), \(app), 'x', \(now), \(received)
                      FROM unnest(\([Int64(10), 20])) AS w (key)
                    """)
            }
        }
        try await database.execute(
            """
            INSERT INTO engagements (app, run, endpoint_key, type, treatment, first_at)
            SELECT \(app), \(fixture.run), key, '_email.open', '0', \(now) FROM unnest(\([Int64(10), 20])) AS w (key)
            """)
        #expect(try await erase([10]) == .done)
        #expect(try await count("SELECT count(*) FROM events WHERE endpoint_key = 10") == 2, "the later ones")
        #expect(try await count("SELECT count(*) FROM events WHERE endpoint_key = 20") == 4)
        #expect(try await count("SELECT count(*) FROM engagements WHERE endpoint_key = 10") == 0)
        #expect(try await count("SELECT count(*) FROM engagements") == 1)
        let logged = try await database.query("SELECT weeks FROM change_log WHERE 10 = ANY (endpoint_keys) ORDER BY id")
        #expect(try logged.map { try $0.get(0) as [Day] } == [[week + -70], [week]])
    }

    @Test func `whoever wrote the same endpoint again keeps a place in what waits`() async throws {
        try await start()
        try await database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, cohort, effective_at, created_at)
            VALUES (\(app), 150, 'again', 1, \(now), \(now))
            """)
        #expect(try await erase([150, 120]) == .done)
        #expect(try await places(of: 150) == 1)
        #expect(try await places(of: 120) == 0)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a worker takes over from one that vanished`() async throws {
        try await start()
        let (test, erasure) = (try TestDatabase.current, Erasure(app: app, keys: [10, 150], until: now))
        let (job, due) = (erasure.job(dueAt: test.environment.now()), test.environment.now())
        try await database.transaction { try await Queue.enqueue(job, in: $0) }
        let gone = LeaseTerms(owner: database.environment.newID(), duration: .milliseconds(200))
        #expect(
            try await Claim.take(.privacy, maximumPriority: .max, limit: 1, lease: gone, now: due, in: database).count
                == 1)
        let worker = EraseWorker(
            database: database, environment: test.environment, leaseDuration: .milliseconds(400))
        let work = Task(executorPreference: test.loop) { await worker.run(on: test.loop) }
        try await eventually { try await !Erasure.isPending(of: app, in: database) }
        work.cancel()
        await work.value
        for key in erasure.keys { #expect(try await places(of: key) == 0) }
        #expect(try await fixture.violations().isEmpty)
        #expect(try await count("SELECT count(*) FROM jobs WHERE queue = 'privacy'") == 1, "the second look")
    }

    @Test func `messages counted for caps go, those of others and of later stay`() async throws {
        let later = now + .seconds(1)
        for (key, at) in [(Int64(10), now), (10, later), (20, now)] {
            try await database.execute(
                """
                INSERT INTO cap_reservations (app, endpoint_key, run, chunk, ordinal, campaign, at, is_kept)
                VALUES (\(app), \(key), \(fixture.run), 0, \(Int32(truncatingIfNeeded: at.seconds)), \(fixture.campaign), \(at), true)
                """
            )
        }
        #expect(try await erase([10]) == .done)
        #expect(try await count("SELECT count(*) FROM cap_reservations WHERE endpoint_key = 20") == 1)
        #expect(try await count("SELECT count(*) FROM cap_reservations WHERE endpoint_key = 10") == 1)
    }

    @Test func `many events go in batches`() async throws {
        let week = fixture.day.weekStart
        try await Partitions(database, retention: PartitionRetention(pastDays: 20_000)).ensure(.events, for: week)
        try await database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT \(week), 10, gen_random_uuid(), \(app), 'x', \(now), \(now) FROM generate_series(1, 12000)
            """)
        #expect(try await erase([10]) == .done)
        #expect(try await count("SELECT count(*) FROM events") == 0)
        #expect(try await count("SELECT count(*) FROM change_log") == 3)
    }
}
