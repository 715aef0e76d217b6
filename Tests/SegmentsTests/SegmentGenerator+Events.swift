import Core
import Segments

// Conditions beyond Pinpoint's.

extension SegmentGenerator {
    static let types = ["purchase", "view", "view", "cart.add", "'; DROP TABLE events; --", "é", "e\u{301}"]
    static let windows = [1, 2, 7, 14, 30]
    static let steps: [Duration] = [.zero, .seconds(3600), .seconds(86_400), .microseconds(3_600_000_001)]
    static let imports = [SegmentID(high: 9, low: 1), SegmentID(high: 9, low: 2), SegmentID(high: 9, low: 3)]
    static let eventNames = ["tier", "a.b", "nai\u{308}ve", "naïve", "%"]
    static let eventValues = values + dates + notDates

    mutating func behavior() -> BehaviorTest {
        let bound = one(of: [0, 1, 1, 2, 3, 10_000])
        return BehaviorTest(
            event: event(needsType: false),
            count: one(of: [.atLeast(bound), .atMost(bound), .exactly(bound)]),
            days: one(of: Self.windows),
            scope: one(of: EventScope.allCases)
        )
    }

    mutating func sequence() -> SequenceTest {
        SequenceTest(
            steps: (0..<2 + below(2)).map { _ in event(needsType: true) },
            within: one(of: [.seconds(3600), .seconds(86_400), .seconds(5 * 86_400)]),
            isLastAbsent: chance(50),
            days: one(of: [7, 14, 30]),
            scope: one(of: EventScope.allCases)
        )
    }

    /// Mostly without filters, which few events pass.
    private mutating func event(needsType: Bool) -> EventTest {
        var event = EventTest(type: needsType || chance(80) ? one(of: Self.types) : nil)
        if chance(30) {
            event.attributes = [EventAttributeTest(name: one(of: Self.eventNames), test: attributeTest())]
        }
        if chance(30) {
            event.metrics = [
                EventMetricTest(
                    name: one(of: Self.eventNames),
                    comparison: one(of: Comparison.allCases),
                    value: one(of: Self.numbers)
                )
            ]
        }
        return event
    }

    mutating func date() -> DateTest {
        let from = one(of: [-366, -30, -1, 0, 1, 3, 300])
        return DateTest(
            owner: one(of: AttributeOwner.allCases),
            name: one(of: Self.names),
            fromDays: from,
            toDays: min(366, from + one(of: [0, 1, 7, 60, 732])),
            isAnniversary: chance(70)
        )
    }

    mutating func percentage() -> PercentageTest {
        let from = below(100)
        let to = from + 1 + below(100 - from)
        return PercentageTest(from: from, to: to, salt: chance(60) ? one(of: Self.names) : nil)
    }
}

// MARK: Definitions

extension SegmentGenerator {
    /// Over `sources`, of which it names some.
    mutating func definition(over sources: [SegmentDefinition.Source]) -> SegmentDefinition {
        let narrowing = chance(25) ? dimensions() : SegmentExpression.everyone
        guard chance(70) else { return .dimensions(dimensions(), narrowedBy: narrowing) }
        let groups = (0...below(2)).map { _ in group(over: sources) }
        return .groups(one(of: Combination.allCases), groups, narrowedBy: narrowing)
    }

    private mutating func group(over sources: [SegmentDefinition.Source]) -> SegmentDefinition.Group {
        SegmentDefinition.Group(
            sources: sources.isEmpty ? [] : (0..<below(3)).map { _ in one(of: sources) },
            sourceType: one(of: Combination.allCases),
            dimensions: (0..<below(3)).map { _ in dimensions() },
            type: one(of: Combination.allCases)
        )
    }

    private mutating func dimensions() -> SegmentExpression {
        .conjunction((0...below(2)).map { _ in .condition(condition()) })
    }
}
