package import Core

/// The times of a week that a rule leaves open, on a wall clock. Half-open: at 21:00 a window that ends at 21:00 is closed.
///
/// What counts is what the clock on the wall shows at each instant, so that daylight saving needs no rule of its own: an hour
/// that is skipped is skipped, one that comes twice is open or closed twice.
package struct LocalWindows: Sendable, Equatable {
    /// Microseconds since Monday 00:00; ascending, apart from each other.
    private let open: [Range<Int64>]

    private static let minute: Int64 = 60_000_000
    private static let day = 1440 * minute
    private static let week = 7 * day
    /// 1970-01-01 was a Thursday.
    private static let mondayShift = 3 * day
    /// Longer than the longest that any week keeps closed, twice: past it a rule never opens.
    private static let horizon: Duration = .seconds(15 * 86_400)
    /// How far apart a zone's offset is looked at when nothing says that it changes in between. Changes are weeks apart.
    private static let step: Int64 = 12 * 3600
    private static let dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// `Mon-Fri 10:00-13:00,14:00-20:00; Sat 10:00-17:00`: a day that is not named is closed. Nil when it is not of this form.
    package init?(_ text: String) {
        var minutes: [Range<Int>] = []
        for part in text.split(separator: ";") {
            let words = part.split(separator: " ")
            guard words.count == 2, let days = Self.days(words[0]) else { return nil }
            for span in words[1].split(separator: ",", omittingEmptySubsequences: false) {
                let ends = span.split(separator: "-", omittingEmptySubsequences: false).map(Self.minuteOfDay)
                guard ends.count == 2, let from = ends[0], let to = ends[1], from < to else { return nil }
                minutes += days.map { $0 * 1440 + from..<$0 * 1440 + to }
            }
        }
        minutes.sort { $0.lowerBound < $1.lowerBound }
        guard !minutes.isEmpty, zip(minutes, minutes.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
            return nil
        }
        open = minutes.map { Int64($0.lowerBound) * Self.minute..<Int64($0.upperBound) * Self.minute }
    }

    private static func days(_ text: Substring) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map {
            dayNames.firstIndex(of: String($0))
        }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            return nil
        }
        return first...last
    }

    private static func minuteOfDay(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
            let minute = Int(parts[1]), (0...59).contains(minute), (0...24).contains(hour)
        else { return nil }
        let total = hour * 60 + minute
        return total <= 1440 ? total : nil
    }

    // MARK: Asking

    /// Whether the clock that is `offset` seconds east of UTC shows an open time.
    package func contains(_ instant: Instant, offset: Int) -> Bool {
        state(instant, offset).isOpen
    }

    /// The first instant from `start` on from which it stays open for more than `lasting`; nil when there is none within two
    /// weeks. `offset` gives the zone's seconds east of UTC.
    package func earliest(from start: Instant, lasting: Duration, offset: (Instant) -> Int) -> Instant? {
        let end = start + Self.horizon
        var at = start
        var opened: Instant?
        while at < end {
            let east = offset(at)
            let (isOpen, rest) = state(at, east)
            let next = firstChange(of: offset, from: east, after: at, before: at + rest) ?? at + rest
            if isOpen {
                let since = opened ?? at
                if next - since > lasting { return since }
                opened = since
            } else {
                opened = nil
            }
            at = next
        }
        return nil
    }

    /// And how long the clock, running on evenly, stays in that state; never nothing.
    private func state(_ instant: Instant, _ offset: Int) -> (isOpen: Bool, rest: Duration) {
        let local = (instant.microseconds + Int64(offset) * 1_000_000 + Self.mondayShift).flooredModulo(Self.week)
        for range in open where local < range.upperBound {
            if local >= range.lowerBound { return (true, .microseconds(range.upperBound - local)) }
            return (false, .microseconds(range.lowerBound - local))
        }
        return (false, .microseconds(Self.week - local + open[0].lowerBound))
    }

    /// The whole second at which the offset stops being `east`.
    private func firstChange(
        of offset: (Instant) -> Int, from east: Int, after start: Instant, before end: Instant
    ) -> Instant? {
        var same = start.seconds
        let last = end.seconds
        while same < last {
            let next = min(same + Self.step, last)
            if offset(Instant(seconds: next)) != east {
                var other = next
                while other - same > 1 {
                    let middle = same + (other - same) / 2
                    if offset(Instant(seconds: middle)) == east { same = middle } else { other = middle }
                }
                return Instant(seconds: other)
            }
            same = next
        }
        return nil
    }
}
