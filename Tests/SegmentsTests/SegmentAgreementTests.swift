import Core
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

/// The SQL, the column index, the plain evaluator and the explanation are readings of one definition.
@Suite(.database) struct SegmentAgreementTests {
    /// Five moments, with the ends of a year and of February in leap years and others: 10,000 pairs of a definition and a person.
    @Test(arguments: [
        "1998-07-01T10:20:30.123456Z", "1996-02-28T23:59:59.999999Z", "1997-02-28T00:00:00Z", "1999-12-31T12:00:00.5Z",
        "2000-02-29T00:00:00.000001Z",
    ])
    func `all voices agree on random segments and people`(moment: String) async throws {
        let database = try TestDatabase.current.database
        let now = try #require(SegmentInstant.parse(moment))
        var generator = SegmentGenerator(seed: UInt64(now.microseconds), now: now)
        let world = SegmentWorld(size: 50, with: &generator)
        try await world.insert(into: database)
        let voices: [any SegmentVoice] = [SQLVoice(database: database), ExplanationVoice()]
        let index = IndexVoice(world)
        var indexed = 0
        var members = 0
        var mixed = 0
        for number in 0..<40 {
            let outline = try world.outline(&generator)
            let expected = EvaluatorVoice().members(of: outline, in: world)
            let heard = number % 5 == 0 ? voices + [LoadedExplanationVoice(database: database)] : voices
            for voice in heard {
                let found = try await voice.members(of: outline, in: world)
                #expect(found == expected, "\(voice.name), definition \(number): \(outline.expression)")
            }
            if let found = index.members(of: outline, in: world) {
                indexed += 1
                #expect(found == expected, "the index, definition \(number): \(outline.expression)")
            }
            members += expected.count
            if !expected.isEmpty, expected.count < world.people.count { mixed += 1 }
        }
        // Neither everybody nor nobody: the vocabulary makes both answers common.
        #expect(members > 400 && members < 1600, "\(members)")
        #expect(mixed >= 12, "\(mixed)")
        // The others filter events or count a user's: those are SQL's.
        #expect(indexed >= 10, "\(indexed)")
    }

    @Test func `each condition alone agrees, and agrees negated`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 3)
        let world = SegmentWorld(size: 60, sources: 0, with: &generator)
        try await world.insert(into: database)
        let index = IndexVoice(world)
        for _ in 0..<400 {
            let condition = SegmentOutline.condition(generator.condition(), at: .root)
            let negated = SegmentOutline.combination(.none, at: .root, [condition])
            for outline in [condition, negated, .combination(.none, at: .root, [negated])] {
                let expected = EvaluatorVoice().members(of: outline, in: world)
                let found = try await SQLVoice(database: database).members(of: outline, in: world)
                #expect(found == expected, "\(outline.expression)")
                let indexed = index.members(of: outline, in: world) ?? expected
                #expect(indexed == expected, "the index: \(outline.expression)")
            }
        }
    }

    @Test func `dates are read alike, whatever the text`() async throws {
        let database = try TestDatabase.current.database
        var generator = SegmentGenerator(seed: 5)
        var texts =
            SegmentGenerator.dates + SegmentGenerator.notDates + SegmentGenerator.values + SegmentGenerator.days
        // One byte of a date replaced, removed or doubled.
        for _ in 0..<3000 {
            var bytes = Array(generator.one(of: SegmentGenerator.dates + SegmentGenerator.days).utf8)
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
            SELECT needletail_instant(v.text), needletail_day(v.text), needletail_anniversary(v.text)
              FROM unnest(\(texts)) WITH ORDINALITY AS v (text, place)
             ORDER BY v.place
            """
        )
        var valid = 0
        for (text, row) in zip(texts, rows) {
            let read: Instant? = try row.get(0)
            #expect(read == SegmentInstant.parse(text), "\(text)")
            let day: Day? = try row.get(1)
            #expect(day == SegmentInstant.parseDay(text), "\(text)")
            let anniversary: Int32? = try row.get(2)
            #expect(anniversary == SegmentInstant.parseDay(text)?.anniversary, "\(text)")
            valid += read == nil ? 0 : 1
        }
        #expect(valid > 300 && valid < texts.count - 300)
    }

    @Test func `stored JSON of any shape raises no error`() async throws {
        let database = try TestDatabase.current.database
        let shapes = [
            "{}", "[]", "null", "true", "1e400", "-1e-400", "\"NaN\"", "\"1998-07-01T00:00:00Z\"",
            "[1, null, {}, [], true]",
            "{\"a\": 1}",
        ]
        try await database.execute("CREATE TABLE events_of_any_week PARTITION OF events DEFAULT")
        for (number, shape) in shapes.enumerated() {
            let map = #"{"tier": \#(shape), "Latitude": \#(shape), "Longitude": \#(shape), "Country": \#(shape)}"#
            for (offset, json) in [map, shape].enumerated() {
                let key = Int64(number * 2 + offset)
                let bind = SQLBind.jsonb(Array(json.utf8))
                try await database.execute(
                    """
                    INSERT INTO endpoints (app, endpoint_key, external_id, cohort, attributes, metrics, user_attributes,
                                           demographic, location, effective_at, created_at)
                    VALUES (\(SegmentWorld.app), \(key), \(key)::text, 0, \(bind), \(bind), \(bind), \(bind), \(bind),
                            \(SegmentGenerator.now), \(SegmentGenerator.now))
                    """
                )
                let week = SegmentGenerator.now.day.weekStart
                try await database.execute(
                    """
                    INSERT INTO events (week, endpoint_key, id, app, type, at, received_at, attributes, metrics)
                    VALUES (\(week), \(key), gen_random_uuid(), \(SegmentWorld.app), 'view', \(SegmentGenerator.now),
                            \(SegmentGenerator.now), \(bind), \(bind))
                    """
                )
            }
        }
        var generator = SegmentGenerator(seed: 9)
        for _ in 0..<300 {
            let expression = renamed(generator.condition(), to: "tier")
            let predicate = SegmentCompiler.predicate(
                ResolvedSegment(expression: .condition(expression)),
                app: SegmentWorld.app,
                now: SegmentGenerator.now
            )
            try await database.execute("SELECT FROM endpoints AS e WHERE \(predicate)")
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
        case .date(let test):
            .date(
                DateTest(
                    owner: test.owner,
                    name: name,
                    fromDays: test.fromDays,
                    toDays: test.toDays,
                    isAnniversary: test.isAnniversary
                )
            )
        case .demographic, .country, .near, .recency, .behavior, .sequence, .percentage, .imported: condition
        }
    }
}
