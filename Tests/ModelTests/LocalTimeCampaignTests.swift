import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// Campaigns in everybody's own time. The fixture's clock stands at 1998-07-01T00:00:00Z.
@Suite(.database) struct LocalTimeCampaignTests {
    private let campaign = CampaignID(high: 3, low: 3)
    private let fixture: CampaignFixture

    init() throws {
        fixture = try CampaignFixture()
    }

    private static let zones: [String?] = [
        "Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "CET", "America/New_York", "Etc/GMT+12", nil, "UTC+05:30",
    ]

    /// As many of each zone; nil is nobody's.
    private func prepare(endpoints: Int) async throws {
        try await fixture.prepare(endpoints: endpoints)
        try await fixture.database.execute(
            """
            UPDATE endpoints
               SET demographic = CASE WHEN z IS NULL THEN '{}' ELSE jsonb_build_object('Timezone', z) END
              FROM (SELECT endpoint_key AS key, (\(SQLBind.textArray(Self.zones)))[1 + (row_number() OVER () - 1) %
                           \(Self.zones.count)] AS z FROM endpoints) AS chosen
             WHERE endpoint_key = key
            """
        )
    }

    private func request(
        _ start: String, end: String? = nil, frequency: Frequency? = nil, zone: String? = nil, holdout: Int? = nil,
        sizes: [Int] = [], limits: CampaignLimits? = nil
    ) -> WriteCampaignRequest {
        var request = fixture.request(
            start: start, end: end, frequency: frequency, holdout: holdout, sizes: sizes, limits: limits)
        request.schedule?.isLocalTime = true
        request.schedule?.timezone = zone
        return request
    }

    /// Zone → when its jobs are due, and when their messages expire.
    private func jobs(_ plan: RunPlan) async throws -> [String: String] {
        let rows = try await fixture.database.query(
            """
            SELECT e.demographic ->> 'Timezone', string_agg(DISTINCT to_char(j.due_at AT TIME ZONE 'UTC', 'DD HH24:MI') || ' '
                     || to_char(to_timestamp((j.payload ->> 'expires_at')::float8 / 1e6) AT TIME ZONE 'UTC', 'DD HH24:MI'), ',')
              FROM jobs j, unnest(recipients) AS key
              JOIN endpoints e ON e.endpoint_key = key
             WHERE j.run = \(plan.run)
             GROUP BY 1
            """
        )
        var found: [String: String] = [:]
        for row in rows { found[try row.get(0)] = try row.get(1) as String }
        return found
    }

    private func reasons(_ plan: RunPlan) async throws -> [String: Int64] {
        let rows = try await fixture.database.query(
            "SELECT reason, count(*) FROM send_outcomes WHERE run = \(plan.run) GROUP BY 1")
        var found: [String: Int64] = [:]
        for row in rows { found[try row.get(0)] = try row.get(1) as Int64 }
        return found
    }

    private func violations(_ plan: RunPlan) async throws -> [LedgerProof.Violation] {
        try await fixture.database.withSession { session in
            let sheet = try #require(try await Ledger.balance(fixture.app, run: plan.run, in: session))
            return try await LedgerProof.violations(sheet, app: fixture.app, in: session)
        }
    }

    private func activities() async throws -> [CampaignActivity] {
        try await fixture.database.withSession {
            try await CampaignActivity.list(fixture.app, campaign: campaign, before: nil, runs: 10, in: $0)
        }
    }

    @Test func `everybody is due when their own clock shows StartTime`() async throws {
        try await prepare(endpoints: 800)
        let request = request("1998-07-01T20:00:00Z", limits: CampaignLimits(maximumDuration: 3600))
        #expect(try await fixture.create(campaign, request).status == .scheduled)
        #expect(try await fixture.claim(after: .seconds(6 * 3600 - 1)) == 0)
        let plan = try await fixture.start(after: .seconds(6 * 3600))
        try await fixture.finish(fixture.fanOut(plan, after: .seconds(6 * 3600)), .init(members: 130))
        #expect(
            try await jobs(plan) == [
                "Pacific/Kiritimati": "01 06:00 01 07:00", "Asia/Tokyo": "01 11:00 01 12:00",
                "Europe/Berlin": "01 18:00 01 19:00", "CET": "01 18:00 01 19:00",
                "America/New_York": "02 00:00 02 01:00", "Etc/GMT+12": "02 08:00 02 09:00",
            ])
        #expect(try await reasons(plan) == ["ENDPOINT_MISSING_TIMEZONE": 200])
        #expect(plan.expiresAt == ISO8601.parse("1998-07-02T09:00:00Z"))
        #expect(try await violations(plan) == [])
        // Chunks of one zone hold no one of another time, and Berlin and CET share theirs.
        #expect(try await fixture.count("SELECT count(DISTINCT slot) FROM run_chunks WHERE slot > 0") == 5)
        #expect(try await fixture.count("SELECT planned FROM runs WHERE fanned_out") == 800)
    }

    @Test func `StartTime is read in Timezone, and an update of the campaign does not start it again`() async throws {
        try await prepare(endpoints: 16)
        let request = request("1998-07-01T14:30:00Z", zone: "UTC+05:30")
        try await fixture.create(campaign, request)
        let plan = try await fixture.start(after: .seconds(6 * 3600))
        #expect(plan.local?.wall.description == "1998-07-01T20:00:00.000")
        #expect(try await fixture.update(campaign, request, after: .seconds(7 * 3600))?.status == .executing)
        #expect(try await fixture.claim(after: .seconds(8 * 3600)) == 0)
    }

    @Test func `zones whose time had passed when the campaign was written get nothing`() async throws {
        try await prepare(endpoints: 80)
        try await fixture.create(campaign, request("1998-07-01T20:00:00Z"), after: .seconds(12 * 3600))
        let plan = try await fixture.start(after: .seconds(12 * 3600))
        try await fixture.finish(fixture.fanOut(plan, after: .seconds(12 * 3600)))
        #expect(
            try await reasons(plan) == ["ENDPOINT_MISSING_TIMEZONE": 20, "ENDPOINT_TIMEZONE_MISMATCH": 20])
        #expect(
            Set(try await jobs(plan).keys) == ["Europe/Berlin", "CET", "America/New_York", "Etc/GMT+12"])
        #expect(try await violations(plan) == [])
        let activity = try #require(try await activities().first)
        #expect(activity.zones == 6)
        #expect(activity.zonesCompleted == 2)
        try await fixture.database.execute(
            "DELETE FROM jobs USING run_chunks c WHERE c.run = jobs.run AND c.chunk = jobs.chunk AND c.slot = 1 + 12 * 60"
        )
        #expect(try await activities().first?.zonesCompleted == 4)
        try await fixture.database.execute("DELETE FROM jobs")
        #expect(try await activities().first?.zonesCompleted == 6)
    }

    @Test func `IMMEDIATE is now in Timezone, for those who are still to come`() async throws {
        try await prepare(endpoints: 80)
        try await fixture.create(campaign, request("IMMEDIATE", zone: "UTC+02"))
        let plan = try await fixture.start()
        try await fixture.finish(fixture.fanOut(plan))
        #expect(plan.local?.wall.description == "1998-07-01T02:00:00.000")
        #expect(Set(try await jobs(plan).keys) == ["Europe/Berlin", "CET", "America/New_York", "Etc/GMT+12"])
    }

    @Test func `a zone that no scheduler was up for is reached late within the bound, and else not`() async throws {
        try await prepare(endpoints: 80)
        try await fixture.create(campaign, request("1998-07-01T20:00:00Z"))
        // Tokyo was due 5 hours and 59 minutes before, Kiritimati eleven hours.
        let late: Duration = .seconds(17 * 3600 - 60)
        let plan = try await fixture.start(after: late)
        try await fixture.finish(fixture.fanOut(plan, after: late))
        #expect(try await jobs(plan)["Asia/Tokyo"] != nil)
        #expect(try await jobs(plan)["Pacific/Kiritimati"] == nil)
        #expect(try await reasons(plan)["ENDPOINT_TIMEZONE_MISMATCH"] == 10)
    }

    @Test func `EndTime is on everybody's clock`() async throws {
        try await prepare(endpoints: 80)
        try await fixture.create(campaign, request("1998-07-01T20:00:00Z", end: "1998-07-01T22:00:00Z"))
        let plan = try await fixture.start(after: .seconds(6 * 3600))
        try await fixture.finish(fixture.fanOut(plan, after: .seconds(6 * 3600)))
        let jobs = try await jobs(plan)
        #expect(jobs["Asia/Tokyo"] == "01 11:00 01 13:00")
        #expect(jobs["America/New_York"] == "02 00:00 02 02:00")
    }

    @Test func `a daily one runs for the last zones of one day while the next begins for the first`() async throws {
        try await prepare(endpoints: 16)
        try await Partitions(fixture.database).ensure(.sendOutcomes, for: fixture.now.day + 1)
        let request = request("1998-07-01T20:00:00Z", end: "1998-07-03T20:00:00Z", frequency: .daily)
        try await fixture.create(campaign, request)
        let first = try await fixture.start(after: .seconds(6 * 3600))
        try await fixture.finish(fixture.fanOut(first, after: .seconds(6 * 3600)))
        #expect(try await fixture.claim(after: .seconds(29 * 3600)) == 0)
        let second = try await fixture.start(after: .seconds(30 * 3600))
        try await fixture.finish(fixture.fanOut(second, after: .seconds(30 * 3600)))
        #expect(second.local?.wall.description == "1998-07-02T20:00:00.000")
        #expect(try await fixture.claim(after: .seconds(10 * 86_400)) == 0)
        #expect(try await fixture.status(campaign) == .executing)
        try await fixture.database.execute("DELETE FROM jobs")
        #expect(try await fixture.complete() == 2)
        #expect(try await fixture.status(campaign) == .completed)
    }

    @Test func `occurrences that have not passed everywhere all run after a long absence`() async throws {
        try await prepare(endpoints: 16)
        try await fixture.create(campaign, request("1998-07-01T20:00:00Z", frequency: .daily))
        // Of 20:00 on the 1st the last zone was due on the 2nd at 08:00, and could be late until 14:00.
        #expect(try await fixture.claim(after: .seconds((24 + 14) * 3600)) == 2)
        let rows = try await fixture.database.query("SELECT scheduled_at, result FROM runs ORDER BY scheduled_at")
        #expect(try rows.map { try $0.get(1) as String? } == [nil, nil])
        #expect(try await fixture.claim(after: .seconds((6 * 24 + 14) * 3600)) == 3)
        let later = try await fixture.database.query(
            """
            SELECT to_char(scheduled_at AT TIME ZONE 'UTC', 'DD HH24') || ' ' || coalesce(result, state) FROM runs
             WHERE scheduled_at > '1998-07-03T00:00Z' ORDER BY scheduled_at
            """)
        #expect(
            try later.map { try $0.get(0) as String } == ["05 06 MISSED", "06 06 INITIALIZING", "07 06 INITIALIZING"])
    }

    @Test func `a rate is each zone's own`() async throws {
        try await prepare(endpoints: 320)
        try await fixture.create(
            campaign, request("1998-07-01T20:00:00Z", limits: CampaignLimits(messagesPerSecond: 10)))
        let plan = try await fixture.start(after: .seconds(6 * 3600))
        try await fixture.finish(fixture.fanOut(plan, after: .seconds(6 * 3600)), .init(members: 70))
        let tokyo = try #require(ISO8601.parse("1998-07-01T11:00:00Z"))
        let early = try await fixture.count(
            """
            SELECT count(*) FROM (
                SELECT due_at, \(tokyo) + (sum(cardinality(recipients)) OVER (ORDER BY j.chunk) - cardinality(recipients))
                                              / 10.0::float8 * interval '1 second' AS earliest
                  FROM jobs j JOIN run_chunks c ON c.run = j.run AND c.chunk = j.chunk
                 WHERE c.slot = 1 + 5 * 60) AS queued
             WHERE due_at <> earliest
            """
        )
        #expect(early == 0)
    }

    @Test func `a person of one zone can be taken out of the books`() async throws {
        try await prepare(endpoints: 800)
        try await fixture.create(campaign, request("1998-07-01T20:00:00Z", holdout: 10, sizes: [40]))
        let plan = try await fixture.start(after: .seconds(6 * 3600))
        try await fixture.finish(fixture.fanOut(plan, after: .seconds(6 * 3600)))
        let rows = try await fixture.database.query(
            "SELECT first_key, last_key FROM run_chunks WHERE size > 1 ORDER BY slot DESC, chunk LIMIT 3")
        var keys: [Int64] = []
        for row in rows { keys += [try row.get(0), try row.get(1)] }
        try await fixture.database.execute("DELETE FROM endpoints WHERE endpoint_key = ANY (\(keys))")
        let erasure = Erasure(app: fixture.app, keys: keys, until: fixture.now + .seconds(7 * 3600))
        #expect(try await Eraser(database: fixture.database).run(erasure) == .done)
        #expect(
            try await fixture.count(
                """
                SELECT (SELECT count(*) FROM run_chunks WHERE first_key = ANY (\(keys)) OR last_key = ANY (\(keys)))
                     + (SELECT count(*) FROM send_outcomes WHERE endpoint_key = ANY (\(keys)))
                     + (SELECT count(*) FROM jobs WHERE recipients && \(keys))
                """) == 0)
        #expect(try await violations(plan) == [])
    }
}
