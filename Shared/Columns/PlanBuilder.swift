import Core
import Segments

/// Turns a segment into a plan over one state of the index, or finds that the index does not hold what it takes (nil).
struct PlanBuilder {
    let catalog: ColumnCatalog
    let eventTypes: EventTypes
    /// By source: rows are held whose JSON has a shape that is not read.
    let isOdd: [Bool]
    let hasClampedEvents: Bool
    let eventsFrom: Instant
    let rows: Int
    let now: Instant

    /// A plan with what orders it among others.
    struct Planned {
        var plan: SegmentPlan
        /// Nanoseconds a thousand rows, roughly, as measured on one core of a 2024 server.
        var cost: Double
        /// Estimate of the share of rows that pass, 0 … 1.
        var share: Double

        static func constant(_ isIn: Bool) -> Planned { Planned(plan: .constant(isIn), cost: 0, share: isIn ? 1 : 0) }

        /// A test that is cheap and throws out many rows goes first (Hellerstein's rank).
        var rank: Double { cost / max(1 - share, 0.001) }
    }

    func plan(_ expression: SegmentExpression) -> Planned? {
        switch expression {
        case .condition(let condition): plan(condition)
        case .combination(.all, let members): conjunction(members)
        case .combination(.any, let members): disjunction(members, .any)
        case .combination(.none, let members): disjunction(members, .none)
        }
    }

    private func conjunction(_ members: [SegmentExpression]) -> Planned? {
        guard var planned = plans(members) else { return nil }
        planned = joined(planned) { $0 && $1 }
        planned.sort { $0.rank < $1.rank }
        return Planned(
            plan: planned.count == 1 ? planned[0].plan : .combination(.all, planned.map(\.plan)),
            cost: planned.reduce(0) { $0 + $1.cost },
            share: planned.reduce(1) { $0 * $1.share }
        )
    }

    private func disjunction(_ members: [SegmentExpression], _ combination: Combination) -> Planned? {
        guard var planned = plans(members) else { return nil }
        planned = joined(planned) { $0 || $1 }
        let outside = planned.reduce(1) { $0 * (1 - $1.share) }
        return Planned(
            plan: .combination(combination, planned.map(\.plan)),
            cost: planned.reduce(0) { $0 + $1.cost },
            share: combination == .none ? outside : 1 - outside
        )
    }

    private func plans(_ members: [SegmentExpression]) -> [Planned]? {
        var planned: [Planned] = []
        for member in members {
            guard let member = plan(member) else { return nil }
            planned.append(member)
        }
        return planned
    }

    /// Tests of one column are one test of it.
    private func joined(_ members: [Planned], _ join: (Bool, Bool) -> Bool) -> [Planned] {
        var joined: [Planned] = []
        var places: [Int: Int] = [:]
        for member in members {
            guard case .codes(let column, let set) = member.plan else {
                joined.append(member)
                continue
            }
            guard let place = places[column], case .codes(_, let other) = joined[place].plan else {
                places[column] = joined.count
                joined.append(member)
                continue
            }
            let passes = zip(set.passes, other.passes).map { join($0, $1) }
            joined[place] = codes(column, CodeSelection(passes: passes))
            if case .codes = joined[place].plan { continue }
            places[column] = nil
        }
        return joined
    }

    private func plan(_ condition: SegmentCondition) -> Planned? {
        switch condition {
        case .attribute(let owner, let name, let test):
            values(owner.source, name, ValueTest(test))
        case .metric(let name, let comparison, let bound):
            metric(name, comparison, bound)
        case .demographic(.channel, let test):
            values(.channelType, "", ValueTest(test))
        case .demographic(let field, let test):
            values(.demographic, field.rawValue, ValueTest(test))
        case .country(let test):
            values(.location, "Country", ValueTest(test))
        case .near(let circle):
            near(circle)
        case .recency(let window, let isActive):
            bound(days: window.days).map {
                Planned(plan: .active(since: $0, isActive: isActive), cost: 250, share: 0.5)
            }
        case .behavior(let test): behavior(test)
        case .sequence(let test): sequence(test)
        case .date(let test):
            values(test.owner.source, test.name, ValueTest(test, today: now.day))
        case .percentage(let test): percentage(test)
        case .imported(let segment): imported(segment)
        }
    }

    // MARK: Values

    private func values(_ source: ColumnSource, _ name: String, _ test: ValueTest) -> Planned? {
        selected(source, name, isTrueOfNone: test.isTrueOfNone) { test.selection(in: $0) }
    }

    private func selected(
        _ source: ColumnSource, _ name: String, isTrueOfNone: Bool, _ select: (CodeDictionary) -> CodeSelection
    ) -> Planned? {
        guard !isOdd[source.rawValue] else { return nil }
        switch catalog.find(source, name) {
        case .unindexed: return nil
        case .absent: return .constant(isTrueOfNone)
        case .column(let column): return codes(column, select(catalog.columns[column].dictionary))
        }
    }

    private func codes(_ column: Int, _ selection: CodeSelection) -> Planned {
        let passing = selection.count(catalog.columns[column].dictionary, of: rows)
        if passing == 0 { return .constant(false) }
        if passing == rows { return .constant(true) }
        let set = CodeSet(selection.passes)
        return Planned(
            plan: .codes(column: column, set),
            cost: min(Double(set.runs.count) * 60, 350),
            share: Double(passing) / Double(max(rows, 1))
        )
    }

    private func metric(_ name: String, _ comparison: Comparison, _ bound: Double) -> Planned? {
        guard !isOdd[ColumnSource.metrics.rawValue] else { return nil }
        if case .column(let column) = catalog.find(.metrics, name), catalog.columns[column].form == .raw {
            return Planned(plan: .numbers(column: column, comparison, bound), cost: 300, share: 0.5)
        }
        return selected(.metrics, name, isTrueOfNone: false) { dictionary in
            dictionary.selection(isTrueOfNone: false) { comparison.holds(CodeDictionary.number(in: $0), bound) }
        }
    }

    private func near(_ circle: GeographicCircle) -> Planned? {
        guard !isOdd[ColumnSource.location.rawValue] else { return nil }
        let plan = NearPlan(
            circle: circle,
            latitude: catalog.columns[ColumnCatalog.latitude],
            longitude: catalog.columns[ColumnCatalog.longitude]
        )
        let isRaw = plan.latitudes.isEmpty || plan.longitudes.isEmpty
        return Planned(plan: .near(plan), cost: isRaw ? 30_000 : 3000, share: 0.2)
    }

    private func imported(_ segment: SegmentID) -> Planned? {
        let wanted = segment.bytes
        return selected(.imports, "", isTrueOfNone: false) { dictionary in
            dictionary.selection(isTrueOfNone: false) { bytes in
                stride(from: 0, to: bytes.count, by: 16).contains { start in
                    wanted.isSame(as: UnsafeBufferPointer(rebasing: bytes[start..<start + 16]))
                }
            }
        }
    }

    private func percentage(_ test: PercentageTest) -> Planned {
        let share = Double(test.to - test.from) / 100
        guard let salt = test.salt else {
            return Planned(plan: .cohort(test.from..<test.to), cost: 60, share: share)
        }
        return Planned(plan: .bucket(SaltedBucket(salt: salt), test.from..<test.to), cost: 8000, share: share)
    }

    // MARK: Events

    /// The first second of a window; nil when it begins before what is held.
    private func bound(days: Int) -> UInt32? {
        let start = now.windowStart(days: days)
        return start >= eventsFrom ? start.boundSeconds : nil
    }

    private func selection(_ test: EventTest) -> EventSelection? {
        guard test.isUnfiltered else { return nil }
        guard let type = test.type else { return .any }
        return switch eventTypes.find(type) {
        case .code(let code): .type(code)
        case .absent: .never
        case .mixed: nil
        }
    }

    private func behavior(_ test: BehaviorTest) -> Planned? {
        guard test.scope == .endpoint, let since = bound(days: test.days), let events = selection(test.event)
        else { return nil }
        if case .atLeast(let bound) = test.count, bound <= 0 { return .constant(true) }
        if case .never = events { return .constant(test.count.passes(0)) }
        let isAny = if case .any = events { true } else { false }
        return Planned(
            plan: .events(EventCountPlan(events: events, since: since, count: test.count)),
            cost: isAny ? 500 : 700,
            share: 0.3
        )
    }

    private func sequence(_ test: SequenceTest) -> Planned? {
        guard test.scope == .endpoint, !hasClampedEvents, let since = bound(days: test.days) else { return nil }
        var steps: [EventSelection] = []
        for step in test.steps {
            guard let selection = selection(step) else { return nil }
            steps.append(selection)
        }
        guard (2...8).contains(steps.count) else { return nil }
        let plan = SequencePlan(
            steps: steps, within: test.within.microseconds, isLastAbsent: test.isLastAbsent, since: since,
            now: now.microseconds
        )
        return Planned(plan: .sequence(plan), cost: 50_000, share: 0.1)
    }
}

extension AttributeOwner {
    fileprivate var source: ColumnSource {
        switch self {
        case .endpoint: .attributes
        case .user: .userAttributes
        }
    }
}

extension Comparison {
    fileprivate func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .greaterThan: left > right
        case .lessThan: left < right
        case .greaterThanOrEqual: left >= right
        case .lessThanOrEqual: left <= right
        case .equal: left == right
        }
    }
}
