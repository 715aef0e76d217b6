import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@Suite(.database) struct EventCampaignsTests {
    private let id = CampaignID(high: 9, low: 1)

    private struct Run: Equatable {
        var version: Int32
        var day: Day
        var state: String
        var openUntil: Instant
    }

    private func runs(_ fixture: TriggerFixture) async throws -> [Run] {
        try await fixture.database.query(
            "SELECT campaign_version, run_day, state, open_until FROM runs ORDER BY run_day, campaign_version"
        ).map { Run(version: try $0.get(0), day: try $0.get(1), state: try $0.get(2), openUntil: try $0.get(3)) }
    }

    /// Of the fixture's day, which `now` is some hours into.
    private func untilMidnight(_ fixture: TriggerFixture) -> Duration { (fixture.now.day + 1).start - fixture.now }

    @Test func `a run is there for each day before it begins, and the campaign ends with its EndTime`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        let (today, midnight) = (fixture.now.day, untilMidnight(fixture))
        let end = fixture.now + midnight + .seconds(7200)
        try await fixture.base.create(id, fixture.request(start: (fixture.now + .seconds(60)).description, end: end))
        #expect(try await fixture.turn(after: .seconds(59)) == 0)
        #expect(try await fixture.status(id) == "SCHEDULED")
        #expect(try await fixture.turn(after: .seconds(60)) == 1)
        #expect(try await fixture.status(id) == "EXECUTING")
        let first = Run(version: 1, day: today, state: "INITIALIZING", openUntil: (today + 1).start + .seconds(300))
        #expect(try await runs(fixture) == [first])
        #expect(try await fixture.turn(after: midnight - .seconds(301)) == 0)
        #expect(try await fixture.turn(after: midnight - .seconds(300)) == 1)
        let second = Run(version: 1, day: today + 1, state: "INITIALIZING", openUntil: end + .seconds(300))
        #expect(try await runs(fixture) == [first, second])
        #expect(try await fixture.turn(after: midnight + .seconds(7199)) == 0)
        #expect(try await fixture.turn(after: midnight + .seconds(7200)) == 1)
        #expect(try await fixture.status(id) == "COMPLETED")
        #expect(try await fixture.turn(after: midnight + .seconds(90_000)) == 0)
    }

    @Test func `a scheduler that was away makes today's run, not those that were missed`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        try await fixture.base.create(id, fixture.request())
        #expect(try await fixture.turn(after: .seconds(5 * 86_400)) == 1)
        #expect(try await runs(fixture).map(\.day) == [fixture.now.day + 5])
    }

    @Test func `a run stays open through its day and is complete after it, its campaign goes on`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        try await fixture.base.create(id, fixture.request())
        try await fixture.turn()
        try await fixture.freeze()
        let midnight = untilMidnight(fixture)
        func complete(after: Duration) async throws -> Int {
            let now = fixture.now + after
            let keys = try await fixture.database.withSession {
                try await RunProgress.finished(limit: 10, now: now, in: $0)
            }
            for key in keys {
                _ = try await fixture.database.transaction { try await RunProgress.complete(key, now: now, in: $0) }
            }
            return keys.count
        }
        func hasUnfinished(after: Duration) async throws -> Bool {
            try await fixture.database.withSession {
                try await RunProgress.outlook(now: fixture.now + after, in: $0).hasUnfinished
            }
        }
        #expect(try await !hasUnfinished(after: .zero))
        #expect(try await complete(after: midnight + .seconds(299)) == 0)
        try await fixture.turn(after: midnight)
        try await fixture.freeze()
        #expect(try await hasUnfinished(after: midnight + .seconds(300)))
        #expect(try await complete(after: midnight + .seconds(300)) == 1)
        #expect(try await runs(fixture).map(\.state) == ["COMPLETED", "RUNNING"])
        #expect(try await fixture.status(id) == "EXECUTING")
    }

    @Test func `an edit ends the runs of the version before, five minutes later, and takes back those of days to come`()
        async throws
    {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        try await fixture.base.create(id, fixture.request())
        let evening = untilMidnight(fixture) - .seconds(200)
        try await fixture.turn(after: evening)
        try await fixture.freeze()
        #expect(try await runs(fixture).count == 2)
        let edited = try await fixture.base.update(id, fixture.request(type: "sale"), after: evening + .seconds(1))
        #expect(edited?.status == .executing)
        let old = Run(
            version: 1, day: fixture.now.day, state: "RUNNING", openUntil: fixture.now + evening + .seconds(301))
        #expect(try await runs(fixture) == [old])
        #expect(try await fixture.turn(after: evening + .seconds(1)) == 1)
        #expect(try await runs(fixture).map(\.version) == [1, 2, 2])
    }

    @Test func `a campaign that starts IMMEDIATE can be paused, and keeps its start when it goes on`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        try await fixture.base.create(id, fixture.request())
        try await fixture.turn()
        let paused = try await fixture.base.update(id, fixture.request(isPaused: true), after: .seconds(60))
        #expect(paused?.status == .paused)
        #expect(try await fixture.turn(after: .seconds(90_000)) == 0)
        try await fixture.base.update(id, fixture.request(), after: .seconds(120))
        #expect(try await fixture.turn(after: .seconds(120)) == 1)
        #expect(try await fixture.status(id) == "EXECUTING")
        let triggers = try await fixture.database.withSession { try await TriggerRegistry.load(fixture.app, in: $0) }
        #expect(!triggers.endpoint.isEmpty)
        let first: Instant = try await fixture.database.query("SELECT events_from FROM campaigns")[0].get(0)
        #expect(first == Instant(seconds: fixture.now.seconds))
    }

    @Test func `an app has 25 active event-triggered campaigns, those that are paused or done not counted`()
        async throws
    {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        for number in 1...25 {
            try await fixture.base.create(CampaignID(high: 9, low: UInt64(number)), fixture.request())
        }
        let another = CampaignID(high: 9, low: 26)
        let refusal = await #expect(throws: APIError.self) { try await fixture.base.create(another, fixture.request()) }
        #expect(refusal?.status == 400)
        #expect(refusal?.message.contains("25 active event-triggered campaigns") == true)
        // One of them may be written again.
        try await fixture.base.update(CampaignID(high: 9, low: 3), fixture.request(type: "sale"))
        try await fixture.base.update(CampaignID(high: 9, low: 4), fixture.request(isPaused: true))
        try await fixture.base.create(another, fixture.request())
        await #expect(throws: APIError.self) {
            try await fixture.base.update(CampaignID(high: 9, low: 4), fixture.request())
        }
        // Campaigns of other kinds are not meant.
        try await fixture.base.create(CampaignID(high: 9, low: 27), fixture.base.request())
    }

    @Test func `an EndTime that is past is refused, except for a campaign that was on before it`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        let past = fixture.now - .seconds(1)
        let start = (fixture.now - .seconds(60)).description
        let refusal = await #expect(throws: APIError.self) {
            try await fixture.base.create(id, fixture.request(start: start, end: past))
        }
        #expect(refusal?.message.contains("Schedule.EndTime") == true)
        let end = fixture.now + .seconds(30)
        try await fixture.base.create(id, fixture.request(start: start, end: end))
        let renamed = try await fixture.base.update(id, fixture.request(start: start, end: end), after: .seconds(60))
        #expect(renamed?.status == .completed)
    }

    @Test func `a segment with an import among its sources is refused`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare()
        let imported = SegmentID(high: 5, low: 6)
        let mixed = SegmentID(high: 5, low: 7)
        let group: JSON = [
            "SegmentGroups": [
                "Groups": [
                    ["SourceSegments": [["Id": .string(imported.description)]], "SourceType": "ALL", "Type": "ALL"]
                ],
                "Include": "ALL",
            ]
        ]
        for (segment, type, definition) in [(imported, "IMPORT", [:] as JSON), (mixed, "DIMENSIONAL", group)] {
            try await fixture.database.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(fixture.app), \(segment), 1, \(fixture.now))"
            )
            try await fixture.database.execute(
                """
                INSERT INTO segment_versions (app, id, version, type, definition, created_at)
                VALUES (\(fixture.app), \(segment), 1, \(type), \(SQLBind.jsonb(definition.serialized)), \(fixture.now))
                """)
        }
        func refusal(_ segment: SegmentID) async throws -> String? {
            var request = fixture.request()
            request.segmentId = segment.description
            let wanted = request
            do {
                try await fixture.database.withSession {
                    try await EventCampaigns.checkSegment(wanted, app: fixture.app, in: $0)
                }
                return nil
            } catch let error as APIError {
                return error.message
            }
        }
        #expect(try await refusal(fixture.base.segment) == nil)
        #expect(try await refusal(imported)?.contains("SegmentId must be a dimensional segment") == true)
        #expect(try await refusal(mixed)?.contains("SegmentId must be a dimensional segment") == true)
    }
}
