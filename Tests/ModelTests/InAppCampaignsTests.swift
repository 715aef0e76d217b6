import Core
import EventLoop
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct InAppCampaignsTests {
    private let id = CampaignID(high: 9, low: 1)

    private func status(_ fixture: CampaignFixture, _ id: CampaignID) async throws -> String {
        try await fixture.database.query("SELECT status FROM campaigns WHERE id = \(id)")[0].get(0)
    }

    private func turn(_ fixture: CampaignFixture, after: Duration) async throws -> Bool {
        try await fixture.database.withSession { try await InAppCampaigns.turn(at: fixture.now + after, in: $0) }
    }

    private func active(_ fixture: CampaignFixture, after: Duration = .zero) async throws -> [InAppCampaigns.Active] {
        try await fixture.database.withSession {
            try await InAppCampaigns.active(
                fixture.app, account: fixture.account, at: fixture.now + after, in: $0)
        }
    }

    @Test func `what is on is kept for a second, and never shown after its end`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let clock = Lock<Int64>(0)
        let cache = InAppCampaignCache(clock: { clock.withLock { $0 } })
        func shown(after: Duration = .zero) async throws -> [CampaignID] {
            try await fixture.database.withSession {
                try await cache.active(fixture.app, account: fixture.account, at: fixture.now + after, in: $0)
            }.map(\.id)
        }
        #expect(try await shown().isEmpty)
        let other = CampaignID(high: 8, low: 8)
        try await fixture.create(id, fixture.inAppRequest(end: fixture.now + .seconds(60)))
        try await fixture.create(other, fixture.inAppRequest())
        #expect(try await shown().isEmpty, "as it was read less than a second ago")
        clock.withLock { $0 = InAppCampaignCache.lifetime.microseconds }
        #expect(try await Set(shown()) == [id, other])
        try await fixture.database.execute("UPDATE campaigns SET status = 'PAUSED'")
        #expect(try await shown(after: .seconds(60)) == [other])
        clock.withLock { $0 += InAppCampaignCache.lifetime.microseconds }
        #expect(try await shown().isEmpty)
    }

    @Test func `an in-app campaign is on from its start to its end and makes no run`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let request = fixture.inAppRequest(
            start: (fixture.now + .seconds(60)).description, end: fixture.now + .seconds(120))
        let campaign = try await fixture.create(id, request)
        #expect(campaign.status == .scheduled)
        #expect(try await !turn(fixture, after: .seconds(59)))
        #expect(try await active(fixture, after: .seconds(59)).isEmpty)
        // Whether or not the scheduler has had its turn.
        #expect(try await active(fixture, after: .seconds(60)).map(\.id) == [id])
        #expect(try await turn(fixture, after: .seconds(60)))
        #expect(try await status(fixture, id) == "EXECUTING")
        #expect(try await !turn(fixture, after: .seconds(119)))
        #expect(try await active(fixture, after: .seconds(119)).map(\.id) == [id])
        #expect(try await active(fixture, after: .seconds(120)).isEmpty)
        #expect(try await turn(fixture, after: .seconds(120)))
        #expect(try await status(fixture, id) == "COMPLETED")
        let run = RunID(high: 1, low: 2)
        let (database, now) = (fixture.database, fixture.now)
        #expect(
            try await !database.transaction {
                try await RunStart.claimDue(now: now + .seconds(200), newRun: run, in: $0)
            })
    }

    @Test func `the scheduler's claim of runs passes an in-app campaign by`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await fixture.create(id, fixture.inAppRequest())
        let (database, now, run) = (fixture.database, fixture.now, RunID(high: 1, low: 2))
        #expect(try await !database.transaction { try await RunStart.claimDue(now: now, newRun: run, in: $0) })
        #expect(try await status(fixture, id) == "SCHEDULED")
    }

    @Test func `campaigns are listed by priority, those without one last, then by age`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let priorities: [Int?] = [nil, 3, 1, 3]
        for (index, priority) in priorities.enumerated() {
            let id = CampaignID(high: 9, low: UInt64(index))
            try await fixture.create(id, fixture.inAppRequest(priority: priority), after: .milliseconds(index))
        }
        let order = try await active(fixture, after: .seconds(1)).map(\.id.low)
        #expect(order == [2, 1, 3, 0])
    }

    @Test func `each endpoint is shown the treatment of its cohort, and the holdout nothing`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 100)
        try await fixture.create(id, fixture.inAppRequest(holdout: 10, sizes: [30, 20]))
        let campaigns = try await active(fixture)
        var shown: [Int16: Int] = [:]
        for number in 1...100 {
            let endpoint = EndpointID("e\(number)")
            // The fixture's keys are not those of its ids.
            let key = EndpointIdentity(app: fixture.app, id: endpoint).key
            try await fixture.database.execute(
                "UPDATE endpoints SET endpoint_key = \(key) WHERE app = \(fixture.app) AND external_id = \(endpoint)")
            let found = try await fixture.database.withSession {
                try await InAppCampaigns.shown(
                    to: endpoint, of: fixture.app, among: campaigns, at: fixture.now, in: $0)
            }
            for place in try #require(found) { shown[place.arm, default: 0] += 1 }
        }
        #expect(shown == [0: 40, 1: 30, 2: 20])
    }

    @Test func `an endpoint that does not exist is told from one that no campaign has`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        let shown = try await fixture.database.withSession {
            try await InAppCampaigns.shown(
                to: EndpointID("nobody"), of: fixture.app, among: [], at: fixture.now, in: $0)
        }
        #expect(shown == nil)
    }

    /// Versions 1–3, of which 2 is active; each has its number as its header.
    private func addTemplate(_ fixture: CampaignFixture) async throws {
        try await fixture.database.transaction { session in
            for version in 1...3 {
                let header: JSON = ["Alignment": "LEFT", "Header": .string("v\(version)"), "TextColor": "#000000"]
                let content = try TemplateContent(
                    .inapp,
                    request: ["Content": [["HeaderConfig": header]], "Layout": "CAROUSEL", "CustomConfig": ["k": "t"]])
                if version == 1 {
                    _ = try await TemplateStore.create(
                        "shown", content, account: fixture.account, now: fixture.now, in: session)
                } else {
                    _ = try await TemplateStore.update(
                        "shown", content, createsVersion: true, expected: nil, account: fixture.account,
                        now: fixture.now, in: session)
                }
            }
            _ = try await TemplateStore.activate(
                .number(2), of: "shown", type: .inapp, account: fixture.account, in: session)
        }
    }

    @Test func `an arm shows the version of its template that it names, its own message first`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        try await addTemplate(fixture)
        func template(_ version: String?) -> TemplateConfiguration {
            TemplateConfiguration(inAppTemplate: Template(name: "shown", version: version))
        }
        var request = fixture.inAppRequest(sizes: [10, 10, 10])
        request.messageConfiguration = nil
        request.templateConfiguration = template(nil)
        for (index, version) in ["latest", "1", "1"].enumerated() {
            request.additionalTreatments?[index].messageConfiguration = nil
            request.additionalTreatments?[index].templateConfiguration = template(version)
        }
        request.additionalTreatments?[2].messageConfiguration = MessageConfiguration(
            inAppMessage: CampaignInAppMessage(customConfig: ["k": "own"], layout: .overlays))
        try await fixture.create(id, request)
        let messages = try #require(try await active(fixture).first?.messages)
        #expect(messages.map { $0?.content?.first?.headerConfig?.header } == ["v2", "v3", "v1", "v1"])
        #expect(messages.map { $0?.layout } == [.carousel, .carousel, .carousel, .overlays])
        #expect(messages.map { $0?.customConfig } == [["k": "t"], ["k": "t"], ["k": "t"], ["k": "own"]])
    }

    @Test func `a campaign whose template is gone shows nothing, and is not written with one that is missing`()
        async throws
    {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1)
        try await addTemplate(fixture)
        var request = fixture.inAppRequest()
        request.messageConfiguration = nil
        request.templateConfiguration = TemplateConfiguration(inAppTemplate: Template(name: "shown"))
        try await fixture.create(id, request)
        let endpoint = EndpointID("e1")
        let key = EndpointIdentity(app: fixture.app, id: endpoint).key
        try await fixture.database.execute("UPDATE endpoints SET endpoint_key = \(key) WHERE external_id = \(endpoint)")
        func count() async throws -> Int? {
            let campaigns = try await active(fixture)
            return try await fixture.database.withSession {
                try await InAppCampaigns.shown(
                    to: endpoint, of: fixture.app, among: campaigns, at: fixture.now, in: $0)
            }?.count
        }
        #expect(try await count() == 1)
        let campaign = request
        func check() async throws -> String? {
            do {
                try await fixture.database.withSession {
                    try await InAppContent.check(campaign, account: fixture.account, in: $0)
                }
                return nil
            } catch let fault as Fault where fault.code == .invalid {
                return fault.publicMessage
            }
        }
        #expect(try await check() == nil)
        try await fixture.database.transaction {
            _ = try await TemplateStore.delete("shown", type: .inapp, account: fixture.account, in: $0)
        }
        #expect(try await count() == 0)
        #expect(
            try await check()
                == "TemplateConfiguration.InAppTemplate: there is no in-app template named \"shown\"")
    }

    @Test func `an endpoint with too many events to look at is still shown what needs none`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1)
        let (app, now) = (fixture.app, fixture.now)
        let endpoint = EndpointID("e1")
        let key = EndpointIdentity(app: app, id: endpoint).key
        try await fixture.database.execute("UPDATE endpoints SET endpoint_key = \(key) WHERE app = \(app)")
        try await Partitions(fixture.database).ensure(.events, for: [now.day.weekStart])
        try await fixture.database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT \(now.day.weekStart), \(key), gen_random_uuid(), \(app), 'tick', \(now), \(now)
              FROM generate_series(1, \(Int64(SegmentSubjectLoader.maximumEvents + 1)))
            """)
        try await fixture.create(id, fixture.inAppRequest())
        let busy = CampaignID(high: 9, low: 2)
        try await fixture.create(busy, fixture.inAppRequest())
        let behavior: JSON = ["Needletail": ["Behaviors": [["EventType": "tick", "AtLeast": 1, "Days": 1]]]]
        let ticking = SegmentID(high: 6, low: 6)
        try await fixture.database.execute(
            "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(ticking), 1, \(now))")
        try await fixture.database.execute(
            """
            INSERT INTO segment_versions (app, id, version, definition, created_at)
            VALUES (\(app), \(ticking), 1, \(SQLBind.jsonb(behavior.serialized)), \(now))
            """)
        try await fixture.database.execute(
            """
            UPDATE campaign_versions SET definition = definition || \(SQLBind.jsonb(
                JSON.object(["SegmentId": .string(ticking.description)]).serialized))
             WHERE app = \(app) AND id = \(busy)
            """)
        let campaigns = try await active(fixture)
        #expect(Set(campaigns.map(\.id)) == [id, busy])
        let shown = try await fixture.database.withSession {
            try await InAppCampaigns.shown(to: endpoint, of: app, among: campaigns, at: now, in: $0)
        }
        #expect(shown?.map { campaigns[$0.campaign].id } == [id])
    }
}
