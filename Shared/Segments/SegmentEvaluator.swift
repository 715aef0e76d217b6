package import Core

/// Decides membership of one endpoint without a database: the reference that the SQL is tested against, and what
/// answers "why is this person (not) in it".
///
/// Strings are compared as bytes, as Postgres does; Swift's `==` would take two encodings of "é" as equal.
package enum SegmentEvaluator {
    package static func matches(_ segment: ResolvedSegment, _ subject: SegmentSubject, now: Instant) -> Bool {
        matches(segment.expression, subject, now: now)
    }

    package static func matches(_ expression: SegmentExpression, _ subject: SegmentSubject, now: Instant) -> Bool {
        switch expression {
        case .condition(let condition): matches(condition, subject, now: now)
        case .combination(.all, let members): members.allSatisfy { matches($0, subject, now: now) }
        case .combination(.any, let members): members.contains { matches($0, subject, now: now) }
        case .combination(.none, let members): !members.contains { matches($0, subject, now: now) }
        }
    }

    package static func matches(_ condition: SegmentCondition, _ subject: SegmentSubject, now: Instant) -> Bool {
        switch condition {
        case .attribute(let owner, let name, let test):
            return passes(test, subject.attributes(of: owner).texts(of: name))
        case .metric(let name, let comparison, let value):
            return subject.metrics.number(of: name).map { passes(comparison, $0, value) } ?? false
        case .demographic(let field, let test):
            return passes(test, field == .channel ? subject.channelType : subject.demographic.text(of: field.rawValue))
        case .country(let test):
            return passes(test, subject.location.text(of: "Country"))
        case .near(let circle):
            guard let latitude = subject.location.number(of: "Latitude"),
                let longitude = subject.location.number(of: "Longitude")
            else { return false }
            return circle.contains(latitude: latitude, longitude: longitude)
        case .recency(let window, let isActive):
            let start = now.windowStart(days: window.days)
            return (subject.effectiveAt >= start || subject.events.contains { $0.at >= start }) == isActive
        case .behavior(let test):
            return test.count.passes(test.matching(subject, now: now).count)
        case .sequence(let test):
            return test.matches(subject, now: now)
        case .date(let test):
            return subject.attributes(of: test.owner).texts(of: test.name).contains { text in
                SegmentInstant.parseDay(text).map { test.passes($0, today: now.day) } ?? false
            }
        case .percentage(let test):
            return test.contains(key: subject.endpointKey, cohort: subject.cohort)
        case .imported(let segment):
            return subject.importedInto.contains(segment)
        }
    }

    static func passes(_ test: AttributeTest, _ values: [String]) -> Bool {
        func someInstant(_ passes: (Instant) -> Bool) -> Bool {
            values.contains { SegmentInstant.parse($0).map(passes) ?? false }
        }
        return switch test {
        case .inclusive(let listed): values.contains { $0.isListed(in: listed) }
        case .exclusive(let listed): !values.contains { $0.isListed(in: listed) }
        case .contains(let listed): values.contains { value in listed.contains { value.hasBytes(of: $0) } }
        case .before(let instant): someInstant { $0 < instant }
        case .after(let instant): someInstant { $0 > instant }
        case .on(let day): someInstant { $0.day == day }
        case .between(let first, let last): someInstant { first <= $0 && $0 <= last }
        }
    }

    static func passes(_ test: SetTest, _ value: String?) -> Bool {
        switch test {
        case .inclusive(let listed): value?.isListed(in: listed) ?? false
        case .exclusive(let listed): !(value?.isListed(in: listed) ?? false)
        }
    }

    static func passes(_ comparison: Comparison, _ left: Double, _ right: Double) -> Bool {
        switch comparison {
        case .greaterThan: left > right
        case .lessThan: left < right
        case .greaterThanOrEqual: left >= right
        case .lessThanOrEqual: left <= right
        case .equal: left == right
        }
    }
}

extension String {
    fileprivate func isListed(in values: [String]) -> Bool { values.contains { isExactly($0) } }

    fileprivate func hasBytes(of needle: String) -> Bool {
        let text = Array(utf8)
        let part = Array(needle.utf8)
        guard text.count >= part.count else { return false }
        return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
    }
}
