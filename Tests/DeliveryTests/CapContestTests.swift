import Core
import Crypto
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

/// Two campaigns with a shared Daily of 1 over the same people, 32 windows at once on as many connections.
@Suite(.database) struct CapContestTests {
    private static let people = 5000
    private static let windows = 32
    private static let campaigns = [CampaignID(high: 3, low: 0), CampaignID(high: 3, low: 1)]
    private let fixture: DeliveryFixture
    private let runs = [RunID(high: 2, low: 1), RunID(high: 2, low: 2)]

    init() throws {
        fixture = try DeliveryFixture()
    }

    private func prepare(_ policy: DeliveryPolicy) async throws {
        try await fixture.addPeople(Self.people)
        try await startRuns(policy, keys: (1...Int64(Self.people)).map { $0 })
    }

    private func startRuns(_ policy: DeliveryPolicy, keys: [Int64]) async throws {
        for (run, campaign) in zip(runs, Self.campaigns) {
            let plan = fixture.plan(
                policy, rules: RunRules(caps: FrequencyCaps(appDaily: 1)), run: run,
                campaign: campaign)
            try await fixture.add(plan, keys: keys, chunkSize: 100)
        }
    }

    /// All jobs of both runs, by as many tasks as there are windows, each with connections of its own like a process.
    private func contest(_ channel: ScriptedChannel) async throws {
        let pools = try (0..<4).map { _ in try TestDatabase.current.makeDatabase(poolSize: Self.windows / 4) }
        await withTaskGroup(of: Void.self) { tasks in
            for window in 0..<Self.windows {
                let database = pools[window % pools.count]
                tasks.addTask {
                    do {
                        let delivery = fixture.delivery(channel, window: 25, on: database)
                        let lease = LeaseTerms(owner: HexID(high: 9, low: UInt64(window)), duration: .seconds(30))
                        let later = fixture.environment.now() + .seconds(1800)
                        while true {
                            let jobs = try await Claim.take(
                                .email, maximumPriority: .max, limit: 1, lease: lease, now: later, in: database)
                            if let job = jobs.first {
                                try await delivery.run(job, HeldLease(terms: lease))
                            } else if try await database.query("SELECT 1 FROM jobs LIMIT 1").isEmpty {
                                return
                            } else {
                                try await database.loop.sleep(for: .milliseconds(5))
                            }
                        }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
        }
        for pool in pools { await pool.close() }
    }

    /// Accepted messages by person, over both runs.
    private func accepted() async throws -> [Int64: Int] {
        let rows = try await fixture.database.query(
            """
            SELECT endpoint_key, count(DISTINCT run) FROM send_outcomes WHERE outcome = 1 GROUP BY endpoint_key
            """
        )
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.get(0), Int(try $0.get(1) as Int64)) })
    }

    private func expectOneEach() async throws {
        let byPerson = try await accepted()
        #expect(byPerson.count == Self.people, "nobody is left out")
        #expect(byPerson.values.allSatisfy { $0 == 1 }, "nobody gets both")
        var refused = 0
        for run in runs {
            let sheet = try #require(try await fixture.sheet(of: run))
            #expect(sheet.open == 0)
            #expect(sheet.balances)
            #expect(try await fixture.violations(of: run).isEmpty)
            refused += Int(sheet.total(.suppressed))
        }
        #expect(refused == Self.people)
        let reasons = try await fixture.database.query(
            "SELECT DISTINCT reason FROM send_outcomes WHERE outcome = 3")
        #expect(try reasons.map { try $0.get(0) as String? } == ["DAILY_CAP"])
        let reserved: Int64 = try await fixture.database.query("SELECT count(*) FROM cap_reservations")[0].get(0)
        #expect(reserved == Int64(Self.people))
    }

    @Test func `each person gets exactly one message`() async throws {
        try await prepare(.atMostOnce)
        let channel = ScriptedChannel()
        try await contest(channel)
        try await expectOneEach()
        #expect(channel.handedOver.values.allSatisfy { $0 == 1 })
    }

    @Test func `the same while every eighth window is killed after it was fired`() async throws {
        try await prepare(.atLeastOnce)
        let (database, environment) = (fixture.database, fixture.environment)
        let reaper = Reaper(
            queue: .email, settlement: Settlement(resolver: .ledger(environment)), database: database, log: .silent)
        let calls = Lock(0)
        let killed = Lock<Set<Int64>>([])
        // A holder that is paused until its lease is over and its job settled: nothing of the window was sent, and it learns
        // at its next step that the job is not its own.
        let channel = ScriptedChannel(
            { key, attempt in
                killed.withLock { $0.remove(key) } != nil
                    ? .notSent(.connection, detail: "killed") : .accepted(providerReference: "\(attempt)")
            },
            beforeSends: { sends in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                guard call % 8 == 0, let send = sends.first else { return }
                do {
                    try await database.execute(
                        """
                        UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s'
                         WHERE run = \(send.cause.run) AND chunk = \(send.cause.chunk)
                           AND \(send.recipient.key) = ANY (recipients) AND lease_owner IS NOT NULL
                        """
                    )
                    _ = try await reaper.runOnce()
                    killed.withLock { $0.formUnion(sends.map(\.recipient.key)) }
                } catch {
                    Issue.record(error)
                }
            })
        try await contest(channel)
        try await expectOneEach()
    }

    // MARK: Beside ingest

    private static let written = 1500

    /// Windows lock people's rows in the order of their keys, as ingest writes them. Where addresses move, a commit also writes
    /// the row of whoever had one before, in no order: then Postgres may have to undo one of two, which both do again.
    @Test(arguments: [false, true])
    func `clients write the same people meanwhile`(movesAddresses: Bool) async throws {
        let test = try TestDatabase.current
        let now = test.environment.now()
        try await test.database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(fixture.app), '123456789012', 'test', \(now), \(now))
            """
        )
        let hasher = SuppressionHasher(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32)))
        let database = test.makeDatabase(poolSize: 3)
        let writer = IngestWriter(
            database: database, partitions: Partitions(database), hasher: hasher, metrics: test.metrics)
        for start in stride(from: 0, to: Self.written, by: 100) {
            try await write(Array(start..<start + 100), turn: 0, movesAddresses: false, with: writer)
        }
        let keys = (0..<Self.written).map { EndpointIdentity(app: fixture.app, id: "p\($0)").key }.sorted()
        try await startRuns(.atMostOnce, keys: keys)
        let channel = ScriptedChannel()
        let isOver = Lock(false)
        let before = try await deadlocks()
        async let writes = clients(writer, movesAddresses: movesAddresses, until: isOver)
        try await contest(channel)
        isOver.withLock { $0 = true }
        let commits = try await writes
        await database.close()
        print(
            "caps beside ingest\(movesAddresses ? ", addresses moving" : ""): \(commits) commits of 50 people, "
                + "\(try await deadlocks() - before) deadlocks")
        #expect(commits > 10)
        #expect(channel.handedOver.values.allSatisfy { $0 == 1 }, "nobody gets both")
        for run in runs { #expect(try await fixture.violations(of: run).isEmpty) }
        if !movesAddresses {
            #expect(channel.handedOver.count == Self.written, "nobody is left out")
            #expect(try await deadlocks() == before)
        }
    }

    /// As `pg_stat_database` has them so far; a backend reports its own once a second, or at its end.
    private func deadlocks() async throws -> Int64 {
        try await fixture.database.query(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0].get(0)
    }

    /// Three at once, 50 people in random order to a commit. How many there were.
    private func clients(_ writer: IngestWriter, movesAddresses: Bool, until isOver: Lock<Bool>) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for client in 0..<3 as Range<UInt64> {
                tasks.addTask {
                    let random = SeededRandom(seed: client)
                    var turn = 0
                    while !isOver.withLock({ $0 }) {
                        turn += 1
                        let people = (0..<50).map { _ in Int(random.next() % UInt64(Self.written)) }
                        try await write(
                            Array(Set(people)), turn: turn, movesAddresses: movesAddresses, with: writer)
                    }
                    return turn
                }
            }
            return try await tasks.reduce(0, +)
        }
    }

    private func write(
        _ people: [Int], turn: Int, movesAddresses: Bool, with writer: IngestWriter
    ) async throws {
        let items = people.map { person in
            let address = movesAddresses && person % 10 == 0 ? (person + turn * 10) % Self.written : person
            return """
                "p\(person)": {"Endpoint": {"ChannelType": "EMAIL", "Address": "p\(address)@x.test",
                                            "Attributes": {"turn": ["\(turn)"]}}, "Events": {}}
                """
        }
        let body = "{\"BatchItem\": {\(items.joined(separator: ","))}}"
        let request = try PutEventsReader.read(
            Array(body.utf8), app: fixture.app, now: fixture.environment.now()
        ).request
        for result in await writer.commit([request]) { _ = try result.get() }
    }
}
