import Core
import Segments
import TestKit

/// Random segments over what `AudienceOperations` writes.
struct AudienceSegments {
    let random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    private func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    private func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }

    func expression(levels: Int = 2) -> SegmentExpression {
        guard levels > 0, below(3) > 0 else { return .condition(condition()) }
        return .combination(
            one(of: Combination.allCases), (0...below(3)).map { _ in expression(levels: levels - 1) })
    }

    private func condition() -> SegmentCondition {
        switch below(12) {
        case 0: .attribute(.endpoint, name: one(of: AudienceOperations.names), attributeTest())
        case 1: .attribute(.user, name: "plan", .inclusive([one(of: ["free", "pro"])]))
        case 2: .metric(name: "age", one(of: Comparison.allCases), Double(below(60)))
        case 3:
            .demographic(.channel, one(of: [.inclusive(["EMAIL"]), .exclusive(["SMS"]), .inclusive(["GCM", "SMS"])]))
        case 4: .country(one(of: [.inclusive(["DE"]), .exclusive(["DE", "FR"])]))
        case 5: .recency(one(of: ActivityWindow.allCases), isActive: below(2) == 0)
        case 6: .percentage(PercentageTest(from: below(50), to: 50 + below(50)))
        case 7: .date(DateTest(owner: .endpoint, name: "tier", fromDays: -30, toDays: 0))
        case 8: .sequence(sequence())
        case _: .behavior(behavior())
        }
    }

    private func attributeTest() -> AttributeTest {
        let value = one(of: AudienceOperations.values)
        return switch below(4) {
        case 0: .inclusive([value])
        case 1: .exclusive([value])
        case 2: .contains([String(value.prefix(2))])
        case _: .after(RunningAudience.now - .seconds(40 * 86_400))
        }
    }

    private func event() -> EventTest {
        EventTest(type: below(4) == 0 ? nil : one(of: AudienceOperations.types))
    }

    private func behavior() -> BehaviorTest {
        let count: CountTest =
            switch below(3) {
            case 0: .atLeast(below(4))
            case 1: .atMost(below(3))
            case _: .exactly(below(3))
            }
        return BehaviorTest(event: event(), count: count, days: one(of: [1, 7, 14, 30, 366]))
    }

    private func sequence() -> SequenceTest {
        SequenceTest(
            steps: [event(), event()], within: .seconds(Int64(one(of: [0, 60, 86_400 * 3]))),
            isLastAbsent: below(2) == 0,
            days: one(of: [7, 30, 366]))
    }
}
