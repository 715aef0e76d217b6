package import Core
package import Segments

/// The endpoints of one app in memory, column by column: counts a segment in a millisecond per million endpoints.
///
/// It answers what `SegmentEvaluator` and the compiled SQL answer, or nothing (nil): then it does not hold what the
/// question needs, and SQL must be asked. A value type without I/O; whoever owns it feeds it from the tables.
package struct ColumnIndex: Sendable {
    /// What happened to endpoints earlier than this is not held; a question that reaches further back gets no answer.
    package private(set) var eventsFrom: Instant

    package init(eventsFrom: Instant) {
        self.eventsFrom = eventsFrom
    }

    /// Puts rows in, in place of those with the same keys; their events stay. Fastest in ascending order of keys.
    package mutating func upsert(_ rows: [ColumnRow]) {}

    /// Takes endpoints out, with their events. Keys that are not held are no error.
    package mutating func remove(_ keys: [Int64]) {}

    /// Makes `events` all that these endpoints did in `from..<to`; what they did before and after stays. Events of other
    /// endpoints, of endpoints that are not held, and outside the range are left out.
    package mutating func replaceEvents(
        of keys: [Int64], from: Instant, to: Instant, with events: [ColumnEvent]
    ) {}

    /// Drops events before `instant` and declines questions that would need them.
    package mutating func forgetEvents(before instant: Instant) {
        eventsFrom = max(eventsFrom, instant)
    }

    package func estimate(_ expression: SegmentExpression, now: Instant) -> ColumnEstimate? { nil }

    /// For each key, in order, whether it is a member; false for keys that are not held.
    package func members(_ expression: SegmentExpression, among keys: [Int64], now: Instant) -> [Bool]? { nil }

    /// All members, ascending.
    package func keys(_ expression: SegmentExpression, now: Instant) -> [Int64]? { nil }

    /// Endpoints held, and the bytes of what is held for them: columns with their dictionaries, and apart from them the
    /// events.
    package var footprint: (rows: Int, columnBytes: Int, behaviorBytes: Int) { (0, 0, 0) }
}
