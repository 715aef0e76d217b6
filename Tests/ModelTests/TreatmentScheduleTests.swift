import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// Treatments with schedules of their own. The fixture's clock stands at 1998-07-01T00:00:00Z.
@Suite(.database) struct TreatmentScheduleTests {
    private let campaign = CampaignID(high: 3, low: 3)
    private let hour: Duration = .seconds(3600)
    private let fixture: CampaignFixture

    init() throws {
        fixture = try CampaignFixture()
    }

    /// The default treatment and the second at 01:00, the first at 02:00 and 03:00; 10 % held out.
    private func request() -> WriteCampaignRequest {
        var request = fixture.request(start: "1998-07-01T01:00:00Z", holdout: 10, sizes: [30, 20])
        request.additionalTreatments?[0].schedule = Schedule(
            endTime: "1998-07-01T04:00:00Z", frequency: .hourly,
            quietTime: QuietTime(end: "05:00", start: "04:00"), startTime: "1998-07-01T02:00:00Z")
        return request
    }

    private func run(after: Duration) async throws -> RunPlan {
        let plan = try await fixture.start(after: after)
        try await fixture.finish(fixture.fanOut(plan))
        return plan
    }

    private func deliver() async throws {
        try await fixture.database.execute("DELETE FROM jobs")
        #expect(try await fixture.complete() == 1)
    }

    private func states() async throws -> [CampaignStatus?] {
        let campaign = try #require(try await fixture.load(campaign))
        let response = campaign.response(region: "eu-west-1", account: fixture.account)
        return [response.state?.campaignStatus, response.defaultState?.campaignStatus]
            + (response.additionalTreatments ?? []).map { $0.state?.campaignStatus }
    }

    @Test func `each group runs at its own times, with its own people, until all are completed`() async throws {
        try await fixture.prepare(endpoints: 1000)
        try await fixture.create(campaign, request())
        #expect(try await states() == [.scheduled, .scheduled, .scheduled, .scheduled])
        let first = try await run(after: hour)
        #expect(first.rules.quietTime == nil)
        #expect(try await fixture.recipients(first).keys.sorted() == [-1, 0, 2])
        #expect(try await states() == [.executing, .executing, .scheduled, .executing])
        try await deliver()
        #expect(try await states() == [.pendingNextRun, .completed, .scheduled, .completed])

        let second = try await run(after: hour + hour)
        #expect(second.rules.quietTime == QuietWindow(start: 240, end: 300))
        #expect(try await fixture.recipients(second).keys.sorted() == [1])
        #expect(try await fixture.count("SELECT planned FROM runs WHERE id = \(second.run)") == 300)
        #expect(try await states() == [.executing, .completed, .executing, .completed])
        let people = try await fixture.recipients(second)
        try await deliver()
        #expect(try await states() == [.pendingNextRun, .completed, .pendingNextRun, .completed])
        let third = try await run(after: hour + hour + hour)
        #expect(try await fixture.recipients(third) == people)
        try await deliver()
        #expect(try await states() == [.completed, .completed, .completed, .completed])
        #expect(try await fixture.claim(after: hour * 30) == 0)
    }

    @Test func `an activity is of one treatment, and counts the others' people as held out of it`() async throws {
        try await fixture.prepare(endpoints: 1000)
        try await fixture.create(campaign, request())
        let runs = [try await run(after: hour), try await run(after: hour + hour)]
        let activities = try await fixture.database.withSession {
            try await CampaignActivity.list(fixture.app, campaign: campaign, before: nil, runs: 9, in: $0)
        }
        #expect(activities.map(\.run) == [runs[1].run, runs[0].run, runs[0].run])
        #expect(activities.map(\.treatment) == [1, 0, 2])
        #expect(activities.map(\.planned) == [300, 400, 200])
        #expect(activities.map(\.inOtherArms) == [700, 600, 800])
        for plan in runs {
            let violations = try await fixture.database.withSession { session in
                let sheet = try #require(try await Ledger.balance(fixture.app, run: plan.run, in: session))
                return try await LedgerProof.violations(sheet, app: fixture.app, in: session)
            }
            #expect(violations == [])
        }
    }

    @Test func `two groups that are due together both run`() async throws {
        try await fixture.prepare(endpoints: 100)
        var request = fixture.request(start: "1998-07-01T01:00:00Z", sizes: [50])
        request.additionalTreatments?[0].schedule = Schedule(
            endTime: "1998-07-02T01:00:00Z", frequency: .once, startTime: "1998-07-01T01:00:00Z")
        try await fixture.create(campaign, request)
        #expect(try await fixture.claim(after: hour) == 2)
        #expect(try await fixture.claim(after: hour) == 0)
        #expect(try await fixture.count("SELECT count(DISTINCT scheduled_at) FROM runs") == 1)
    }

    @Test func `a treatment that had its run gets no second one through a schedule of its own`() async throws {
        try await fixture.prepare(endpoints: 100)
        var request = fixture.request(start: "1998-07-01T01:00:00Z", sizes: [50])
        try await fixture.create(campaign, request)
        _ = try await run(after: hour)
        try await deliver()
        request.additionalTreatments?[0].schedule = Schedule(
            endTime: "1998-07-02T01:00:00Z", startTime: "1998-07-01T01:00:00Z")
        #expect(try await fixture.update(campaign, request, after: hour + hour)?.status == .completed)
        #expect(try await fixture.claim(after: hour * 3) == 0)
        request.additionalTreatments?[0].schedule?.startTime = "1998-07-01T05:00:00Z"
        #expect(try await fixture.update(campaign, request, after: hour * 3)?.status == .pendingNextRun)
        #expect(try await states() == [.pendingNextRun, .completed, .scheduled])
        #expect(try await fixture.claim(after: hour * 5) == 1)
    }

    @Test func `the app's quiet time is every treatment's, however its schedule is written`() async throws {
        try await fixture.prepare()
        try await fixture.database.execute(
            """
            UPDATE apps SET settings = '{"QuietTime": {"Start": "22:00", "End": "06:30"}}' WHERE id = \(fixture.app)
            """
        )
        var request = fixture.request(start: "1998-07-01T01:00:00Z", sizes: [20, 20, 20])
        request.additionalTreatments?[0].schedule = request.schedule
        request.additionalTreatments?[1].schedule = Schedule(
            quietTime: QuietTime(end: "", start: ""), startTime: "1998-07-01T01:00:00Z")
        let written = request
        let filled = try await fixture.database.withSession {
            try await CampaignReferences.fillDefaults(CampaignDefinition(written), of: fixture.app, in: $0)
        }
        let groups = try ScheduleGroup.all(of: filled.request)
        // Who says that there is none has none.
        #expect(groups.map(\.treatments) == [[-1, 0, 1, 3], [2]])
        #expect(groups.map(\.schedule.quietTime) == [QuietWindow(start: 1320, end: 390), nil])
    }

    @Test func `a pause holds every group, and deleting ends all`() async throws {
        try await fixture.prepare(endpoints: 100)
        var request = request()
        request.isPaused = true
        #expect(try await fixture.create(campaign, request).status == .paused)
        #expect(try await fixture.claim(after: hour * 3) == 0)
        request.isPaused = false
        #expect(try await fixture.update(campaign, request, after: hour * 3)?.status == .scheduled)
        #expect(try await fixture.claim(after: hour * 3) == 2)
        _ = try await fixture.database.transaction {
            try await CampaignStore.delete(
                fixture.app, id: campaign, account: fixture.account, now: fixture.now, in: $0)
        }
        #expect(try await fixture.count("SELECT count(*) FROM campaign_schedules") == 0)
        #expect(try await fixture.claim(after: hour * 9) == 0)
    }
}
