/// What a clock on the wall shows, without saying where: a local date and time of day.
package struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The same clock's instant if it hung in UTC.
    package var asUTC: Instant

    package init(asUTC: Instant) {
        self.asUTC = asUTC
    }

    /// What the clock of a place shows that is `secondsEast` of UTC.
    package init(_ instant: Instant, secondsEast: Int) {
        asUTC = instant + .seconds(secondsEast)
    }

    /// When a clock that is `secondsEast` of UTC shows this.
    package func instant(secondsEast: Int) -> Instant { asUTC - .seconds(secondsEast) }

    package var description: String { String(asUTC.description.dropLast()) }

    package static func < (left: WallTime, right: WallTime) -> Bool { left.asUTC < right.asUTC }
}

extension ZoneRules {
    /// When the zone's clocks show `wall`.
    ///
    /// A time that comes twice, because clocks are set back, is the first of the two. A time that they skip is as much after
    /// the skip as it would have been before it: what is planned for 02:30 happens at 03:30. Both as RFC 5545 (3.3.5) and
    /// java.time have it.
    package func instant(of wall: WallTime) -> Instant {
        // No clock is more than 16 hours off UTC, so the offsets in force around the wall time are those of these two.
        let before = offset(at: wall.asUTC - Self.reach)
        let after = offset(at: wall.asUTC + Self.reach)
        let first = wall.instant(secondsEast: max(before, after))
        if offset(at: first) == max(before, after) { return first }
        let second = wall.instant(secondsEast: min(before, after))
        if offset(at: second) == min(before, after) { return second }
        return wall.instant(secondsEast: before)
    }

    private static let reach: Duration = .seconds(16 * 3600)
}
