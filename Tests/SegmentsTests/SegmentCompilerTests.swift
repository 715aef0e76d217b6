import Core
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

@Suite struct SegmentCompilerTests {
    private static let app = AppID(high: 1, low: 1)
    private static let now = Instant(seconds: 899_251_200)

    private func compile(_ expression: SegmentExpression) -> SQL {
        SegmentCompiler.predicate(ResolvedSegment(expression: expression), app: Self.app, now: Self.now)
    }

    /// One of everything, with names and values of the caller's choice.
    static func everything(name: (Int) -> String, value: String, number: Double, date: String) -> WriteSegmentRequest {
        let types: [AttributeType] = [.inclusive, .exclusive, .contains, .before, .after, .on, .between]
        var attributes: WireMap<AttributeDimension> = [:]
        for (index, type) in types.enumerated() {
            let values =
                switch type {
                case .inclusive, .exclusive, .contains: [value]
                case .before, .after, .on: [date]
                case .between: [date, date]
                }
            attributes[name(index)] = AttributeDimension(attributeType: type, values: values)
        }
        var metrics: WireMap<MetricDimension> = [:]
        for (index, comparison) in Comparison.allCases.enumerated() {
            metrics[name(index)] = MetricDimension(comparisonOperator: comparison.rawValue, value: number)
        }
        let set = SetDimension(dimensionType: .exclusive, values: [value])
        let offset = value == "v" ? -1 : 2
        let needletail: JSON = [
            "Behaviors": .array(
                ["AtLeast", "AtMost", "Exactly"].flatMap { count in
                    ["ENDPOINT", "USER"].map { scope -> JSON in
                        [
                            "EventType": .string(value), count: .integer(Int64(name(1).utf8.count)),
                            "Days": .integer(Int64(1 + value.utf8.count)),
                            "Scope": .string(scope), "Attributes": count == "AtLeast" ? attributes.json : .null,
                            "Metrics": count == "AtLeast" ? metrics.json : .null,
                        ]
                    }
                }
            ),
            "Sequences": .array(
                [true, false].map { isAbsent in
                    [
                        "Steps": [["EventType": .string(value)], ["EventType": .string(name(1))], ["EventType": "x"]],
                        "WithinSeconds": .integer(Int64(value.utf8.count)), "Absent": .bool(isAbsent), "Days": 30,
                        "Scope": "USER",
                    ]
                }
            ),
            "Dates": .array(
                [true, false].map { isAnniversary in
                    [
                        "Attribute": .string(name(0)), "FromDays": .integer(Int64(offset)), "ToDays": 60,
                        "Anniversary": .bool(isAnniversary),
                    ]
                }
            ),
            "Percentage": ["From": .integer(Int64(offset + 1)), "To": 50, "Salt": .string(value)],
        ]
        let point = GPSPointDimension(
            coordinates: GPSCoordinates(latitude: 1, longitude: 2),
            rangeInKilometers: abs(number)
        )
        return WriteSegmentRequest(
            dimensions: SegmentDimensions(
                attributes: attributes,
                behavior: SegmentBehaviors(recency: RecencyDimension(duration: .day7, recencyType: .active)),
                demographic: SegmentDemographics(appVersion: set, make: set, model: set, platform: set),
                location: SegmentLocation(country: set, gpsPoint: point),
                metrics: metrics,
                userAttributes: attributes,
                needletail: needletail
            )
        )
    }

    private static func expression(of request: WriteSegmentRequest) throws -> SegmentExpression {
        try ResolvedSegment.resolve(SegmentDefinition(request)).expression
    }

    @Test func `replacing every name and value leaves the text unchanged`() throws {
        let plain = try Self.expression(
            of: Self.everything(name: { "a\($0)" }, value: "v", number: 1, date: "1998-07-01T00:00:00Z")
        )
        let text = compile(plain).text
        for naughty in SegmentGenerator.names + SegmentGenerator.values where !naughty.isEmpty {
            // The suffixes run backwards, so that the names sort the other way round.
            let renamed = try Self.expression(
                of: Self.everything(
                    name: { "\(naughty)\(9 - $0)" },
                    value: naughty,
                    number: -7.25,
                    date: "2026-02-03T04:05:06.789Z"
                )
            )
            let other = SegmentCompiler.predicate(
                ResolvedSegment(expression: renamed),
                app: AppID(high: 9, low: 9),
                now: Self.now + .seconds(1)
            )
            #expect(other.text == text, "\(naughty)")
        }
        #expect(!text.contains("a0"))
    }

    @Test func `the number of values leaves the text unchanged`() {
        let one = compile(.condition(.attribute(.user, name: "a", .inclusive(["x"]))))
        let many = compile(.condition(.attribute(.user, name: "a", .inclusive((0..<100).map { "x\($0)" }))))
        #expect(one.text == many.text)
        #expect(one.binds.count == many.binds.count)
    }

    @Test func `the tenant comes first`() {
        #expect(compile(.everyone).text == "e.app = $1 AND TRUE")
        #expect(compile(.everyone).binds == [Self.app.sqlBind])
    }

    /// The segment of the demonstration, whose count is known (3,447 of CDNOW's customers).
    @Test func `metrics and a date make this statement`() throws {
        let request = WriteSegmentRequest(
            dimensions: SegmentDimensions(
                attributes: [
                    "LastPurchase": AttributeDimension(attributeType: .before, values: ["1998-04-02T00:00:00Z"])
                ],
                metrics: [
                    "Purchases": MetricDimension(comparisonOperator: "GREATER_THAN_OR_EQUAL", value: 2),
                    "Spent": MetricDimension(comparisonOperator: "GREATER_THAN", value: 100),
                ]
            )
        )
        let sql = compile(try Self.expression(of: request))
        #expect(
            sql.text == """
                e.app = $1 AND (needletail_number(e.metrics -> $2) > $3
                  AND needletail_number(e.metrics -> $4) >= $5
                  AND EXISTS (SELECT FROM jsonb_array_elements_text(needletail_texts(e.attributes -> $6)) AS v(value) \
                WHERE needletail_instant(v.value) < $7))
                """
        )
        let cutoff = Instant(seconds: 891_475_200)
        #expect(
            sql.binds == [
                Self.app.sqlBind, "Spent".sqlBind, 100.0.sqlBind, "Purchases".sqlBind, 2.0.sqlBind,
                "LastPurchase".sqlBind,
                cutoff.sqlBind,
            ]
        )
    }

    @Test func `null stands for false under a negation only`() {
        let metric = SegmentExpression.condition(.metric(name: "m", .greaterThan, 1))
        #expect(compile(metric).text == "e.app = $1 AND needletail_number(e.metrics -> $2) > $3")
        #expect(
            compile(.combination(.none, [metric])).text
                == "e.app = $1 AND NOT ((needletail_number(e.metrics -> $2) > $3) IS TRUE)"
        )
    }

    @Test func `recency bounds the week, so that old partitions are skipped`() {
        let sql = compile(.condition(.recency(.days30, isActive: false)))
        #expect(sql.text.contains("a.week >= $2"))
        // Thirty days before Wednesday 1998-07-01 lies in the week of Monday 1998-06-01.
        #expect(sql.binds[1] == Day(year: 1998, month: 6, day: 1).sqlBind)
    }

    @Test func `the listing shows values as comments on lines of their own`() {
        let evil = "'; DROP TABLE endpoints;\n-- \\ \u{2028}"
        let listing = compile(.condition(.attribute(.endpoint, name: evil, .inclusive([evil, "plain"])))).listing
        let lines = listing.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4)
        #expect(lines[1] == "-- $1 = '00000000000000010000000000000001'")
        #expect(lines[2] == #"-- $2 = E'''; DROP TABLE endpoints;\u000a-- \\ \u2028'"#)
        #expect(lines[3] == #"-- $3 = ARRAY[E'''; DROP TABLE endpoints;\u000a-- \\ \u2028', 'plain']"#)
    }

    @Test(.database) func `Postgres sees one statement, whatever the names and values`() async throws {
        let database = try TestDatabase.current.database
        try await database.execute("CREATE EXTENSION pg_stat_statements")
        try await database.execute("CREATE TABLE events_of_any_week PARTITION OF events DEFAULT")
        var statements = 0
        for (index, value) in (SegmentGenerator.values + SegmentGenerator.names).filter({ !$0.isEmpty }).enumerated() {
            let expression = try Self.expression(
                of: Self.everything(
                    name: { "\(value)\($0)" },
                    value: value,
                    number: Double(index),
                    date: "1998-07-01T00:00:00Z"
                )
            )
            _ = try await database.query(
                "SELECT count(*) AS segment_probe FROM endpoints AS e WHERE \(compile(expression))"
            )
            statements += 1
        }
        let rows = try await database.query(
            """
            SELECT count(DISTINCT queryid), sum(calls)::bigint
              FROM pg_stat_statements
             WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND query LIKE '%segment_probe%' AND query NOT LIKE '%pg_stat_statements%'
            """
        )
        #expect(try rows[0].get(0) as Int == 1)
        #expect(try rows[0].get(1) as Int == statements)
    }
}
