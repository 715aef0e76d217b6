import Core
import Segments
import Testing

/// Each operator's table, by the semantics of Pinpoint's segments.
@Suite struct SegmentEvaluatorTests {
    private static let now = Instant(seconds: 899_251_200)

    private func subject(_ values: [String]?) -> SegmentSubject {
        SegmentSubject(
            attributes: values.map { ["a": .array($0.map(JSON.string))] } ?? [:],
            effectiveAt: Self.now
        )
    }

    private func matches(_ condition: SegmentCondition, _ subject: SegmentSubject) -> Bool {
        SegmentEvaluator.matches(condition, subject, now: Self.now)
    }

    private func matches(_ test: AttributeTest, _ values: [String]?) -> Bool {
        matches(.attribute(.endpoint, name: "a", test), subject(values))
    }

    @Test(arguments: [
        (["gold"], true, false), (["Gold"], false, true), (["silver", "gold"], true, false), (["silver"], false, true),
        ([], false, true), (nil, false, true), (["gol"], false, true),
    ])
    func `INCLUSIVE is any value equal to any listed, EXCLUSIVE its opposite`(
        values: [String]?,
        isIncluded: Bool,
        isExcluded: Bool
    ) {
        #expect(matches(.inclusive(["platinum", "gold"]), values) == isIncluded)
        #expect(matches(.exclusive(["platinum", "gold"]), values) == isExcluded)
    }

    @Test(arguments: [
        (["new"], true), (["NEW"], false), (["ew"], true), (["e", "w"], false), ([], false), (nil, false),
        (["a%b"], false),
    ])
    func `CONTAINS is a case-sensitive substring`(values: [String]?, expected: Bool) {
        #expect(matches(.contains(["ew", "zz"]), values) == expected)
    }

    @Test func `texts are equal when their bytes are`() {
        #expect(!matches(.inclusive(["\u{e9}"]), ["e\u{301}"]))
        #expect(!matches(.contains(["e"]), ["\u{e9}"]))
        #expect(matches(.contains(["e"]), ["e\u{301}"]))
    }

    @Test(arguments: [
        ("1998-07-01T00:00:00Z", false, false, true), ("1998-06-30T23:59:59.999999Z", true, false, false),
        ("1998-07-01T00:00:00.000001Z", false, true, true), ("1998-07-01T23:59:59Z", false, true, true),
        ("1998-07-02T00:00:00Z", false, true, false), ("yesterday", false, false, false),
        ("1998-07-01", false, false, false),
    ])
    func `BEFORE and AFTER are strict, ON takes the whole UTC day`(
        value: String,
        isBefore: Bool,
        isAfter: Bool,
        isOn: Bool
    ) throws {
        let instant = try #require(SegmentInstant.parse("1998-07-01T00:00:00Z"))
        #expect(matches(.before(instant), [value]) == isBefore)
        #expect(matches(.after(instant), [value]) == isAfter)
        #expect(matches(.on(instant.day), [value]) == isOn)
    }

    @Test(arguments: [
        ("1998-07-01T00:00:00Z", true), ("1998-07-31T00:00:00Z", true), ("1998-07-15T00:00:00Z", true),
        ("1998-06-30T23:59:59Z", false), ("1998-07-31T00:00:00.000001Z", false),
    ])
    func `BETWEEN includes both bounds`(value: String, expected: Bool) throws {
        let first = try #require(SegmentInstant.parse("1998-07-01T00:00:00Z"))
        let last = try #require(SegmentInstant.parse("1998-07-31T00:00:00Z"))
        #expect(matches(.between(first, last), [value]) == expected)
        #expect(matches(.between(first, last), ["no date", value]) == expected)
        #expect(!matches(.between(first, last), nil))
    }

    @Test(arguments: [
        (Comparison.greaterThan, [false, false, true]), (.lessThan, [true, false, false]),
        (.greaterThanOrEqual, [false, true, true]), (.lessThanOrEqual, [true, true, false]),
        (.equal, [false, true, false]),
    ])
    func `metrics compare as numbers, and a missing one never matches`(comparison: Comparison, expected: [Bool]) {
        for (value, isMatch) in zip([1.5, 2, 2.5], expected) {
            let person = SegmentSubject(metrics: ["m": .double(value)], effectiveAt: Self.now)
            #expect(matches(.metric(name: "m", comparison, 2), person) == isMatch)
        }
        #expect(!matches(.metric(name: "m", comparison, 2), subject(nil)))
        let text = SegmentSubject(metrics: ["m": "2"], effectiveAt: Self.now)
        #expect(!matches(.metric(name: "m", comparison, 2), text))
    }

    @Test func `a missing demographic or country fails an inclusion and passes an exclusion`() {
        let person = SegmentSubject(
            channelType: "GCM",
            demographic: ["Make": "Acme"],
            location: ["Country": "DE"],
            effectiveAt: Self.now
        )
        #expect(matches(.demographic(.make, .inclusive(["Acme"])), person))
        #expect(!matches(.demographic(.make, .exclusive(["Acme"])), person))
        #expect(!matches(.demographic(.model, .inclusive(["Acme"])), person))
        #expect(matches(.demographic(.model, .exclusive(["Acme"])), person))
        #expect(matches(.demographic(.channel, .inclusive(["APNS", "GCM"])), person))
        #expect(matches(.country(.inclusive(["DE"])), person))
        #expect(!matches(.country(.inclusive(["de"])), person))
        #expect(matches(.country(.exclusive(["DE"])), subject(nil)))
    }

    @Test(arguments: [
        // Berlin–Hamburg is 255.3 km, from any great-circle table.
        (53.5511, 9.9937, 255.0, false), (53.5511, 9.9937, 256.0, true), (52.52, 13.405, 0.0, true),
        (52.53, 13.405, 1.0, false),
        (-52.52, -166.595, 20_015.2, true), (-52.52, -166.595, 20_014.0, false),
    ])
    func `a GPS point matches within its great-circle range`(
        latitude: Double,
        longitude: Double,
        range: Double,
        expected: Bool
    ) {
        let circle = GeographicCircle(latitude: 52.52, longitude: 13.405, rangeKilometers: range)
        let location: JSONObject = ["Latitude": .double(latitude), "Longitude": .double(longitude)]
        #expect(matches(.near(circle), SegmentSubject(location: location, effectiveAt: Self.now)) == expected)
        #expect(!matches(.near(circle), SegmentSubject(location: ["Latitude": 52.52], effectiveAt: Self.now)))
    }

    @Test func `recency looks at the later of the last update and the last event`() {
        let start = Self.now - .seconds(7 * 86_400)
        let old = start - .microseconds(1)
        func isActive(effectiveAt: Instant, lastEventAt: Instant?) -> Bool {
            let events = lastEventAt.map { [SegmentEvent(type: "x", at: $0)] } ?? []
            let person = SegmentSubject(effectiveAt: effectiveAt, events: events)
            let active = matches(.recency(.days7, isActive: true), person)
            #expect(matches(.recency(.days7, isActive: false), person) == !active)
            return active
        }
        #expect(isActive(effectiveAt: start, lastEventAt: nil))
        #expect(!isActive(effectiveAt: old, lastEventAt: nil))
        #expect(isActive(effectiveAt: old, lastEventAt: start))
        #expect(!isActive(effectiveAt: old, lastEventAt: old))
        #expect(isActive(effectiveAt: old, lastEventAt: Self.now + .seconds(60)))
    }

    @Test func `ALL, ANY and NONE of nothing are true, false and true`() {
        let person = subject(nil)
        #expect(SegmentEvaluator.matches(.combination(.all, []), person, now: Self.now))
        #expect(!SegmentEvaluator.matches(.combination(.any, []), person, now: Self.now))
        #expect(SegmentEvaluator.matches(.combination(.none, []), person, now: Self.now))
    }
}
