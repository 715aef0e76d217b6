import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct FanOutTests {
    private let campaign = CampaignID(high: 3, low: 3)

    @Test func `every member is planned once, in the arm of its cohort, in chunks of at most 500`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 3000)
        try await fixture.addEndpoints(100, to: AppID(high: 1, low: 2))
        try await fixture.create(campaign, fixture.request(holdout: 10, sizes: [30, 20]))
        let plan = try await fixture.start()
        let steps = try await fixture.finish(fixture.fanOut(plan), .init(members: 1100))
        #expect(steps == 3)

        let wrongArms = try await fixture.count(
            """
            WITH planned AS (
                SELECT treatment, unnest(recipients) AS key FROM jobs WHERE run = \(plan.run)
                UNION ALL SELECT treatment, endpoint_key FROM send_outcomes WHERE run = \(plan.run))
            SELECT count(*) FROM endpoints e FULL JOIN planned p ON p.key = e.endpoint_key
             WHERE e.app = \(fixture.app) AND p.treatment IS DISTINCT FROM (\(plan.arms))[e.cohort + 1]
            """
        )
        #expect(wrongArms == 0)
        let sizes = try await fixture.database.query(
            "SELECT treatment, sum(size)::bigint, max(size) FROM run_chunks WHERE run = \(plan.run) GROUP BY 1 ORDER BY 1"
        )
        #expect(try sizes.map { try $0.get(0) as Int16 } == [-1, 0, 1, 2])
        #expect(try sizes.map { try $0.get(1) as Int64 } == [300, 1200, 900, 600])
        #expect(try sizes.allSatisfy { (try $0.get(2) as Int32) <= 500 })
        #expect(try await fixture.count("SELECT planned FROM runs WHERE id = \(plan.run) AND fanned_out") == 3000)
    }

    @Test func `chunks carry the digest of their recipients, and the books balance before anything is sent`()
        async throws
    {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1300)
        try await fixture.create(campaign, fixture.request(holdout: 20))
        let plan = try await fixture.start()
        try await fixture.finish(fixture.fanOut(plan), .init(members: 400))
        let wrong = try await fixture.count(
            """
            SELECT count(*) FROM run_chunks c JOIN jobs j USING (app, run, chunk)
             WHERE c.size <> cardinality(j.recipients) OR c.first_key <> j.recipients[1] OR c.treatment <> j.treatment
                OR c.digest <> (SELECT sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM unnest(j.recipients) AS k)
            """
        )
        #expect(wrong == 0)
        let sheet = try #require(
            try await fixture.database.withSession { try await Ledger.balance(fixture.app, run: plan.run, in: $0) }
        )
        let violations = try await fixture.database.withSession {
            try await LedgerProof.violations(sheet, app: fixture.app, in: $0)
        }
        #expect(violations == [])
        #expect(sheet.plannedTotal == 1300)
        #expect(sheet.open == 1040)
        #expect(sheet.lines == [.init(treatment: -1, state: .suppressed, reason: "HOLDOUT", count: 260)])
        let logged = try await fixture.count(
            "SELECT sum((d->>'n')::int) FROM change_log, jsonb_array_elements(deltas) AS d")
        #expect(logged == 260)
    }

    @Test(arguments: [1, 2, 3])
    func `a scheduler killed in a step leaves the same recipients to the next one`(killedAt: Int) async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 2000)
        let request = fixture.request(start: "1998-06-30T00:00:00Z", holdout: 10, sizes: [40])
        try await fixture.create(campaign, request)
        let plan = try await fixture.start()
        try await fixture.finish(fixture.fanOut(plan))
        let whole = try await fixture.recipients(plan)
        #expect(whole.count == 3)

        var again = request
        again.schedule?.startTime = "1998-06-30T12:00:00Z"
        try await fixture.update(campaign, again)
        let second = try await fixture.start(after: .seconds(120))
        #expect(second.run != plan.run)
        let bounds = FanOut.Bounds(members: 300)
        for _ in 1..<killedAt {
            _ = try await fixture.database.transaction { session in
                try await fixture.fanOut(second).step(bounds, now: fixture.now, in: session)
            }
        }
        await #expect(throws: Killed.self) {
            try await fixture.database.transaction { session in
                _ = try await fixture.fanOut(second).step(bounds, now: fixture.now, in: session)
                throw Killed()
            }
        }
        try await fixture.finish(fixture.fanOut(second), .init(members: 450))
        #expect(try await fixture.recipients(second) == whole)
    }

    private struct Killed: Error {}

    @Test func `three schedulers at one run plan everybody once`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 3000)
        try await fixture.create(campaign, fixture.request(sizes: [50]))
        let plan = try await fixture.start()
        let test = try TestDatabase.current
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask(executorPreference: test.loop) {
                    let database = test.makeDatabase(poolSize: 1)
                    let own = try CampaignFixture()
                    for _ in 0..<60 { try await own.finish(own.fanOut(plan), .init(members: 100), in: database) }
                    await database.close()
                }
            }
        }
        #expect(try await fixture.count("SELECT planned FROM runs WHERE id = \(plan.run) AND fanned_out") == 3000)
        let distinct = try await fixture.count("SELECT count(DISTINCT k) FROM jobs, unnest(recipients) AS k")
        #expect(distinct == 3000)
        #expect(try await fixture.count("SELECT sum(cardinality(recipients))::bigint FROM jobs") == 3000)
    }

    @Test func `an empty segment is fanned out, complete, and so is its campaign`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 50)
        try await fixture.create(campaign, fixture.request(holdout: 10))
        let plan = try await fixture.start()
        #expect(try await fixture.status(campaign) == .executing)
        #expect(try await fixture.finish(fixture.fanOut(plan, where: "false")) == 1)
        #expect(try await fixture.complete() == 1)
        #expect(try await fixture.status(campaign) == .completed)
        #expect(try await fixture.count("SELECT planned FROM runs") == 0)
        #expect(try await fixture.complete() == 0)
    }

    @Test func `a segment that few match is read in bounded steps and found whole`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1000)
        try await fixture.create(campaign, fixture.request())
        let plan = try await fixture.start()
        let few = fixture.fanOut(plan, where: "e.external_id IN ('e7', 'e500', 'e999')")
        let steps = try await fixture.finish(few, .init(members: 10, examined: 100))
        #expect(steps == 11 || steps == 10)
        #expect(try await fixture.count("SELECT planned FROM runs WHERE fanned_out") == 3)
    }

    @Test func `a run that was cancelled stops in its next step`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1000)
        try await fixture.create(campaign, fixture.request())
        let plan = try await fixture.start()
        let fanOut = fixture.fanOut(plan)
        let bounds = FanOut.Bounds(members: 200)
        let first = try await fixture.database.transaction { try await fanOut.step(bounds, now: fixture.now, in: $0) }
        #expect(first?.planned == 200)
        #expect(first?.isComplete == false)
        let deleted = try await fixture.database.transaction {
            try await CampaignStore.delete(
                fixture.app, id: campaign, account: fixture.account, now: fixture.now, in: $0)
        }
        #expect(deleted?.status == .deleted)
        let next = try await fixture.database.transaction { try await fanOut.step(bounds, now: fixture.now, in: $0) }
        #expect(next == nil)
        #expect(try await fixture.count("SELECT count(*) FROM runs WHERE state = 'CANCELLED' AND planned = 200") == 1)
        #expect(try await fixture.load(campaign) == nil)
    }

    @Test func `a rate spreads due times over all steps, the holdout not counted`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 200)
        try await fixture.create(campaign, fixture.request(holdout: 50, limits: .init(messagesPerSecond: 10)))
        let plan = try await fixture.start()
        try await fixture.finish(fixture.fanOut(plan), .init(members: 40))
        // In chunk order, nobody is due before those ahead of them had their second.
        let early = try await fixture.count(
            """
            SELECT count(*) FROM (
                SELECT due_at, \(fixture.now) + (sum(cardinality(recipients)) OVER (ORDER BY chunk) - cardinality(recipients))
                                              / 10.0::float8 * interval '1 second' AS earliest FROM jobs) AS queued
             WHERE due_at <> earliest
            """
        )
        #expect(early == 0)
        #expect(try await fixture.count("SELECT max(cardinality(recipients))::bigint FROM jobs") == 10)
        #expect(try await fixture.count("SELECT sum(cardinality(recipients))::bigint FROM jobs") == 100)
    }
}
