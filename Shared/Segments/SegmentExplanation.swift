package import Core
import PinpointAPI

/// Why one endpoint is, or is not, a member: the definition's own layout with true or false at every place, and at every
/// condition what was found.
///
/// ```json
/// {"Path": "Dimensions", "Combination": "ALL", "Matches": false, "Members": [
///   {"Path": "Dimensions.Attributes.tier", "Condition": "the attribute \"tier\" is one of \"gold\"",
///    "Found": ["silver"], "Matches": false}]}
/// ```
package struct SegmentExplanation: Sendable {
    package let matches: Bool
    package let tree: JSON

    package init(_ outline: SegmentOutline, _ subject: SegmentSubject, now: Instant) {
        (matches, tree) = Self.explain(outline, subject, now: now)
    }

    private static func explain(
        _ outline: SegmentOutline,
        _ subject: SegmentSubject,
        now: Instant
    ) -> (matches: Bool, tree: JSON) {
        switch outline {
        case .combination(let type, let path, let members):
            let parts = members.map { explain($0, subject, now: now) }
            let matches =
                switch type {
                case .all: parts.allSatisfy(\.matches)
                case .any: parts.contains(where: \.matches)
                case .none: !parts.contains(where: \.matches)
                }
            let tree: JSON = [
                "Path": .string(path.description), "Combination": .string(type.rawValue), "Matches": .bool(matches),
                "Members": .array(parts.map(\.tree)),
            ]
            return (matches, tree)
        case .source(let segment, let path, let inner):
            let part = explain(inner, subject, now: now)
            let tree: JSON = [
                "Path": .string(path.description),
                "Segment": ["Id": .string(segment.id.description), "Version": .integer(Int64(segment.version))],
                "Matches": .bool(part.matches), "Members": [part.tree],
            ]
            return (part.matches, tree)
        case .condition(let condition, let path):
            let matches = SegmentEvaluator.matches(condition, subject, now: now)
            let tree: JSON = [
                "Path": .string(path.description), "Condition": .string(condition.sentence),
                "Found": found(condition, subject, now: now), "Matches": .bool(matches),
            ]
            return (matches, tree)
        }
    }

    /// The person's own value, or what was counted; null for what the person does not have.
    private static func found(_ condition: SegmentCondition, _ subject: SegmentSubject, now: Instant) -> JSON {
        switch condition {
        case .attribute(let owner, let name, _):
            return texts(subject.attributes(of: owner).texts(of: name))
        case .metric(let name, _, _):
            return subject.metrics.number(of: name).map(JSON.double) ?? .null
        case .demographic(let field, _):
            let value = field == .channel ? subject.channelType : subject.demographic.text(of: field.rawValue)
            return value.map(JSON.string) ?? .null
        case .country:
            return subject.location.text(of: "Country").map(JSON.string) ?? .null
        case .near(let circle):
            return distance(circle, subject.location)
        case .recency:
            return activity(subject)
        case .behavior(let test):
            return counted(test.matching(subject, now: now))
        case .sequence(let test):
            return sequence(test, subject, now: now)
        case .date(let test):
            return texts(subject.attributes(of: test.owner).texts(of: test.name))
        case .percentage(let test):
            return ["Bucket": .integer(Int64(test.bucket(key: subject.endpointKey, cohort: subject.cohort)))]
        case .imported(let segment):
            return .bool(subject.importedInto.contains(segment))
        }
    }

    private static func texts(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }

    private static func distance(_ circle: GeographicCircle, _ location: JSONObject) -> JSON {
        guard let latitude = location.number(of: "Latitude"), let longitude = location.number(of: "Longitude") else {
            return .null
        }
        return [
            "Latitude": .double(latitude), "Longitude": .double(longitude),
            "Kilometers": .double(circle.kilometers(toLatitude: latitude, longitude: longitude)),
        ]
    }

    private static func activity(_ subject: SegmentSubject) -> JSON {
        var object: JSONObject = ["EffectiveDate": .string(subject.effectiveAt.description)]
        object["LastEvent"] = subject.events.map(\.at).max().map { .string($0.description) }
        return .object(object)
    }

    private static func counted(_ events: [SegmentEvent]) -> JSON {
        var object: JSONObject = ["Count": .integer(Int64(events.count))]
        object["First"] = events.map(\.at).min().map { .string($0.description) }
        object["Last"] = events.map(\.at).max().map { .string($0.description) }
        return .object(object)
    }

    private static func sequence(_ test: SequenceTest, _ subject: SegmentSubject, now: Instant) -> JSON {
        let counts = test.steps.map { step in
            BehaviorTest(event: step, count: .atLeast(1), days: test.days, scope: test.scope)
                .matching(subject, now: now).count
        }
        return ["Steps": .array(counts.map { .integer(Int64($0)) })]
    }
}
