import Core
import Segments
import TestKit

/// Random segments and people from one small vocabulary, so that they often meet; with what breaks careless code in it.
struct SegmentGenerator {
    let random: SeededRandom

    /// Where windows end, and around what people's times lie.
    let now: Instant

    init(seed: UInt64, now: Instant = Self.now) {
        random = SeededRandom(seed: seed)
        self.now = now
    }

    /// 1998-07-01T10:20:30.123456Z: windows start at a whole second all the same.
    static let now = Instant(microseconds: 899_288_430_123_456)

    static let names = [
        "tier", "Tier", "a.b", "'; DROP TABLE endpoints; --", "\"quoted\"", "$1", "{x}", "naïve", "nai\u{308}ve", "имя",
        "🪡", "\\",
        "*", "%", "null",
    ]

    static let values = [
        "gold", "Gold", "old", "", " ", "é", "e\u{301}", "%", "_", "\\", "\\%", "100%", "a_b", "'; DROP TABLE users",
        "\"", "🪡",
        "𐀀", "null", "{\"a\":1}", "NaN", "1e400", "line\nbreak",
    ]

    /// Dates and what only looks like one.
    static let dates = [
        "1998-07-01T00:00:00Z", "1998-07-01T00:00:00.000Z", "1998-06-30T23:59:59.999999Z",
        "1998-07-01T00:00:00.000001Z",
        "1998-06-15T12:34:56Z", "1998-06-15T12:34:56.7Z", "1996-02-29T00:00:00Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z", "1996-02-28T23:59:59Z", "1997-03-01T00:00:00Z",
    ]

    /// What only a condition on days reads as a date.
    static let days = ["1998-07-01", "1961-07-04", "1996-02-29", "2000-12-31", "2024-02-29", "1998-02-30", "1998-7-1"]

    static let notDates = [
        "1998-02-29T00:00:00Z", "1998-07-01", "1998-07-01T00:00:00", "1998-07-01T00:00:00+00:00",
        "1998-07-01 00:00:00Z",
        "1998-07-01T24:00:00Z", "1998-07-01T23:59:60Z", "0000-01-01T00:00:00Z", "1998-13-01T00:00:00Z",
        "1998-07-01T00:00:00.Z",
        "1998-07-01T00:00:00.0000000000Z", "١٩٩٨-07-01T00:00:00Z", "now", "infinity", "epoch", "1998-07-01T00:00:00z",
        " 1998-07-01T00:00:00Z", "1998-07-01T00:00:00Z\n",
    ]

    static let numbers: [Double] = [
        0, 1, 2, 100, 100.5, -1, 0.1, 1e-7, 1e15, 1.7976931348623157e308, 2.2250738585072014e-308,
    ]

    static let places: [(latitude: Double, longitude: Double)] = [
        (52.5, 13.4), (52.4, 13.1), (-33.9, 151.2), (0, 180), (0, -180), (90, 0), (-90, 0), (0, 0),
    ]

    mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }
    mutating func some<Element>(of list: [Element]) -> [Element] { (0...below(3)).map { _ in one(of: list) } }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

// MARK: Segments

extension SegmentGenerator {
    mutating func expression(levels: Int) -> SegmentExpression {
        guard levels > 0, chance(70) else { return .condition(condition()) }
        let members = (0..<below(4)).map { _ in expression(levels: levels - 1) }
        return .combination(one(of: Combination.allCases), members)
    }

    mutating func condition() -> SegmentCondition {
        switch below(15) {
        case 0...3: .attribute(one(of: AttributeOwner.allCases), name: one(of: Self.names), attributeTest())
        case 4: .metric(name: one(of: Self.names), one(of: Comparison.allCases), one(of: Self.numbers))
        case 5: .demographic(one(of: DemographicField.allCases), setTest(of: Self.values + ["EMAIL", "GCM"]))
        case 6: .country(setTest(of: ["DE", "USA", "de", ""]))
        case 7: .near(circle())
        case 8: .recency(one(of: ActivityWindow.allCases), isActive: chance(50))
        case 9, 10: .behavior(behavior())
        case 11: .sequence(sequence())
        case 12: .date(date())
        case 13: .percentage(percentage())
        case _: .imported(one(of: Self.imports))
        }
    }

    mutating func attributeTest() -> AttributeTest {
        let instants = Self.dates.compactMap(SegmentInstant.parse)
        switch below(7) {
        case 0: return .inclusive(some(of: Self.values))
        case 1: return .exclusive(some(of: Self.values))
        case 2: return .contains(some(of: Self.values))
        case 3: return .before(one(of: instants))
        case 4: return .after(one(of: instants))
        case 5: return .on(one(of: instants).day)
        case _:
            let (a, b) = (one(of: instants), one(of: instants))
            return .between(min(a, b), max(a, b))
        }
    }

    private mutating func setTest(of values: [String]) -> SetTest {
        chance(50) ? .inclusive(some(of: values)) : .exclusive(some(of: values))
    }

    private mutating func circle() -> GeographicCircle {
        let centre = one(of: Self.places)
        return GeographicCircle(
            latitude: centre.latitude,
            longitude: centre.longitude,
            rangeKilometers: one(of: [0, 1, 25, 1000, 10_007.5, 20_015.2, 50_000])
        )
    }
}
