import Core
import Delivery
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

@Suite(.database) struct FrequencyCapTests {
    let fixture: DeliveryFixture
    private let second = (run: RunID(high: 2, low: 22), campaign: CampaignID(high: 3, low: 33))

    init() throws {
        fixture = try DeliveryFixture()
    }

    private var database: Database { fixture.database }

    private func reasons(of run: RunID? = nil) async throws -> [String: Int] {
        let rows = try await database.query(
            """
            SELECT coalesce(reason, 'outcome ' || outcome), count(*) FROM send_outcomes
             WHERE run = \(run ?? fixture.run)
             GROUP BY 1
            """
        )
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.get(0), Int(try $0.get(1) as Int64)) })
    }

    /// In the settings of the app.
    private func setDaily(_ daily: Int) async throws {
        let settings: JSON = ["Limits": ["Daily": .integer(Int64(daily))]]
        try await database.execute(
            """
            INSERT INTO apps (id, account, name, settings, settings_modified_at, created_at)
            VALUES (\(fixture.app), '123456789012', 'test', \(SQLBind.jsonb(settings.serialized)),
                    \(fixture.environment.now()), \(fixture.environment.now()))
                ON CONFLICT (id) DO UPDATE SET settings = excluded.settings
            """
        )
    }

    @Test func `a Daily of the app counts every campaign's messages, a Daily of a campaign its own`() async throws {
        let shared = RunRules(caps: FrequencyCaps(appDaily: 1))
        let own = RunRules(caps: FrequencyCaps(campaignDaily: 1))
        try await setDaily(5)
        try await fixture.start(fixture.plan(), endpoints: 6)
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await reasons() == ["outcome 1": 6])
        try await fixture.add(
            fixture.plan(rules: own, run: second.run, campaign: second.campaign), endpoints: 6, chunkSize: 6)
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await reasons(of: second.run) == ["outcome 1": 6], "the other campaign's do not count")
        let third = RunID(high: 2, low: 222)
        try await fixture.add(
            fixture.plan(rules: shared, run: third, campaign: CampaignID(high: 3, low: 333)), endpoints: 6, chunkSize: 6
        )
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await reasons(of: third) == ["DAILY_CAP": 6])
        #expect(try await fixture.violations(of: third).isEmpty)
    }

    @Test func `a Daily looks back 24 hours, rolling`() async throws {
        let rules = RunRules(caps: FrequencyCaps(campaignDaily: 1))
        try await fixture.start(fixture.plan(lasting: .seconds(200_000), rules: rules), endpoints: 2)
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        for (place, after) in [Int64(86_399), 86_400].enumerated() {
            let run = RunID(high: 5, low: UInt64(place))
            try await fixture.add(
                fixture.plan(lasting: .seconds(200_000), rules: rules, run: run), endpoints: 2, chunkSize: 2)
            try await fixture.drain(fixture.delivery(channel, at: fixture.environment.now() + .seconds(after)))
            #expect(try await reasons(of: run) == (after < 86_400 ? ["DAILY_CAP": 2] : ["outcome 1": 2]))
        }
    }

    @Test func `a Total holds over all runs and days`() async throws {
        let rules = RunRules(caps: FrequencyCaps(total: 2))
        try await fixture.addPeople(3)
        for number in 0..<4 as Range<UInt64> {
            let run = RunID(high: 5, low: number)
            try await fixture.add(
                fixture.plan(lasting: .seconds(9_000_000), rules: rules, run: run), endpoints: 3, chunkSize: 3)
            let now = fixture.environment.now() + .seconds(Int64(number) * 1_000_000)
            try await fixture.drain(fixture.delivery(ScriptedChannel(), at: now))
            #expect(try await reasons(of: run) == (number < 2 ? ["outcome 1": 3] : ["CAMPAIGN_CAP": 3]))
        }
    }

    @Test func `what targets an endpoint counts, also when quiet time or the provider refuses it; the rest does not`()
        async throws
    {
        let quiet = RunRules(quietTime: QuietWindow(start: 0, end: 1439), caps: FrequencyCaps(campaignDaily: 1))
        try await fixture.addPeople(6)
        try await database.execute(
            "UPDATE endpoints SET demographic = '{\"Timezone\": \"Asia/Seoul\"}' WHERE endpoint_key <= 2")
        try await database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key = 3")
        try await fixture.add(fixture.plan(rules: quiet), endpoints: 6, chunkSize: 6)
        let refusing = ScriptedChannel { key, _ in
            key == 4
                ? .rejected(.mailbox, detail: "552", isAddressDead: false) : .accepted(providerReference: "")
        }
        try await fixture.drain(fixture.delivery(refusing))
        #expect(try await reasons() == ["QUIET_TIME": 2, "OPT_OUT": 1, "MAILBOX": 1, "outcome 1": 2])
        let counted = try await database.query("SELECT endpoint_key FROM cap_reservations ORDER BY 1")
        #expect(try counted.map { try $0.get(0) as Int64 } == [1, 2, 4, 5, 6])
        try await database.execute("UPDATE endpoints SET opt_out = 'NONE', demographic = '{}'")
        try await fixture.add(
            fixture.plan(rules: RunRules(caps: FrequencyCaps(campaignDaily: 1)), run: second.run), endpoints: 6,
            chunkSize: 6)
        try await fixture.drain(fixture.delivery(ScriptedChannel()))
        #expect(try await reasons(of: second.run) == ["DAILY_CAP": 5, "outcome 1": 1])
    }

    @Test func `a message that is tried again, and again after a crash, is not refused by its own reservation`()
        async throws
    {
        let rules = RunRules(caps: FrequencyCaps(campaignDaily: 1, appDaily: 1, total: 1))
        try await fixture.start(fixture.plan(.atLeastOnce, rules: rules), endpoints: 6)
        let channel = ScriptedChannel { key, attempt in
            guard attempt < 3 else { return .accepted(providerReference: "") }
            return key % 2 == 0 ? .retry(after: .zero, isThrottle: false, detail: "451") : .unknown(detail: "lost")
        }
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await reasons() == ["outcome 1": 6])
        #expect(channel.handedOver.values.allSatisfy { $0 == 3 })
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `two messages to one endpoint in one window see each other`() async throws {
        try await fixture.addPeople(1)
        try await fixture.add(
            fixture.plan(rules: RunRules(caps: FrequencyCaps(campaignDaily: 2))), endpoints: 1, chunkSize: 1)
        try await database.execute("UPDATE jobs SET recipients = '{1, 1, 1}', ordinals = '{0, 1, 2}'")
        try await fixture.drain(fixture.delivery(ScriptedChannel()))
        #expect(try await reasons() == ["outcome 1": 2, "DAILY_CAP": 1])
    }

    @Test func `without caps nothing is recorded, and from a Daily in the app's settings on everything is`()
        async throws
    {
        try await setDaily(0)
        try await fixture.start(fixture.plan(), endpoints: 3)
        let delivery = fixture.delivery(ScriptedChannel())
        try await fixture.drain(delivery)
        #expect(try await database.query("SELECT 1 FROM cap_reservations").isEmpty)
        try await setDaily(3)
        var number: UInt64 = 0
        try await eventually("messages are recorded") {
            number += 1
            try await fixture.add(
                fixture.plan(run: RunID(high: 6, low: number)), endpoints: 3, chunkSize: 3)
            try await fixture.drain(delivery)
            return try await database.query("SELECT 1 FROM cap_reservations").count == 3
        }
    }

    @Test func `a window's counts come from the index, also where the table was empty when it was last looked at`()
        async throws
    {
        try await fixture.start(
            fixture.plan(rules: RunRules(caps: FrequencyCaps(campaignDaily: 1))), endpoints: 3)
        try await database.execute("VACUUM ANALYZE cap_reservations")
        let plan = fixture.plan()
        let cause = SendCause(run: plan.run, runDay: plan.runDay, chunk: 0, treatment: 0)
        let sends = CapReservations.Sends(plan, cause, keys: [1, 2, 3], ordinals: [0, 1, 2])
        let (app, now) = (fixture.app, fixture.environment.now())
        let lines: [String] = try await database.transaction { session in
            _ = try await session.batch(CapReservations.lock(app, sends.keys))
            return try await session.query("EXPLAIN \(CapReservations.counts(sends, now: now))").map { try $0.get(0) }
        }
        #expect(lines.contains { $0.contains("Index Scan using cap_reservations_pkey") }, "\(lines)")
        #expect(!lines.contains { $0.contains("Seq Scan") }, "\(lines)")
    }

    // MARK: Upkeep

    @Test func `what no cap looks at any more is removed, a bounded number at a time`() async throws {
        try await fixture.start(
            fixture.plan(rules: RunRules(caps: FrequencyCaps(campaignDaily: 1))), endpoints: 5)
        try await fixture.add(
            fixture.plan(rules: RunRules(caps: FrequencyCaps(total: 1)), run: second.run, campaign: second.campaign),
            endpoints: 5, chunkSize: 5)
        try await fixture.drain(fixture.delivery(ScriptedChannel()))
        let (database, now) = (database, fixture.environment.now())
        func prune(_ limit: Int, at instant: Instant) async throws -> Int {
            try await database.transaction { try await CapReservations.prune(limit: limit, now: instant, in: $0) }
        }
        #expect(try await prune(100, at: now + .seconds(86_399)) == 0)
        #expect(try await prune(3, at: now + .seconds(86_400)) == 3)
        #expect(try await prune(3, at: now + .seconds(86_400)) == 2, "those of the campaign with a Total stay")
        try await database.execute(
            """
            INSERT INTO campaigns (app, id, version, status, created_at, deleted_at)
            VALUES (\(fixture.app), \(second.campaign), 1, 'DELETED', \(now), \(now))
            """
        )
        #expect(try await prune(100, at: now) == 5)
        #expect(try await database.query("SELECT 1 FROM cap_reservations").isEmpty)
    }
}
