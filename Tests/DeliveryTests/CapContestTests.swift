import Core
import Delivery
import EventLoop
import Model
import Postgres
import Queue
import TestKit
import Testing

/// Two campaigns with a shared Daily of 1 over the same people, 32 windows at once on as many connections.
@Suite(.database, .timeLimit(.minutes(3))) struct CapContestTests {
    private static let people = 5000
    private static let windows = 32
    private let fixture: DeliveryFixture
    private let runs = [RunID(high: 2, low: 1), RunID(high: 2, low: 2)]

    init() throws {
        fixture = try DeliveryFixture()
    }

    private func prepare(_ policy: DeliveryPolicy) async throws {
        try await fixture.addPeople(Self.people)
        for (place, run) in runs.enumerated() {
            let plan = fixture.plan(
                policy, rules: RunRules(caps: FrequencyCaps(appDaily: 1), countsForApp: true), run: run,
                campaign: CampaignID(high: 3, low: UInt64(place)))
            try await fixture.add(plan, endpoints: Self.people, chunkSize: 100)
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

    @Test func `the same while every eighth window is killed after it was fired, and clients write the same people`()
        async throws
    {
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
        let isOver = Lock(false)
        async let writers: Void = write(until: isOver)
        try await contest(channel)
        isOver.withLock { $0 = true }
        await writers
        try await expectOneEach()
    }

    /// Endpoint writes as ingest makes them: rows in key order, in batches over all people.
    private func write(until isOver: Lock<Bool>) async {
        do {
            let database = try TestDatabase.current.makeDatabase(poolSize: 2)
            var turn: Int64 = 0
            while !isOver.withLock({ $0 }) {
                turn += 1
                let keys = (0..<200).map { ($0 * 25 + turn) % Int64(Self.people) + 1 }.sorted()
                try await database.retryingTransaction { session in
                    try await session.execute("SET LOCAL enable_seqscan = off")
                    try await session.execute(
                        """
                        UPDATE endpoints AS e SET request_id = \(String(turn))
                          FROM unnest(\(keys)) AS w (key)
                         WHERE e.app = \(fixture.app) AND e.endpoint_key = w.key
                        """
                    )
                }
            }
            await database.close()
        } catch {
            Issue.record(error)
        }
    }
}
