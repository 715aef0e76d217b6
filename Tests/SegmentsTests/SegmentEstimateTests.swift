import Core
import Model
import Postgres
import Segments
import TestKit
import Testing

@Suite(.database) struct SegmentEstimateTests {
    private let app = AppID(high: 1, low: 1)
    private let now = Instant(seconds: 899_251_200)

    private struct Person {
        var key: Int64
        var channel: String? = "EMAIL"
        var address: String? = "x@example.com"
        var optOut = "NONE"
        var status = "ACTIVE"
        var attribute = "in"
    }

    /// The hash stands for the suppression hash: any function of the folded address does here.
    private func hash(_ address: String) -> SQLBind { .bytes(Array(address.lowercased().utf8)) }

    private func insert(_ people: [Person], app: AppID? = nil) async throws {
        let database = try TestDatabase.current.database
        for person in people {
            let attributes = SQLBind.jsonb((["a": [.string(person.attribute)]] as JSON).serialized)
            try await database.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, opt_out,
                                       endpoint_status, cohort, attributes, effective_at, created_at)
                VALUES (\(app ?? self.app), \(person.key), \("e\(person.key)"), \(person.channel), \(person.address),
                        \(person.address.map(hash) ?? .null(.bytea)), \(person.optOut), \(person.status), 0, \(attributes),
                        \(now), \(now))
                """
            )
        }
    }

    private func suppress(_ address: String, channel: String, app: AppID? = nil) async throws {
        try await TestDatabase.current.database.execute(
            """
            INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
            VALUES (\(app ?? self.app), \(channel), \(hash(address)), 'UNSUBSCRIBE', \(now))
            """
        )
    }

    private func estimate(
        _ expression: SegmentExpression = .condition(.attribute(.endpoint, name: "a", .inclusive(["in"])))
    ) async throws -> SegmentEstimate {
        try await TestDatabase.current.database.withSession { session in
            try await SegmentEstimator.estimate(
                ResolvedSegment(expression: expression),
                app: app,
                now: now,
                in: session
            )
        }
    }

    @Test func `members that the gate would refuse are counted and not reachable`() async throws {
        try await insert([
            Person(key: 1, address: "fine@example.com"),
            Person(key: 2, address: "out@example.com", optOut: "ALL"),
            Person(key: 3, address: "gone@example.com", status: "INACTIVE"),
            Person(key: 4, address: nil),
            Person(key: 5, address: ""),
            Person(key: 6, channel: nil, address: "no-channel@example.com"),
            Person(key: 7, address: "Stopped@Example.com"),
            Person(key: 8, address: "elsewhere@example.com", attribute: "out"),
            Person(key: 9, channel: "SMS", address: "+15550100"),
            Person(key: 10, channel: "SMS", address: "+15550101"),
        ])
        try await suppress("stopped@example.com", channel: "EMAIL")
        // Neither another channel's nor another app's suppression counts.
        try await suppress("+15550100", channel: "EMAIL")
        try await suppress("fine@example.com", channel: "EMAIL", app: AppID(high: 1, low: 2))
        try await suppress("+15550101", channel: "SMS")
        let found = try await estimate()
        #expect(found.total == .init(count: 9, reachable: 2))
        #expect(found.byChannel == ["EMAIL": .init(count: 6, reachable: 1), "SMS": .init(count: 2, reachable: 1)])
    }

    @Test func `one address is reached once per channel`() async throws {
        try await insert([
            Person(key: 1, address: "same@example.com", optOut: "ALL"),
            Person(key: 2, address: "Same@example.com"),
            Person(key: 3, address: "same@example.com"),
            Person(key: 4, channel: "CUSTOM", address: "same@example.com"),
            Person(key: 5, address: "same@example.com", attribute: "out"),
        ])
        let found = try await estimate()
        #expect(found.total == .init(count: 4, reachable: 2))
        #expect(found.byChannel["EMAIL"] == .init(count: 3, reachable: 1))
    }

    @Test func `another app's endpoints are never members`() async throws {
        try await insert([Person(key: 1)], app: AppID(high: 1, low: 2))
        let found = try await estimate(.everyone)
        #expect(found.total == .init())
        #expect(found.byChannel.isEmpty)
        #expect(found.sample.isEmpty)
    }

    @Test func `the sample is the ten members of lowest key, as endpoints`() async throws {
        try await insert((1...15).map { Person(key: 16 - $0, attribute: $0 == 15 ? "out" : "in") })
        let found = try await estimate()
        #expect(found.sample.compactMap { $0["Id"]?.string } == (2...11).map { "e\($0)" })
        let first = try #require(found.sample.first)
        #expect(first["Attributes"] == ["a": ["in"]])
        #expect(first["ApplicationId"] == .string(app.description))
        #expect(first["CohortId"] == "0")
        #expect(first["User"] == nil)
    }

    @Test func `the SQL shown counts what was counted`() async throws {
        try await insert([Person(key: 1), Person(key: 2), Person(key: 3, attribute: "out")])
        let found = try await estimate()
        let lines = found.sql.split(separator: "\n").map(String.init)
        #expect(
            lines.suffix(3) == [
                "-- $1 = '00000000000000010000000000000001'", "-- $2 = 'a'", "-- $3 = ARRAY['in']",
            ]
        )
        let shown = SQL(unsafe: found.sql, binds: [app.sqlBind, "a".sqlBind, .textArray(["in"])])
        let rows = try await TestDatabase.current.database.query(shown)
        #expect(try rows[0].get(0) as Int64 == found.total.count)
    }
}
