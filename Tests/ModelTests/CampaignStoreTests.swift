import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct CampaignStoreTests {
    private let campaign = CampaignID(high: 3, low: 3)

    @Test func `five schedulers start each due campaign once`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        for number in 1...6 as ClosedRange<UInt64> {
            try await fixture.create(CampaignID(high: 3, low: number), fixture.request())
        }
        try await fixture.create(CampaignID(high: 4, low: 1), fixture.request(start: "1998-07-02T00:00:00Z"))
        let test = try TestDatabase.current
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<5 {
                group.addTask(executorPreference: test.loop) {
                    let database = test.makeDatabase(poolSize: 1)
                    try await CampaignFixture().claim(in: database)
                    await database.close()
                }
            }
        }
        #expect(try await fixture.count("SELECT count(*) FROM runs") == 6)
        #expect(try await fixture.count("SELECT count(DISTINCT campaign) FROM runs") == 6)
        #expect(try await fixture.status(CampaignID(high: 3, low: 1)) == .executing)
        #expect(try await fixture.status(CampaignID(high: 4, low: 1)) == .scheduled)
    }

    @Test func `writing a campaign again does not send it again`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request())
        let plan = try await fixture.start()
        #expect(try await fixture.update(campaign, fixture.request())?.status == .executing)
        try await fixture.finish(fixture.fanOut(plan))
        #expect(try await fixture.complete() == 1)
        let again = try #require(try await fixture.update(campaign, fixture.request()))
        #expect(again.status == .completed)
        #expect(again.version == 3)
        #expect(try await fixture.claim(after: .seconds(3600)) == 0)
    }

    @Test(arguments: ["IMMEDIATE", "1998-06-30T00:00:00Z"])
    func `an end that is past is refused where a run would start, and kept where one happened`(
        start: String
    ) async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        var request = fixture.request(start: start)
        func refusal(_ body: () async throws -> Void) async throws -> String {
            do {
                try await body()
                return ""
            } catch let error as APIError where error.status == 400 {
                return error.message
            }
        }
        for past in ["1998-06-30T12:00:00Z", "1998-07-01T00:00:00Z"] {
            request.schedule?.endTime = past
            let refused = try await refusal { try await fixture.create(campaign, request) }
            #expect(refused.hasPrefix("Schedule.EndTime must be in the future"), "\(refused)")
        }
        #expect(try await fixture.count("SELECT count(*) FROM campaigns") == 0)

        request.schedule?.endTime = "1998-07-01T00:00:01Z"
        try await fixture.create(campaign, request)
        let late = try await refusal { try await fixture.update(campaign, request, after: .seconds(1)) }
        #expect(late.hasPrefix("Schedule.EndTime must be in the future"), "\(late)")
        try await fixture.finish(fixture.fanOut(try await fixture.start()))
        #expect(try await fixture.complete() == 1)
        #expect(try await fixture.update(campaign, request, after: .seconds(60))?.status == .completed)
    }

    @Test func `a new start time is a new run, the same one is not`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request(start: "1998-07-01T00:00:00Z"))
        try await fixture.finish(fixture.fanOut(try await fixture.start()))
        #expect(try await fixture.complete() == 1)
        #expect(
            try await fixture.update(campaign, fixture.request(start: "1998-07-01T00:00:00Z"))?.status == .completed)
        #expect(
            try await fixture.update(campaign, fixture.request(start: "1998-07-01T01:00:00Z"))?.status == .scheduled)
        #expect(try await fixture.claim(after: .seconds(3599)) == 0)
        #expect(try await fixture.claim(after: .seconds(3600)) == 1)
        #expect(try await fixture.count("SELECT count(*) FROM runs") == 2)
    }

    @Test func `an occurrence that ran before does not leave its campaign executing`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request())
        try await fixture.finish(fixture.fanOut(try await fixture.start()))
        #expect(try await fixture.complete() == 1)
        try await fixture.database.execute("UPDATE campaigns SET status = 'SCHEDULED', next_due_at = \(fixture.now)")
        try await fixture.database.execute("UPDATE campaign_schedules SET next_due_at = \(fixture.now)")
        #expect(try await fixture.claim() == 1)
        #expect(try await fixture.count("SELECT count(*) FROM runs") == 1)
        #expect(try await fixture.status(campaign) == .completed)
    }

    @Test func `a refused run makes the campaign invalid until it is written again`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request(start: "1998-06-30T00:00:00Z"))
        let plan = try await fixture.start()
        let key = RunKey(app: fixture.app, run: plan.run, campaign: campaign)
        try await fixture.database.transaction { try await RunStart.refuse(key, now: fixture.now, in: $0) }
        #expect(try await fixture.status(campaign) == .invalid)
        #expect(try await fixture.count("SELECT count(*) FROM runs WHERE state = 'CANCELLED' AND result = 'FAIL'") == 1)
        let updated = try await fixture.update(campaign, fixture.request(start: "1998-06-30T00:00:00Z"))
        #expect(updated?.status == .scheduled)
        #expect(try await fixture.claim(after: .seconds(60)) == 1)
        #expect(try await fixture.count("SELECT count(*) FROM runs WHERE state = 'INITIALIZING'") == 1)
    }

    @Test func `a run keeps what it was started with`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(campaign, fixture.request(holdout: 10))
        try await fixture.claim()
        var edited = fixture.request(holdout: 50)
        edited.messageConfiguration = MessageConfiguration(
            emailMessage: CampaignEmailMessage(body: "Other", title: "Other")
        )
        #expect(try await fixture.update(campaign, edited)?.version == 2)
        let plan = try await fixture.start()
        #expect(plan.campaignVersion == 1)
        #expect(plan.holdoutPercent == 10)
        #expect(plan.treatments.first?.email?.subject == "News")
        try await fixture.database.execute("UPDATE channels SET configuration = '{\"FromAddress\": \"x@example.com\"}'")
        let frozen = try await fixture.database.withSession {
            try await RunStore.plan(fixture.app, run: plan.run, in: $0)
        }
        #expect(frozen == plan)
        #expect(frozen?.treatments.first?.email?.from == "shop@example.com")
    }

    @Test func `extensions and tags that an update leaves out stay as they were`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let extensions: JSON = ["DeliveryPolicy": "AT_LEAST_ONCE"]
        let start = "1998-07-02T00:00:00Z"
        try await fixture.create(
            campaign, fixture.request(start: start, needletail: extensions), tags: ["team": "growth"])
        let updated = try #require(try await fixture.update(campaign, fixture.request(start: start)))
        #expect(updated.request.needletail == extensions)
        #expect(updated.tags == ["team": "growth"])
        let read = try #require(try await fixture.load(campaign))
        #expect(read.request.needletail == extensions)
        #expect(read.tags == ["team": "growth"])
        #expect(read.createdAt == fixture.now)
        #expect(read.modifiedAt == fixture.now + .seconds(60))
        #expect(try await fixture.load(campaign, version: 1)?.modifiedAt == fixture.now)
        #expect(try await fixture.load(campaign, version: 3) == nil)
    }

    @Test func `a paused campaign waits until it is resumed`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        var request = fixture.request(start: "1998-07-01T01:00:00Z")
        request.isPaused = true
        #expect(try await fixture.create(campaign, request).status == .paused)
        #expect(try await fixture.claim(after: .seconds(7200)) == 0)
        request.isPaused = false
        #expect(try await fixture.update(campaign, request)?.status == .scheduled)
        #expect(try await fixture.claim(after: .seconds(7200)) == 1)
    }

    @Test func `no campaign is made in an app that was just deleted`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.database.execute("UPDATE apps SET deleted_at = \(fixture.now)")
        await #expect(throws: APIError.applicationNotFound) { try await fixture.create(campaign, fixture.request()) }
        #expect(try await fixture.count("SELECT count(*) FROM campaigns") == 0)
    }
}
