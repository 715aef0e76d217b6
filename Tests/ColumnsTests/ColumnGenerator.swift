import Columns
import Core
import Segments
import TestKit

/// Random people, events and definitions from one small vocabulary, so that they often meet.
struct ColumnGenerator {
    private let random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// In the middle of a second.
    static let now = Instant(microseconds: 899_251_200_400_000)
    static let eventsFrom = now.windowStart(days: 367)

    static let names = ["plan", "a\"b", "é", "e\u{301}", "\\", "born"]
    static let values = ["pro", "Pro", "", "é", "e\u{301}", "line\nbreak", "🪡", "a\"b", "b"]
    static let dates = [
        "1998-07-01T00:00:00Z", "1998-06-30T23:59:59.999999Z", "1998-07-01T00:00:00.5Z", "1996-02-29T10:00:00Z",
        "1998-07-04", "1996-02-29", "1998-02-29", "1999-07-01", "now",
    ]
    static let numbers: [Double] = [0, 1, 2, 100.5, -1, 0.1, 1.7976931348623157e308, 2.2250738585072014e-308]
    static let places: [(latitude: Double, longitude: Double)] = [
        (52.5, 13.4), (52.4, 13.1), (-33.9, 151.2), (0, 180), (0, -180), (90, 0),
    ]
    static let types = ["view", "purchase", "purchas\u{e9}", "purchase\u{301}", "open"]
    static let channels = ["EMAIL", "GCM", "SMS", "CUSTOM"]
    static let segments = (1...3).map { SegmentID(high: 7, low: $0) }

    mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }
    mutating func some<Element>(of list: [Element]) -> [Element] { (0...below(3)).map { _ in one(of: list) } }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

// MARK: People

/// What the index is told of one endpoint, in a form that the evaluator reads.
struct Person {
    var subject: SegmentSubject
    var isReachable: Bool
    var twin: Int64?

    var row: ColumnRow {
        func text(_ object: JSONObject) -> [UInt8] { JSON.object(object).serialized }
        return ColumnRow(
            key: subject.endpointKey,
            cohort: subject.cohort,
            channelType: subject.channelType,
            effectiveAt: subject.effectiveAt,
            isReachable: isReachable,
            twin: twin,
            attributes: text(subject.attributes),
            userAttributes: text(subject.userAttributes),
            metrics: text(subject.metrics),
            demographic: text(subject.demographic),
            location: text(subject.location),
            importedInto: Array(subject.importedInto)
        )
    }
}

extension ColumnGenerator {
    mutating func person(key: Int64, events: [SegmentEvent] = []) -> Person {
        var location = texts(["Country", "City"], ["DE", "USA", ""])
        let place = one(of: Self.places)
        if chance(70) { location["Latitude"] = .double(place.latitude) }
        if chance(90) { location["Longitude"] = .double(place.longitude) }
        let subject = SegmentSubject(
            endpointKey: key,
            cohort: below(100),
            channelType: chance(90) ? one(of: Self.channels) : nil,
            attributes: attributes(),
            userAttributes: attributes(),
            metrics: metrics(),
            demographic: texts(["AppVersion", "DeviceType", "Make", "Locale", "Model", "Platform"], Self.values),
            location: location,
            effectiveAt: moment(),
            events: events,
            importedInto: chance(30) ? Set(some(of: Self.segments)) : []
        )
        return Person(subject: subject, isReachable: chance(70), twin: chance(20) ? Int64(below(5)) : nil)
    }

    /// Near the edges of windows, and anywhere.
    mutating func moment() -> Instant {
        let edge = Self.now.windowStart(days: one(of: [0, 1, 2, 7, 14, 30, 366]))
        switch below(5) {
        case 0: return edge
        case 1: return edge - .microseconds(1)
        case 2: return edge + .microseconds(below(1_500_000))
        case 3: return Self.now + .seconds(below(100_000))
        case _: return Self.now - .seconds(below(40 * 86_400))
        }
    }

    mutating func event() -> SegmentEvent { SegmentEvent(type: one(of: Self.types), at: moment()) }

    private mutating func attributes() -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in Self.names where chance(60) {
            let list = chance(5) ? [] : some(of: chance(70) ? Self.values : Self.dates)
            members.append(.init(key: name, value: chance(3) ? .null : .array(list.map(JSON.string))))
        }
        return JSONObject(uniqueMembers: members)
    }

    private mutating func metrics() -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in Self.names where chance(60) {
            members.append(.init(key: name, value: .double(one(of: Self.numbers))))
        }
        return JSONObject(uniqueMembers: members)
    }

    private mutating func texts(_ names: [String], _ values: [String]) -> JSONObject {
        var members: [JSONObject.Member] = []
        for name in names where chance(60) { members.append(.init(key: name, value: .string(one(of: values)))) }
        return JSONObject(uniqueMembers: members)
    }
}

// MARK: Definitions

extension ColumnGenerator {
    mutating func expression(levels: Int) -> SegmentExpression {
        guard levels > 0, chance(70) else { return .condition(condition()) }
        let members = (0..<below(4)).map { _ in expression(levels: levels - 1) }
        return .combination(one(of: Combination.allCases), members)
    }

    /// One that the index answers.
    mutating func condition() -> SegmentCondition {
        let days = one(of: [1, 2, 7, 14, 30, 366])
        switch below(16) {
        case 0...3: return .attribute(one(of: AttributeOwner.allCases), name: name(), attributeTest())
        case 4: return .metric(name: name(), one(of: Comparison.allCases), one(of: Self.numbers))
        case 5: return .demographic(one(of: DemographicField.allCases), setTest(of: Self.values + Self.channels))
        case 6: return .country(setTest(of: ["DE", "USA", "de", ""]))
        case 7: return .near(circle())
        case 8: return .recency(one(of: ActivityWindow.allCases), isActive: chance(50))
        case 9...10: return .behavior(BehaviorTest(event: eventTest(), count: count(), days: days))
        case 11...12: return .sequence(sequence(days: days))
        case 13: return .date(date())
        case 14: return .percentage(percentage())
        case _: return .imported(one(of: Self.segments + [SegmentID(high: 7, low: 9)]))
        }
    }

    private mutating func name() -> String { one(of: Self.names + ["absent"]) }

    private mutating func attributeTest() -> AttributeTest {
        let instants = Self.dates.compactMap(SegmentInstant.parse)
        switch below(7) {
        case 0: return .inclusive(some(of: Self.values))
        case 1: return .exclusive(some(of: Self.values))
        case 2: return .contains(some(of: Self.values + ["r", "\u{301}"]))
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
            latitude: centre.latitude, longitude: centre.longitude,
            rangeKilometers: one(of: [0, 1, 25, 1000, 10_007.5, 20_015.2, 50_000])
        )
    }

    private mutating func eventTest() -> EventTest {
        EventTest(type: chance(80) ? one(of: Self.types + ["never"]) : nil)
    }

    private mutating func count() -> CountTest {
        let bound = below(4)
        return one(of: [.atLeast(bound), .atMost(bound), .exactly(bound)])
    }

    private mutating func sequence(days: Int) -> SequenceTest {
        SequenceTest(
            steps: (0..<2 + below(3)).map { _ in eventTest() },
            within: .seconds(one(of: [1, 3600, 86_400, 14 * 86_400])),
            isLastAbsent: chance(50),
            days: days
        )
    }

    private mutating func date() -> DateTest {
        let from = one(of: [-366, -4, -1, 0, 1, 3])
        return DateTest(
            owner: one(of: AttributeOwner.allCases), name: name(), fromDays: from,
            toDays: min(366, from + below(6)), isAnniversary: chance(50)
        )
    }

    private mutating func percentage() -> PercentageTest {
        let from = below(100)
        return PercentageTest(from: from, to: from + 1 + below(100 - from), salt: chance(50) ? "salt" : nil)
    }
}
