import Core
import PinpointAPI

/// What is to be done with a campaign whose time has come: which occurrence to run, what was missed, and what comes next.
///
/// A scheduler that was away catches up with one run at most: of several occurrences that have passed, the last one, when it is
/// not later than `Frequency.lateness`. The rest is recorded as missed.
struct DueOccurrences: Hashable {
    struct Missed: Hashable {
        var last: Instant
        var count: Int
    }

    /// The occurrence to run now.
    var run: Instant?
    var missed: Missed?
    /// The one after; nil when there is none.
    var next: Instant?

    init(run: Instant? = nil, missed: Missed? = nil, next: Instant? = nil) {
        self.run = run
        self.missed = missed
        self.next = next
    }

    /// `writtenAt`: when the campaign got this schedule. Its author may have chosen a time that was past already.
    init(due: Instant, frequency: Frequency, recurrence: CampaignRecurrence?, writtenAt: Instant, now: Instant) {
        let last = recurrence?.last(notAfter: now) ?? due
        let isLate = now - max(last, writtenAt) > frequency.lateness
        run = isLate ? nil : last
        next = recurrence?.next(notBefore: now + .microseconds(1))
        let passed = recurrence?.count(from: due, to: last) ?? 1
        let missedCount = isLate ? passed : passed - 1
        guard missedCount > 0 else { return }
        let lastMissed = isLate ? last : recurrence?.last(notAfter: last - .microseconds(1))
        missed = lastMissed.map { Missed(last: $0, count: missedCount) }
    }
}
