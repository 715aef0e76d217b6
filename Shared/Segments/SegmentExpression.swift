package import Core

/// How the members of a list combine (Pinpoint: `Include`, `SourceType`, `Type`).
package enum Combination: String, Hashable, Sendable, CaseIterable {
    /// And. True of an empty list.
    case all = "ALL"
    /// Or. False of an empty list.
    case any = "ANY"
    /// Neither (nor). True of an empty list.
    case none = "NONE"
}

/// What makes an endpoint a member: a tree of conditions. Two-valued: a condition on something that an endpoint does
/// not have is false (or, for an exclusion, true), never unknown.
///
/// The compiler, the plain evaluator and whatever explains or indexes membership walk this one tree.
package indirect enum SegmentExpression: Hashable, Sendable {
    case combination(Combination, [SegmentExpression])
    case condition(SegmentCondition)

    /// The whole audience of the app.
    package static let everyone = SegmentExpression.combination(.all, [])

    /// Number of conditions; those on events count as one and one more for each filter, for every step.
    package var conditionCount: Int {
        switch self {
        case .combination(_, let members): members.reduce(0) { $0 + $1.conditionCount }
        case .condition(.behavior(let test)): test.event.conditionCount
        case .condition(.sequence(let test)): test.steps.reduce(0) { $0 + $1.conditionCount }
        case .condition: 1
        }
    }

    /// All conditions, from left to right.
    package var conditions: [SegmentCondition] {
        switch self {
        case .combination(_, let members): members.flatMap(\.conditions)
        case .condition(let condition): [condition]
        }
    }

    /// Levels of combinations; a lone condition has one.
    package var depth: Int {
        switch self {
        case .combination(_, let members): 1 + (members.lazy.map(\.depth).max() ?? 0)
        case .condition: 1
        }
    }
}

/// One dimension of a segment: the leaf of an expression.
package enum SegmentCondition: Hashable, Sendable {
    /// A custom attribute of the endpoint or of its user: true when one of its values passes the test
    /// (`exclusive`: when none does).
    case attribute(AttributeOwner, name: String, AttributeTest)
    /// False when the endpoint has no such metric.
    case metric(name: String, Comparison, Double)
    case demographic(DemographicField, SetTest)
    case country(SetTest)
    case near(GeographicCircle)
    case recency(ActivityWindow, isActive: Bool)
    /// Events counted in a trailing window.
    case behavior(BehaviorTest)
    /// Events that followed each other in time.
    case sequence(SequenceTest)
    /// An attribute that holds a date, seen from today.
    case date(DateTest)
    /// A stable share of all endpoints.
    case percentage(PercentageTest)
    /// A member of an import segment. Only resolving makes it: no definition can say it.
    case imported(SegmentID)
}

package enum AttributeOwner: String, Hashable, Sendable, CaseIterable {
    case endpoint = "Attributes"
    case user = "UserAttributes"
}

/// Pinpoint's AttributeType with its operands, already parsed.
///
/// Dates: the attribute's value is an ISO instant (see `SegmentInstant`); any other text passes no date test.
package enum AttributeTest: Hashable, Sendable {
    /// Some value equals a listed one, byte for byte.
    case inclusive([String])
    /// No value equals a listed one; true of endpoints without the attribute.
    case exclusive([String])
    /// Some value contains a listed one as a substring, case-sensitive.
    case contains([String])
    /// Strictly before.
    case before(Instant)
    /// Strictly after.
    case after(Instant)
    /// On that UTC day.
    case on(Day)
    /// Bounds inclusive.
    case between(Instant, Instant)
}

/// Pinpoint's SetDimension.
package enum SetTest: Hashable, Sendable {
    case inclusive([String])
    /// True of endpoints that have no value.
    case exclusive([String])
}

package enum Comparison: String, Hashable, Sendable, CaseIterable {
    case greaterThan = "GREATER_THAN"
    case lessThan = "LESS_THAN"
    case greaterThanOrEqual = "GREATER_THAN_OR_EQUAL"
    case lessThanOrEqual = "LESS_THAN_OR_EQUAL"
    case equal = "EQUAL"
}

/// What a demographic dimension reads. An endpoint has no `DeviceType` of its own, so only exclusions match on it.
package enum DemographicField: String, Hashable, Sendable, CaseIterable {
    case appVersion = "AppVersion"
    /// The endpoint's ChannelType.
    case channel = "Channel"
    case deviceType = "DeviceType"
    case make = "Make"
    case model = "Model"
    case platform = "Platform"
}
