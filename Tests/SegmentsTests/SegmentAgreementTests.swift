import Core
import Postgres
import Segments
import TestKit
import Testing

/// The SQL and the plain evaluator are two readings of one definition.
@Suite(.database) struct SegmentAgreementTests {
    private let app = AppID(high: 1, low: 1)
    private let otherApp = AppID(high: 1, low: 2)

    @Test func `the SQL and the evaluator agree on random segments and people`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 20_260_102)
        let people = (0..<150).map { _ in generator.subject() }
        try await insert(people, into: database)
        let definitions = (0..<120).map { _ in generator.expression(levels: 3) }
        var pairs = 0
        var members = 0
        for (number, expression) in definitions.enumerated() {
            let segment = ResolvedSegment(expression: expression)
            let found = try await membersBySQL(of: segment, in: database)
            let expected = people.indices.filter {
                SegmentEvaluator.matches(segment, people[$0], now: SegmentGenerator.now)
            }
            #expect(found == expected.map(Int64.init), "definition \(number): \(expression)")
            pairs += people.count
            members += found.count
        }
        #expect(pairs == 18_000)
        // Neither everybody nor nobody: the vocabulary makes both answers common.
        #expect(members > pairs / 5 && members < pairs * 4 / 5)
    }

    @Test func `each condition alone agrees, and agrees negated`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 3)
        let people = (0..<100).map { _ in generator.subject() }
        try await insert(people, into: database)
        for _ in 0..<150 {
            let condition = SegmentExpression.condition(generator.condition())
            for expression in [
                condition, .combination(.none, [condition]), .combination(.none, [.combination(.none, [condition])]),
            ] {
                let segment = ResolvedSegment(expression: expression)
                let found = try await membersBySQL(of: segment, in: database)
                let expected = people.indices.filter {
                    SegmentEvaluator.matches(segment, people[$0], now: SegmentGenerator.now)
                }
                #expect(found == expected.map(Int64.init), "\(expression)")
            }
        }
    }

    @Test func `dates are read alike, whatever the text`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 5)
        var texts = SegmentGenerator.dates + SegmentGenerator.notDates + SegmentGenerator.values
        // One byte of a date replaced, removed or doubled.
        for _ in 0..<3000 {
            var bytes = Array(generator.one(of: SegmentGenerator.dates).utf8)
            let place = generator.below(bytes.count)
            switch generator.below(4) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes[place], at: place)
            case 2: bytes[place] = UInt8(generator.below(10)) + 0x30
            case _: bytes[place] = Array("-:.TZtz+ 0123456789,/".utf8)[generator.below(21)]
            }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        let rows = try await database.query(
            """
            SELECT needletail_instant(v.text)
              FROM unnest(\(texts)) WITH ORDINALITY AS v (text, place)
             ORDER BY v.place
            """
        )
        var valid = 0
        for (text, row) in zip(texts, rows) {
            let read: Instant? = try row.get(0)
            #expect(read == SegmentInstant.parse(text), "\(text)")
            valid += read == nil ? 0 : 1
        }
        #expect(valid > 500 && valid < texts.count - 500)
    }

    @Test func `stored JSON of any shape raises no error`() async throws {
        let database = try TestDatabase.current.database
        let shapes = [
            "{}", "[]", "null", "true", "1e400", "-1e-400", "\"NaN\"", "\"1998-07-01T00:00:00Z\"",
            "[1, null, {}, [], true]",
            "{\"a\": 1}",
        ]
        for (number, shape) in shapes.enumerated() {
            let map = #"{"tier": \#(shape), "Latitude": \#(shape), "Longitude": \#(shape), "Country": \#(shape)}"#
            for (offset, json) in [map, shape].enumerated() {
                let key = Int64(number * 2 + offset)
                let bind = SQLBind.jsonb(Array(json.utf8))
                try await database.execute(
                    """
                    INSERT INTO endpoints (app, endpoint_key, external_id, cohort, attributes, metrics, user_attributes,
                                           demographic, location, effective_at, created_at)
                    VALUES (\(app), \(key), \(key)::text, 0, \(bind), \(bind), \(bind), \(bind), \(bind),
                            \(SegmentGenerator.now), \(SegmentGenerator.now))
                    """
                )
            }
        }
        var generator = SegmentGenerator(seed: 9)
        for _ in 0..<200 {
            let expression = renamed(generator.condition(), to: "tier")
            _ = try await membersBySQL(of: ResolvedSegment(expression: .condition(expression)), in: database)
        }
        let numbers = try await database.query(
            "SELECT count(*) FROM endpoints WHERE needletail_number(metrics -> 'tier') IS NOT NULL"
        )
        #expect(try numbers[0].get(0) as Int == 0)
    }

    // MARK: Help

    private func renamed(_ condition: SegmentCondition, to name: String) -> SegmentCondition {
        switch condition {
        case .attribute(let owner, _, let test): .attribute(owner, name: name, test)
        case .metric(_, let comparison, let value): .metric(name: name, comparison, value)
        case .demographic, .country, .near, .recency, .behavior, .sequence, .date, .percentage, .imported: condition
        }
    }

    private func membersBySQL(of segment: ResolvedSegment, in database: Database) async throws -> [Int64] {
        let predicate = SegmentCompiler.predicate(segment, app: app, now: SegmentGenerator.now)
        let rows = try await database.query(
            "SELECT e.endpoint_key FROM endpoints AS e WHERE \(predicate) ORDER BY e.endpoint_key"
        )
        return try rows.map { try $0.get(0) }
    }

    /// Keys are the places in `people`; the same people exist in another app, and their events too.
    private func insert(_ people: [SegmentSubject], into database: Database) async throws {
        try await database.execute("CREATE TABLE events_of_any_week PARTITION OF events DEFAULT")
        var statements: [SQL] = []
        for (place, person) in people.enumerated() {
            statements.append(insertion(of: person, key: Int64(place), app: app))
            statements.append(insertion(of: person, key: Int64(place), app: otherApp))
            guard let at = person.events.first?.at else { continue }
            statements.append(
                """
                INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
                VALUES (\(at.day.weekStart), \(place), gen_random_uuid(), \(app), 'x', \(at), \(at))
                """
            )
        }
        let all = statements
        _ = try await database.transaction { session in try await session.batch(all) }
        // Another app's event at a key of ours: it makes nobody active here.
        try await database.execute(
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT \(SegmentGenerator.now.day.weekStart), e.endpoint_key, gen_random_uuid(), \(otherApp), 'x',
                   \(SegmentGenerator.now), \(SegmentGenerator.now)
              FROM endpoints e
             WHERE e.app = \(app)
            """
        )
    }

    private func insertion(of person: SegmentSubject, key: Int64, app: AppID) -> SQL {
        func bind(_ object: JSONObject) -> SQLBind { .jsonb(JSON.object(object).serialized) }
        return """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, cohort, attributes, metrics,
                                   user_attributes, demographic, location, effective_at, created_at)
            VALUES (\(app), \(key), \(key)::text, \(person.channelType), 0, \(bind(person.attributes)),
                    \(bind(person.metrics)), \(bind(person.userAttributes)), \(bind(person.demographic)),
                    \(bind(person.location)), \(person.effectiveAt), \(SegmentGenerator.now))
            """
    }
}
