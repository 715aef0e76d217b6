import Core
import Model
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

/// Indexes that stored segments make necessary. Of the app's endpoints one in fifty is in Japan, and ages run from 0 to 99.
@Suite(.database) struct AttributeIndexTests {
    private static let endpoints = 5000

    private let app = AppID(high: 1, low: 1)
    private let account = "123456789012"
    private let now = Instant(seconds: 899_251_200)
    /// No harm in a definition; everything that SQL, `format` and JSON could take amiss.
    private let oddName = #"it's "odd" \ %L %I $1 ; DROP TABLE endpoints --"#

    private var database: Database { get throws { try TestDatabase.current.database } }

    private func insertEndpoints() async throws {
        try await database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, cohort, attributes, metrics, location,
                                   effective_at, created_at)
            SELECT a.app, hashtextextended(n::text, 1), 'e' || n, 'EMAIL', 0,
                   jsonb_build_object('plan', jsonb_build_array(CASE n % 2 WHEN 0 THEN 'pro' ELSE 'free' END),
                                      \(oddName)::text, jsonb_build_array('v' || n % 100)),
                   jsonb_build_object('age', n % 100),
                   jsonb_build_object('Country', CASE n % 50 WHEN 0 THEN 'JP' ELSE 'US' END), \(now), \(now)
              FROM generate_series(1, \(Self.endpoints)) AS n, unnest(\([app, AppID(high: 1, low: 2)])) AS a(app)
            """
        )
        try await database.execute("ANALYZE endpoints")
    }

    private var inJapan: SetDimension { SetDimension(values: ["JP"]) }

    private func store(_ id: SegmentID, _ dimensions: SegmentDimensions) async throws {
        let request = WriteSegmentRequest(dimensions: dimensions)
        let definition = try SegmentDefinition(request)
        _ = try await database.transaction { session in
            try await SegmentStore.create(
                app, id: id, request, definition, account: account, now: now, in: session)
        }
    }

    private func needed() async throws -> AttributeIndexChange {
        try await database.withSession { try await AttributeIndexChange.needed(smallest: 1000, in: $0) }
    }

    private func make(_ indexes: [AttributeIndex]) async throws {
        try await database.withSession { session in
            for index in indexes { try await AttributeIndexStore.create(index, in: session) }
        }
    }

    private func existing() async throws -> [String] {
        try await database.withSession { try await AttributeIndexStore.existing(in: $0) }.map(\.name)
    }

    private func answer(_ id: SegmentID) async throws -> (count: Int64, plan: String) {
        try await database.withSession { session in
            let segment = try #require(try await SegmentResolver.resolve(app, id: id, in: session))
            let predicate = SegmentCompiler.predicate(segment, app: app, now: now)
            let count: SQL = "SELECT count(*) FROM endpoints AS e WHERE \(predicate)"
            let plan = try await SegmentPlanning.query("EXPLAIN \(count)", in: session).map { try $0.get(0) as String }
            return (try await session.query(count)[0].get(0), plan.joined(separator: "\n"))
        }
    }

    @Test func `The index that a segment needs is made, used, and dropped when the segment is gone`() async throws {
        try await insertEndpoints()
        let id = SegmentID(high: 7, low: 1)
        try await store(
            id,
            SegmentDimensions(
                location: SegmentLocation(country: inJapan),
                metrics: ["age": MetricDimension(comparisonOperator: "LESS_THAN", value: 50)]
            )
        )
        let before = try await answer(id)
        #expect(before.count == 50)
        let change = try await needed()
        #expect(change.create == [AttributeIndex(app: app, key: .fields([.country], metric: "age"))])
        #expect(change.drop.isEmpty)
        try await make(change.create)
        let after = try await answer(id)
        #expect(after.count == 50)
        #expect(after.plan.contains(change.create[0].name), "\(after.plan)")
        #expect(try await needed().create.isEmpty)

        _ = try await database.transaction { session in
            try await SegmentStore.delete(app, id: id, account: account, now: now, in: session)
        }
        let end = try await needed()
        #expect(end.create.isEmpty)
        #expect(end.drop == change.create.map(\.name))
        try await database.withSession { session in
            for name in end.drop { try await AttributeIndexStore.drop(name, in: session) }
        }
        #expect(try await existing().isEmpty)
    }

    @Test func `An attribute's name is a literal of its index, whatever it contains`() async throws {
        try await insertEndpoints()
        let id = SegmentID(high: 7, low: 2)
        try await store(id, SegmentDimensions(attributes: [oddName: AttributeDimension(values: ["v7"])]))
        let change = try await needed()
        #expect(change.create == [AttributeIndex(app: app, key: .values(.endpoint, name: oddName))])
        try await make(change.create)
        #expect(try await existing() == change.create.map(\.name))
        let answer = try await answer(id)
        #expect(answer.count == 50)
        #expect(answer.plan.contains(change.create[0].name), "\(answer.plan)")
    }

    @Test func `What a large part of the audience has, or an alternative asks, gets no index`() async throws {
        try await insertEndpoints()
        try await store(
            SegmentID(high: 7, low: 3),
            SegmentDimensions(attributes: ["plan": AttributeDimension(values: ["pro"])])
        )
        let either = WriteSegmentRequest(
            segmentGroups: SegmentGroupList(
                groups: [
                    SegmentGroup(
                        dimensions: [
                            SegmentDimensions(location: SegmentLocation(country: inJapan)),
                            SegmentDimensions(attributes: ["plan": AttributeDimension(values: ["pro"])]),
                        ],
                        type: .any
                    )
                ],
                include: .all
            )
        )
        let definition = try SegmentDefinition(either)
        _ = try await database.transaction { session in
            try await SegmentStore.create(
                app, id: SegmentID(high: 7, low: 4), either, definition, account: account, now: now, in: session)
        }
        #expect(try await needed().create.isEmpty)
    }

    @Test func `A small app gets no index`() async throws {
        try await insertEndpoints()
        try await store(SegmentID(high: 7, low: 5), SegmentDimensions(location: SegmentLocation(country: inJapan)))
        #expect(try await needed().create.count == 1)
        let change = try await database.withSession {
            try await AttributeIndexChange.needed(smallest: Self.endpoints + 1, in: $0)
        }
        #expect(change.create.isEmpty)
    }

    @Test func `What an interrupted build left behind is dropped and made again`() async throws {
        try await insertEndpoints()
        try await store(SegmentID(high: 7, low: 6), SegmentDimensions(location: SegmentLocation(country: inJapan)))
        let change = try await needed()
        try await make(change.create)
        let name = try #require(change.create.first?.name)
        try await database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = \(name)::regclass")
        let again = try await needed()
        #expect(again.drop == [name])
        #expect(again.create == change.create)
    }

    @Test func `One builder works at a time`() async throws {
        try await database.withSession { first in
            #expect(try await AttributeIndexStore.lock(in: first))
            let second = try await database.withSession { try await AttributeIndexStore.lock(in: $0) }
            #expect(!second)
            try await AttributeIndexStore.unlock(in: first)
        }
        let third = try await database.withSession { session in
            let isOurs = try await AttributeIndexStore.lock(in: session)
            if isOurs { try await AttributeIndexStore.unlock(in: session) }
            return isOurs
        }
        #expect(third)
    }
}
