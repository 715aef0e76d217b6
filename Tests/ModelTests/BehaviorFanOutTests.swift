import Core
import Model
import Postgres
import Segments
import TestKit
import Testing

/// A run over a segment that asks for events, from the frozen form on.
@Suite(.database) struct BehaviorFanOutTests {
    private let campaign = CampaignID(high: 3, low: 3)

    private func event(_ type: String) -> EventTest { EventTest(type: type) }

    @Test func `a run over behaviour plans those who did it, whatever the size of its steps`() async throws {
        let fixture = try CampaignFixture()
        try await fixture.prepare(endpoints: 1500)
        try await fixture.database.execute("CREATE TABLE events_of_any_week PARTITION OF events DEFAULT")
        // Every third viewed twice, every fifth once; every seventh filled a cart an hour later, every 14th bought then.
        for (type, step, times, hour) in [
            ("view", 3, 2, 30), ("view", 5, 1, 30), ("cart", 7, 1, 29), ("buy", 14, 1, 28),
        ] {
            let at = fixture.now - .seconds(hour * 3600)
            try await fixture.database.execute(
                """
                INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
                SELECT \(at.day.weekStart), hashint8extended(n, 0), gen_random_uuid(), \(fixture.app), \(type),
                       \(at), \(at)
                  FROM generate_series(1, 1500) AS n, generate_series(1, \(Int64(times)))
                 WHERE n % \(Int64(step)) = 0
                """
            )
        }
        let viewed = SegmentCondition.behavior(BehaviorTest(event: event("view"), count: .atLeast(2), days: 7))
        let left = SegmentCondition.sequence(
            SequenceTest(steps: [event("cart"), event("buy")], within: .seconds(86_400), isLastAbsent: true, days: 7)
        )
        let segment = ResolvedSegment(expression: .combination(.any, [.condition(viewed), .condition(left)]))
        let frozen = try ResolvedSegment(json: JSON.parse(segment.json.serialized))
        #expect(frozen == segment)
        try await fixture.create(campaign, fixture.request())
        let plan = try await fixture.start()
        let predicate = SegmentCompiler.predicate(frozen, app: fixture.app, now: fixture.now)
        let steps = try await fixture.finish(
            fixture.fanOut(plan, where: predicate), .init(members: 100, examined: 400))
        #expect(steps > 3)
        let expected = (1...1500).filter { $0 % 3 == 0 || ($0 % 7 == 0 && $0 % 14 != 0) }.count
        #expect(try await fixture.count("SELECT planned FROM runs WHERE id = \(plan.run) AND fanned_out") == expected)
        let wrong = try await fixture.count(
            """
            WITH planned AS (SELECT unnest(recipients) AS key FROM jobs WHERE run = \(plan.run)),
            meant AS (
                SELECT hashint8extended(n, 0) AS key FROM generate_series(1, 1500) AS n
                 WHERE n % 3 = 0 OR (n % 7 = 0 AND n % 14 <> 0))
            SELECT count(*) FROM planned p FULL JOIN meant m ON m.key = p.key WHERE p.key IS NULL OR m.key IS NULL
            """
        )
        #expect(wrong == 0)
    }
}
