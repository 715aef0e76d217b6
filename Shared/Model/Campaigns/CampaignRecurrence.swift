package import Core
package import PinpointAPI

/// The occurrences of a repeating campaign: counted from the first, so that none drifts, up to but not at the end.
///
/// It repeats by a clock that is always as much off UTC as at first. A month is one of that clock's calendar: what starts on the
/// 31st is on the last day of a shorter month, and on the 31st again after it (pinpoint-api §4.2, 9).
package struct CampaignRecurrence: Sendable, Hashable {
    package enum Period: Sendable, Hashable {
        case hours(Int)
        case month
    }

    package let period: Period
    package let first: Instant
    package let end: Instant?
    /// East of UTC.
    package let clockMinutes: Int

    package init(_ period: Period, first: Instant, end: Instant? = nil, clockMinutes: Int = 0) {
        self.period = period
        self.first = first
        self.end = end
        self.clockMinutes = clockMinutes
    }

    /// The first that is not before `instant`; nil when the campaign has ended by then.
    package func next(notBefore instant: Instant) -> Instant? {
        var index = max(0, index(near: instant) - 1)
        while occurrence(index) < instant { index += 1 }
        let found = occurrence(index)
        return found < (end ?? .distantFuture) ? found : nil
    }

    /// The last that is not after `instant`; nil before the first.
    package func last(notAfter instant: Instant) -> Instant? {
        guard instant >= first else { return nil }
        var index = index(near: instant) + 1
        while index > 0, occurrence(index) > instant || occurrence(index) >= (end ?? .distantFuture) { index -= 1 }
        return occurrence(index)
    }

    /// How many there are from `from` to `to`, both included; both are occurrences.
    package func count(from: Instant, to: Instant) -> Int { index(near: to) - index(near: from) + 1 }

    /// Of an occurrence its own; of another instant, that of the one before it or one off.
    private func index(near instant: Instant) -> Int {
        guard instant > first else { return 0 }
        switch period {
        case .hours(let hours): return Int((instant.microseconds - first.microseconds) / Self.length(hours: hours))
        case .month:
            let (from, to) = ((first + clock).day.civil, (min(instant, .distantFuture) + clock).day.civil)
            return (to.year - from.year) * 12 + to.month - from.month
        }
    }

    private func occurrence(_ index: Int) -> Instant {
        switch period {
        case .hours(let hours):
            return Instant(microseconds: first.microseconds + Int64(index) * Self.length(hours: hours))
        case .month:
            let shown = first + clock
            let start = shown.day.civil
            let months = start.year * 12 + start.month - 1 + index
            let (year, month) = (months / 12, months % 12 + 1)
            let day = min(start.day, CivilCalendar.daysInMonth(year: year, month: month))
            return Day(year: year, month: month, day: day).start + (shown - shown.day.start) - clock
        }
    }

    private var clock: Duration { .seconds(clockMinutes * 60) }

    private static func length(hours: Int) -> Int64 { Int64(hours) * 3_600_000_000 }
}

extension Frequency {
    /// Nil for what does not repeat by the clock.
    package var period: CampaignRecurrence.Period? {
        switch self {
        case .hourly: .hours(1)
        case .daily: .hours(24)
        case .weekly: .hours(7 * 24)
        case .monthly: .month
        case .once, .event, .inAppEvent: nil
        }
    }

    /// Whether the clock starts it.
    package var isTimed: Bool {
        switch self {
        case .once, .hourly, .daily, .weekly, .monthly: true
        case .event, .inAppEvent: false
        }
    }

    /// How late a run may start, or in local time that of one zone. What was missed by more, because no scheduler was up, is not sent: an offer of the morning does
    /// not go out at night.
    package var lateness: Duration {
        switch self {
        case .hourly: .seconds(30 * 60)
        case .once, .daily, .weekly, .monthly, .event, .inAppEvent: .seconds(6 * 3600)
        }
    }
}

extension Instant {
    /// The end of the year 9999.
    fileprivate static let distantFuture = Instant(microseconds: 253_402_300_799_000_000)
}
