package import Core
package import Model

extension QuietWindow {
    /// Whether any moment of `interval` is quiet on a clock `offset` seconds east of UTC. Both ends are included to the whole
    /// minute: 20:00–08:00 is quiet from 20:00:00 until 08:01:00, and equal ends are one minute. A clock without an offset
    /// (no such zone) is never quiet (pinpoint-api §4.2.6).
    ///
    /// A local minute begins only where a minute of UTC does, also on nights when clocks change; so those are all the moments
    /// to look at. Zones with odd seconds ended in 1972; the interval's end is looked at for them.
    package func covers(_ interval: ClosedRange<Instant>, offset: (Instant) -> Int?) -> Bool {
        var moment = interval.lowerBound
        while moment < interval.upperBound {
            if covers(moment, offset: offset) { return true }
            moment = Instant(seconds: (moment.seconds.flooredDivision(by: 60) + 1) * 60)
        }
        return covers(interval.upperBound, offset: offset)
    }

    private func covers(_ moment: Instant, offset: (Instant) -> Int?) -> Bool {
        guard let offset = offset(moment) else { return false }
        let minute = Int((moment.seconds + Int64(offset)).flooredDivision(by: 60).flooredModulo(1440))
        return start <= end ? (start...end).contains(minute) : minute >= start || minute <= end
    }
}
