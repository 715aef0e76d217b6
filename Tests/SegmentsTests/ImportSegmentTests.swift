import Core
import Model
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

@Suite(.database) struct ImportSegmentTests {
    private let app = AppID(high: 1, low: 1)
    private let account = "123456789012"
    private let now = Instant(seconds: 899_251_200)
    private let id = SegmentID(high: 7, low: 1)
    private let source = ImportSegments.Source(
        format: .csv,
        s3URL: "s3://lists/spring.csv",
        roleARN: "arn:aws:iam::1:role/r"
    )

    private func prepare() async throws -> Database {
        let database = try TestDatabase.current.database
        try await database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), \(account), 'shop', \(now), \(now))
            """
        )
        for (number, channel) in ["EMAIL", "EMAIL", "SMS", "GCM"].enumerated() {
            let endpoint = EndpointID("e\(number)")
            try await database.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
                VALUES (\(app), \(EndpointIdentity(app: app, id: endpoint).key), \(endpoint), \(channel), 'a', 0, \(now), \(now))
                """
            )
        }
        return database
    }

    private func key(_ number: Int) -> Int64 { EndpointIdentity(app: app, id: EndpointID("e\(number)")).key }

    private func make(of keys: [Int64], in database: Database) async throws {
        try await database.transaction { session in
            _ = try await ImportSegments.create(
                app, id: id, name: "spring", source, tags: ["a": "b"], account: account, now: now, in: session)
            try await ImportSegments.add(keys, to: id, of: app, now: now, in: session)
        }
    }

    private func load(in database: Database) async throws -> StoredSegment? {
        try await database.withSession { try await SegmentStore.load(app, id: id, account: account, in: $0) }
    }

    private func members(of expression: SegmentExpression, in database: Database) async throws -> Set<String> {
        let predicate = SegmentCompiler.predicate(ResolvedSegment(expression: expression), app: app, now: now)
        let rows = try await database.query("SELECT e.external_id FROM endpoints AS e WHERE \(predicate)")
        return try Set(rows.map { try $0.get(0) })
    }

    @Test func `it shows where it came from and what it counted`() async throws {
        let database = try await prepare()
        // One twice, and one that is no endpoint.
        try await make(of: [key(0), key(2), key(0), 42], in: database)
        let again = try await database.transaction { session in
            try await ImportSegments.add([key(1), key(0)], to: id, of: app, now: now, in: session)
        }
        #expect(again == 1)
        let segment = try #require(try await load(in: database))
        let response = segment.response(region: "eu-west-1", account: account)
        #expect(response.segmentType == .import)
        #expect(response.name == "spring")
        #expect(response.tags == ["a": "b"])
        #expect(response.dimensions == nil)
        let expected = SegmentImportResource(
            channelCounts: ["EMAIL": 2, "SMS": 1],
            externalId: "",
            format: .csv,
            roleArn: source.roleARN,
            s3Url: source.s3URL,
            size: 3
        )
        #expect(response.importDefinition == expected)
        let logged = try await database.query("SELECT unnest(endpoint_keys) FROM change_log")
        #expect(try Set(logged.map { try $0.get(0) as Int64 }) == [key(0), key(1), key(2)])
    }

    @Test func `it cannot be changed, and its version does not move`() async throws {
        let database = try await prepare()
        try await make(of: [key(0)], in: database)
        let request = WriteSegmentRequest(dimensions: SegmentDimensions(), name: "mine now")
        let fault = await #expect(throws: Fault.self) {
            try await database.transaction { session in
                try await SegmentStore.update(
                    app, id: id, request, SegmentDefinition(request), account: account, now: now, in: session)
            }
        }
        #expect(fault?.publicMessage == "The segment was imported and cannot be changed; import it anew")
        #expect(try await load(in: database)?.version == 1)
        let other = await #expect(throws: Fault.self) {
            try await database.transaction { session in
                try await ImportSegments.add([key(1)], to: SegmentID(high: 7, low: 2), of: app, now: now, in: session)
            }
        }
        #expect(other?.code == .invalid)
    }

    @Test func `it is a base like others, and a deleted endpoint does not come back to it`() async throws {
        let database = try await prepare()
        try await make(of: [key(0), key(2)], in: database)
        let request = WriteSegmentRequest(
            segmentGroups: SegmentGroupList(groups: [
                SegmentGroup(
                    dimensions: [
                        SegmentDimensions(demographic: SegmentDemographics(channel: SetDimension(values: ["EMAIL"])))
                    ],
                    sourceSegments: [SegmentReference(id: id.description)]
                )
            ])
        )
        let definition = try SegmentDefinition(request)
        let resolved = try await database.withSession { try await SegmentResolver.resolve(app, definition, in: $0) }
        #expect(try await members(of: resolved.expression, in: database) == ["e0"])
        let itself = try await database.withSession { try await SegmentResolver.resolve(app, id: id, in: $0) }
        #expect(itself?.expression == .condition(.imported(id)))
        #expect(try await members(of: .condition(.imported(id)), in: database) == ["e0", "e2"])
        try await database.transaction { session in
            _ = try await EndpointStore.delete(app, EndpointID("e0"), at: now, in: session)
            try await session.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, cohort, effective_at, created_at)
                VALUES (\(app), \(key(0)), 'e0', 'EMAIL', 0, \(now), \(now))
                """
            )
        }
        #expect(try await members(of: .condition(.imported(id)), in: database) == ["e2"])
        #expect(try await load(in: database)?.importDefinition?.size == 2)
    }
}
