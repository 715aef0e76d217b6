package import Core
package import Postgres

/// What an event must be like. A client's clock or a bug must not make partitions without end.
///
/// Late and out-of-order events are stored at their own time. A repeated event (same app, endpoint, event key, type and timestamp)
/// is acknowledged and stored once, for as long as the first one is kept: the window of deduplication is the retention.
package enum EventRules {
    package static let keysPerEvent = 40
    package static let nameCharacters = 50
    package static let valueCharacters = 200
    package static let typeCharacters = Limits.eventTypeCharacters
    package static let bytes = 1000 << 10
    /// Four short members; what Pinpoint does not say, and a session is stored with each of its events.
    package static let sessionBytes = 2 << 10
    package static let oldestDays = 40 * 366
    /// By a publishable key: each week of events has a partition, and whoever reads a page must not be able to make thousands.
    /// Longer than any app waits to be opened again.
    package static let oldestPublishedDays = 366
    package static let newest: Duration = .seconds(86_400)

    /// For `Partitions`: what `accepts` lets through has a place.
    package static let retention = PartitionRetention(pastDays: oldestDays, futureDays: 2)

    /// Nil when an event of that time is stored, else why not.
    package static func refusal(of at: Instant, now: Instant, isPublished: Bool) -> String? {
        if at > now + newest { return "Timestamp is more than a day in the future" }
        if at.day < now.day + -oldestDays { return "Timestamp is more than 40 years ago" }
        if isPublished, at.day < now.day + -oldestPublishedDays {
            return "Timestamp is more than a year ago; a write key puts newer events only"
        }
        return nil
    }
}
