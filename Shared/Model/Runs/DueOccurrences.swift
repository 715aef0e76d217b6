import Core
import PinpointAPI

/// What is to be done with a campaign whose time has come: which occurrence to run, what was missed, and what comes next.
///
/// A scheduler that was away catches up with one run at most: of several occurrences that have passed, the last one, when it is
/// not later than `Frequency.lateness`. The rest is recorded as missed. In local time an occurrence has passed when it is that
/// late for the last clocks on Earth; all others run, one after the other, and each zone is judged by itself (`LocalRun`).
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
    init(
        due: Instant, frequency: Frequency, recurrence: CampaignRecurrence?, isLocal: Bool = false, writtenAt: Instant,
        now: Instant
    ) {
        if isLocal {
            self.init(local: due, frequency: frequency, recurrence: recurrence, writtenAt: writtenAt, now: now)
            return
        }
        self.init()
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

    private init(
        local due: Instant, frequency: Frequency, recurrence: CampaignRecurrence?, writtenAt: Instant, now: Instant
    ) {
        self.init()
        let earliest = now - LocalClocks.spread - frequency.lateness
        guard max(due, writtenAt) < earliest else {
            run = due
            next = recurrence?.next(notBefore: due + .microseconds(1))
            return
        }
        let last = recurrence?.last(notAfter: earliest - .microseconds(1)) ?? due
        missed = Missed(last: last, count: recurrence?.count(from: due, to: last) ?? 1)
        next = recurrence?.next(notBefore: last + .microseconds(1))
    }
}
