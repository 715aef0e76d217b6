import Core

extension SegmentCondition {
    /// What the condition asks, in words: `did "purchase" at least 2 times in the last 30 days`.
    package var sentence: String {
        switch self {
        case .attribute(let owner, let name, let test):
            "\(owner.words) \(name.inQuotes) \(test.words)"
        case .metric(let name, let comparison, let value):
            "the metric \(name.inQuotes) is \(comparison.words) \(value)"
        case .demographic(let field, let test):
            "the \(field == .channel ? "channel" : field.rawValue) is \(test.words)"
        case .country(let test):
            "the country is \(test.words)"
        case .near(let circle):
            "is within \(circle.rangeKilometers) km of latitude \(circle.latitude), longitude \(circle.longitude)"
        case .recency(let window, let isActive):
            "was \(isActive ? "active" : "not active") in the last \(window.days.counted("day"))"
        case .behavior(let test):
            "did \(test.event.words) \(test.count.words) \(test.scope.words(days: test.days))"
        case .sequence(let test):
            "did \(test.words) \(test.scope.words(days: test.days))"
        case .date(let test):
            test.words
        case .percentage(let test):
            "is in the buckets \(test.from) to \(test.to - 1) of 0 to 99, "
                + (test.salt.map { "dealt by \($0.inQuotes)" } ?? "by its cohort")
        case .imported(let segment):
            "was imported into segment \(segment)"
        }
    }
}

extension AttributeOwner {
    fileprivate var words: String {
        switch self {
        case .endpoint: "the attribute"
        case .user: "the user attribute"
        }
    }
}

extension AttributeTest {
    fileprivate var words: String {
        switch self {
        case .inclusive(let values): "is one of \(values.listed)"
        case .exclusive(let values): "is none of \(values.listed)"
        case .contains(let values): "contains one of \(values.listed)"
        case .before(let instant): "is before \(instant)"
        case .after(let instant): "is after \(instant)"
        case .on(let day): "is on \(day)"
        case .between(let first, let last): "is between \(first) and \(last)"
        }
    }
}

extension SetTest {
    fileprivate var words: String {
        switch self {
        case .inclusive(let values): "one of \(values.listed)"
        case .exclusive(let values): "none of \(values.listed)"
        }
    }
}

extension Comparison {
    fileprivate var words: String {
        switch self {
        case .greaterThan: "greater than"
        case .lessThan: "less than"
        case .greaterThanOrEqual: "at least"
        case .lessThanOrEqual: "at most"
        case .equal: "equal to"
        }
    }
}

extension EventTest {
    fileprivate var words: String {
        let filters =
            attributes.map { "the attribute \($0.name.inQuotes) \($0.test.words)" }
            + metrics.map { "the metric \($0.name.inQuotes) is \($0.comparison.words) \($0.value)" }
        let name = type?.inQuotes ?? "any event"
        return filters.isEmpty ? name : "\(name) (where \(filters.joined(separator: " and ")))"
    }
}

extension CountTest {
    fileprivate var words: String {
        switch self {
        case .atLeast(let bound): "at least \(bound.counted("time"))"
        case .atMost(let bound): "at most \(bound.counted("time"))"
        case .exactly(let bound): "exactly \(bound.counted("time"))"
        }
    }
}

extension SequenceTest {
    fileprivate var words: String {
        let names = steps.map(\.words)
        let present = isLastAbsent ? names.dropLast() : names[...]
        let absent = isLastAbsent ? ", and then no \(names.last ?? "")" : ""
        return present.joined(separator: ", then ") + absent + " within \(within.words),"
    }
}

extension DateTest {
    fileprivate var words: String {
        let days = fromDays == toDays ? "\(fromDays)" : "\(fromDays) to \(toDays)"
        let date = isAnniversary ? "has an anniversary" : "is a date"
        return "\(owner.words) \(name.inQuotes) \(date) \(days) days from today"
    }
}

extension EventScope {
    fileprivate func words(days: Int) -> String {
        switch self {
        case .endpoint: "in the last \(days.counted("day"))"
        case .user: "in the last \(days.counted("day")), on any endpoint of the user"
        }
    }
}

extension Duration {
    fileprivate var words: String {
        let seconds = Int(components.seconds)
        if seconds % 86_400 == 0 { return (seconds / 86_400).counted("day") }
        if seconds % 3600 == 0 { return (seconds / 3600).counted("hour") }
        if seconds % 60 == 0 { return (seconds / 60).counted("minute") }
        return seconds.counted("second")
    }
}

extension Int {
    fileprivate func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension String {
    fileprivate var inQuotes: String { "\"\(self)\"" }
}

extension [String] {
    fileprivate var listed: String { map(\.inQuotes).joined(separator: ", ") }
}
