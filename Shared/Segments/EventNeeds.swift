package import Core

/// Which events of a person the conditions of a segment look at: what explaining one person must load, and no more.
package struct EventNeeds: Sendable, Equatable {
    /// Of windows that count or order events.
    package struct Window: Sendable, Equatable {
        package var start: Instant
        /// Nil: any.
        package var types: [String]?
    }

    /// Nil when nothing counts events.
    package private(set) var window: Window?
    /// Where the longest recency window starts, of which the latest event is enough.
    package private(set) var activeSince: Instant?
    /// The events of all endpoints of the user are needed.
    package private(set) var needsUser = false

    package init(_ expression: SegmentExpression, now: Instant) {
        for condition in expression.conditions {
            switch condition {
            case .recency(let window, _):
                let start = now.windowStart(days: window.days)
                activeSince = activeSince.map { min($0, start) } ?? start
            case .behavior(let test):
                add([test.event], since: now.windowStart(days: test.days), test.scope)
            case .sequence(let test):
                add(test.steps, since: now.windowStart(days: test.days), test.scope)
            case .attribute, .metric, .demographic, .country, .near, .date, .percentage, .imported:
                break
            }
        }
    }

    private mutating func add(_ events: [EventTest], since start: Instant, _ scope: EventScope) {
        var wanted = window ?? Window(start: start, types: [])
        wanted.start = min(wanted.start, start)
        for event in events {
            guard let type = event.type else {
                wanted.types = nil
                break
            }
            if wanted.types?.contains(where: type.isExactly) == false { wanted.types?.append(type) }
        }
        window = wanted
        if scope == .user { needsUser = true }
    }
}
