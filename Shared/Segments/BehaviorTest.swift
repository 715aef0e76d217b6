import Core

/// How often an event happened in a trailing window: "purchase at least 2 times in the last 30 days".
package struct BehaviorTest: Hashable, Sendable {
    package var event: EventTest
    package var count: CountTest
    /// Length of the window, 1 … `Limits.eventWindowDays`; see `Instant.windowStart`.
    package var days: Int
    package var scope: EventScope

    package init(event: EventTest, count: CountTest, days: Int, scope: EventScope = .endpoint) {
        self.event = event
        self.count = count
        self.days = days
        self.scope = scope
    }
}

/// Events in an order: "A, then B within d", or with an absent last step "A, and then no B within d".
///
/// Each step happens strictly after the one before it, at most `within` later. Some chain of events that does so is
/// enough, whatever else happened in between; every event of the chain lies in the window. With an absent last step the
/// time in which it could have happened must have passed.
package struct SequenceTest: Hashable, Sendable {
    /// 2 … `Limits.stepsPerSequence`.
    package var steps: [EventTest]
    /// Whole seconds, between one step and the next.
    package var within: Duration
    package var isLastAbsent: Bool
    /// Length of the window, 1 … `Limits.eventWindowDays`.
    package var days: Int
    package var scope: EventScope

    package init(
        steps: [EventTest],
        within: Duration,
        isLastAbsent: Bool = false,
        days: Int,
        scope: EventScope = .endpoint
    ) {
        self.steps = steps
        self.within = within
        self.isLastAbsent = isLastAbsent
        self.days = days
        self.scope = scope
    }
}

/// Which events count.
package struct EventTest: Hashable, Sendable {
    /// Byte for byte; nil: any.
    package var type: String?
    /// All must pass.
    package var attributes: [EventAttributeTest]
    /// All must pass.
    package var metrics: [EventMetricTest]

    package init(type: String? = nil, attributes: [EventAttributeTest] = [], metrics: [EventMetricTest] = []) {
        self.type = type
        self.attributes = attributes
        self.metrics = metrics
    }

    /// Looks at the type alone.
    package var isUnfiltered: Bool { attributes.isEmpty && metrics.isEmpty }

    /// Itself and its filters.
    package var conditionCount: Int { 1 + attributes.count + metrics.count }
}

/// Of an event's attribute, which is one text: the test sees a list of that one, or an empty list.
package struct EventAttributeTest: Hashable, Sendable {
    package var name: String
    package var test: AttributeTest

    package init(name: String, test: AttributeTest) {
        self.name = name
        self.test = test
    }
}

/// False when the event has no such metric.
package struct EventMetricTest: Hashable, Sendable {
    package var name: String
    package var comparison: Comparison
    package var value: Double

    package init(name: String, comparison: Comparison, value: Double) {
        self.name = name
        self.comparison = comparison
        self.value = value
    }
}

/// 0 … `Limits.eventCount` times.
package enum CountTest: Hashable, Sendable {
    case atLeast(Int)
    case atMost(Int)
    case exactly(Int)

    package func passes(_ count: Int) -> Bool {
        switch self {
        case .atLeast(let bound): count >= bound
        case .atMost(let bound): count <= bound
        case .exactly(let bound): count == bound
        }
    }
}

/// Whose events count.
package enum EventScope: String, Hashable, Sendable, CaseIterable {
    case endpoint = "ENDPOINT"
    /// Of all endpoints of the same user; an endpoint without a user stands for itself.
    case user = "USER"
}
