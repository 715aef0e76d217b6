import Core
import Model
import PinpointAPI
import Postgres
import Queue
import Segments
import TestKit
import Testing

@Suite(.database) struct TriggerOpeningTests {
    private let id = CampaignID(high: 9, low: 1)

    private func started(endpoints: Int, _ request: (TriggerFixture) -> WriteCampaignRequest = { $0.request() })
        async throws -> TriggerFixture
    {
        let fixture = try TriggerFixture()
        try await fixture.prepare(endpoints: endpoints)
        try await fixture.base.create(id, request(fixture))
        try await fixture.turn()
        try await fixture.freeze()
        return fixture
    }

    @Test func `events become recipients with an expiry of their own, and the books balance`() async throws {
        let fixture = try await started(endpoints: 3)
        let keys = try await fixture.keys()
        try await fixture.enqueue(id, [(keys[2], 1), (keys[0], 2)])
        #expect(try await fixture.open(after: .milliseconds(5)) == [.opened(2, queues: [.email])])
        let expiry = (fixture.now + .seconds(300)).microseconds
        #expect(
            try await fixture.deliveries() == [
                .init(chunk: 0, treatment: 0, keys: [keys[2], keys[0]], expiresAt: expiry)
            ])
        #expect(try await fixture.claim().isEmpty)
        try await fixture.enqueue(id, [(keys[1], 3)])
        #expect(try await fixture.open() == [.opened(1, queues: [.email])])
        #expect(try await fixture.deliveries().map(\.chunk) == [0, 1])
        #expect(try await fixture.violations().isEmpty)
        let planned: Int64 = try await fixture.database.query("SELECT planned FROM runs")[0].get(0)
        #expect(planned == 3)
    }

    @Test func `an endpoint with several events of one commit gets a place in as many chunks`() async throws {
        let fixture = try await started(endpoints: 2)
        let keys = try await fixture.keys()
        try await fixture.enqueue(id, [(keys[0], 1), (keys[1], 2), (keys[0], 3), (keys[0], 4)])
        #expect(try await fixture.open() == [.opened(4, queues: [.email])])
        #expect(try await fixture.deliveries().map(\.keys) == [[keys[0], keys[1]], [keys[0]], [keys[0]]])
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `the segment is asked when the event is opened`() async throws {
        let fixture = try await started(endpoints: 3)
        let keys = try await fixture.keys()
        try await fixture.database.execute(
            """
            UPDATE runs SET frozen = jsonb_set(frozen, '{segment}', \(SQLBind.jsonb(try Self.gold().serialized)))
            """)
        for key in keys[..<2] {
            try await fixture.database.execute(
                "UPDATE endpoints SET attributes = '{\"tier\": [\"gold\"]}' WHERE endpoint_key = \(key)")
        }
        try await fixture.enqueue(id, keys.enumerated().map { ($1, UInt64($0)) })
        try await fixture.database.execute("UPDATE endpoints SET attributes = '{}' WHERE endpoint_key = \(keys[0])")
        #expect(try await fixture.open() == [.opened(1, queues: [.email])])
        #expect(try await fixture.deliveries().map(\.keys) == [[keys[1]]])
        // Nobody of them: the job is done all the same.
        try await fixture.enqueue(id, [(keys[0], 9), (12_345, 10)])
        #expect(try await fixture.open() == [.opened(0, queues: [])])
        #expect(try await fixture.claim().isEmpty)
        #expect(try await fixture.violations().isEmpty)
    }

    private static func gold() throws -> JSON {
        let dimensions: JSON = ["Attributes": ["tier": ["AttributeType": "INCLUSIVE", "Values": ["gold"]]]]
        let request = try WriteSegmentRequest(json: ["Dimensions": dimensions], at: .root)
        return try ResolvedSegment.resolve(SegmentDefinition(request)).json
    }

    @Test func `conditions on events are judged person by person, with the event that started it`() async throws {
        let fixture = try await started(endpoints: 3)
        // The fixture's keys are not those of its ids.
        for number in 1...3 {
            let key = EndpointIdentity(app: fixture.app, id: EndpointID("e\(number)")).key
            try await fixture.database.execute(
                "UPDATE endpoints SET endpoint_key = \(key), effective_at = \(fixture.now - .seconds(90 * 86_400)) WHERE external_id = \("e\(number)")"
            )
        }
        let keys = try await fixture.keys()
        let dimensions: JSON = ["Behavior": ["Recency": ["Duration": "HR_24", "RecencyType": "ACTIVE"]]]
        let request = try WriteSegmentRequest(json: ["Dimensions": dimensions], at: .root)
        try await fixture.database.execute(
            """
            UPDATE runs SET frozen = jsonb_set(frozen, '{segment}', \(SQLBind.jsonb(try ResolvedSegment.resolve(SegmentDefinition(request)).json.serialized)))
            """)
        try await Partitions(fixture.database).ensure(.events, for: fixture.now.day.weekStart)
        try await fixture.database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            VALUES (\(fixture.now.day.weekStart), \(keys[1]), \(EventID(high: 7, low: 2)), \(fixture.app), 'purchase',
                    \(fixture.now), \(fixture.now))
            """)
        try await fixture.enqueue(id, [(keys[0], 1), (keys[1], 2)])
        #expect(try await fixture.open() == [.opened(1, queues: [.email])])
        #expect(try await fixture.deliveries().map(\.keys) == [[keys[1]]])
    }

    @Test func `arms are those of the cohort, and the holdout ends at once`() async throws {
        let fixture = try await started(endpoints: 100) { $0.request(holdout: 10, sizes: [30]) }
        let keys = try await fixture.keys()
        try await fixture.enqueue(id, keys.enumerated().map { ($1, UInt64($0)) })
        #expect(try await fixture.open() == [.opened(100, queues: [.email])])
        var sizes: [Int16: Int] = [:]
        for delivery in try await fixture.deliveries() { sizes[delivery.treatment, default: 0] += delivery.keys.count }
        #expect(sizes == [0: 60, 1: 30])
        let held: Int64 = try await fixture.database.query(
            "SELECT count(*) FROM send_outcomes WHERE reason = 'HOLDOUT' AND treatment = -1")[0].get(0)
        #expect(held == 10)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a job that is opened twice plans once, whoever holds it last`() async throws {
        let fixture = try await started(endpoints: 1)
        let key = try await fixture.keys()[0]
        try await fixture.enqueue(id, [(key, 1)])
        let first = try await fixture.claim()[0]
        // Its lease ran out, and another process took it.
        try await fixture.database.execute("UPDATE jobs SET lease_owner = NULL, lease_token = lease_token + 1")
        let second = try await fixture.claim()[0]
        func open(_ job: LeasedJob) async throws -> TriggerOpening.Result {
            try await fixture.opening.open(
                job, now: fixture.now, newRun: fixture.base.environment.newID(), in: fixture.database)
        }
        #expect(try await open(first) == .lost)
        #expect(try await open(second) == .opened(1, queues: [.email]))
        #expect(try await open(second) == .lost)
        #expect(try await fixture.deliveries().count == 1)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a missing run is made, and the event waits for it`() async throws {
        let fixture = try TriggerFixture()
        try await fixture.prepare(endpoints: 1)
        try await fixture.base.create(id, fixture.request())
        let key = try await fixture.keys()[0]
        try await fixture.enqueue(id, [(key, 1)])
        #expect(try await fixture.open() == [.mustWait])
        try await fixture.giveBack(1)
        #expect(try await fixture.open() == [.mustWait])
        try await fixture.freeze()
        try await fixture.giveBack(1)
        #expect(try await fixture.open() == [.opened(1, queues: [.email])])
        let runs: Int64 = try await fixture.database.query("SELECT count(*) FROM runs")[0].get(0)
        #expect(runs == 1)
    }

    @Test func `after midnight yesterday's run serves until today's is there`() async throws {
        let fixture = try await started(endpoints: 1)
        let key = try await fixture.keys()[0]
        let midnight = (fixture.now.day + 1).start - fixture.now
        try await fixture.enqueue(id, [(key, 1)], after: midnight)
        #expect(try await fixture.open(after: midnight + .seconds(1)) == [.opened(1, queues: [.email])])
        try await fixture.turn(after: midnight + .seconds(2))
        try await fixture.freeze()
        try await fixture.enqueue(id, [(key, 2)], after: midnight + .seconds(3))
        #expect(try await fixture.open(after: midnight + .seconds(3)) == [.opened(1, queues: [.email])])
        let days = try await fixture.database.query("SELECT run_day FROM jobs ORDER BY 1").map { try $0.get(0) as Day }
        #expect(days == [fixture.now.day, fixture.now.day + 1])
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `what was on its way when the campaign was edited goes out as it was, when it was paused not at all`()
        async throws
    {
        let fixture = try await started(endpoints: 1)
        let key = try await fixture.keys()[0]
        try await fixture.enqueue(id, [(key, 1)])
        try await fixture.base.update(id, fixture.request(type: "sale"), after: .seconds(1))
        try await fixture.turn(after: .seconds(1))
        try await fixture.freeze()
        #expect(try await fixture.open(after: .seconds(2)) == [.opened(1, queues: [.email])])
        let version: Int32 = try await fixture.database.query(
            "SELECT campaign_version FROM runs WHERE planned > 0")[0].get(0)
        #expect(version == 1)
        try await fixture.enqueue(id, version: 2, [(key, 2)])
        try await fixture.base.update(id, fixture.request(isPaused: true), after: .seconds(3))
        #expect(try await fixture.open(after: .seconds(4)) == [.dropped])
        #expect(try await fixture.deliveries().count == 1)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `nobody is planned for a campaign that was deleted`() async throws {
        let fixture = try await started(endpoints: 1)
        let key = try await fixture.keys()[0]
        try await fixture.enqueue(id, [(key, 1)])
        _ = try await fixture.database.transaction {
            try await CampaignStore.delete(fixture.app, id: id, account: fixture.base.account, now: fixture.now, in: $0)
        }
        #expect(try await fixture.open() == [.dropped])
        #expect(try await fixture.deliveries().isEmpty)
    }

    @Test func `the proof sees an event that was planned twice`() async throws {
        let fixture = try await started(endpoints: 2)
        let keys = try await fixture.keys()
        try await fixture.enqueue(id, [(keys[0], 1)])
        try await fixture.enqueue(id, [(keys[0], 1)])
        #expect(try await fixture.open() == [.opened(1, queues: [.email]), .opened(1, queues: [.email])])
        #expect(try await fixture.violations().contains { $0.hasPrefix("double event") })
    }

    @Test func `two that open at once give their chunks different numbers`() async throws {
        let fixture = try await started(endpoints: 40)
        let keys = try await fixture.keys()
        for (index, key) in keys.enumerated() { try await fixture.enqueue(id, [(key, UInt64(index))]) }
        let jobs = try await fixture.claim()
        #expect(jobs.count == 40)
        let (opening, database, environment, now) = (
            fixture.opening, fixture.database, fixture.base.environment, fixture.now
        )
        try await withThrowingTaskGroup(of: TriggerOpening.Result.self) { group in
            for job in jobs {
                group.addTask { try await opening.open(job, now: now, newRun: environment.newID(), in: database) }
            }
            for try await result in group { #expect(result == .opened(1, queues: [.email])) }
        }
        #expect(try await fixture.deliveries().map(\.chunk) == Array(0..<40))
        #expect(try await fixture.violations().isEmpty)
    }
}
