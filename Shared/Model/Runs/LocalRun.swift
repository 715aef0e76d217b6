package import Core
import Runtime

/// A run in local time: everybody gets it when their own clock shows the same.
///
/// It starts once, when the first clocks on Earth show it: who is a member is decided then, for all zones alike. The people of a
/// zone become due when its clocks reach the time. Part of the frozen plan.
package struct LocalRun: Sendable, Equatable {
    package var wall: WallTime
    /// Schedule.EndTime on everybody's clocks.
    package var end: WallTime?
    /// MaximumDuration, or what stands for it: each zone's time until its messages expire.
    package var duration: Duration
    /// How late a zone may be reached because no scheduler was up.
    package var lateness: Duration
    /// When the campaign got its schedule. A zone whose time was past by then gets nothing (pinpoint-api §4.2, 8).
    package var writtenAt: Instant

    /// A campaign is written in time for a zone whose clocks passed it this long ago: StartTime as "now" takes effect.
    package static let grace: Duration = .seconds(900)

    package init(wall: WallTime, end: WallTime?, duration: Duration, lateness: Duration, writtenAt: Instant) {
        self.wall = wall
        self.end = end
        self.duration = duration
        self.lateness = lateness
        self.writtenAt = writtenAt
    }

    /// When the first clocks show it.
    package var firstMoment: Instant { wall.instant(secondsEast: LocalClocks.firstSecondsEast) }

    /// When the last messages of the last zone expire.
    package var lastExpiry: Instant {
        let last = wall.instant(secondsEast: LocalClocks.lastSecondsEast) + duration
        return min(last, end.map { $0.instant(secondsEast: LocalClocks.lastSecondsEast) } ?? last)
    }

    /// What the people of `zone` get, in a run that started at `startedAt`; nil when there is no such zone.
    package func turn(of zone: String, startedAt: Instant) -> Turn? {
        guard let due = ZoneInfo.instant(of: wall, in: zone) else { return nil }
        guard due >= startedAt - lateness, due >= writtenAt - Self.grace else { return .passed }
        let end = self.end.flatMap { ZoneInfo.instant(of: $0, in: zone) }
        return .due(due, expires: min(due + duration, end ?? due + duration))
    }

    package enum Turn: Sendable, Equatable {
        case due(Instant, expires: Instant)
        /// Its time was over when the run started.
        case passed
    }
}

// MARK: Frozen form

extension LocalRun {
    var json: JSON {
        var object: JSONObject = [
            "wall": .integer(wall.asUTC.microseconds),
            "duration": .integer(duration.microseconds),
            "lateness": .integer(lateness.microseconds),
            "written_at": .integer(writtenAt.microseconds),
        ]
        if let end { object["end"] = .integer(end.asUTC.microseconds) }
        return .object(object)
    }

    init?(json: JSON?) {
        guard let wall = json?["wall"]?.int, let duration = json?["duration"]?.int,
            let lateness = json?["lateness"]?.int, let writtenAt = json?["written_at"]?.int
        else { return nil }
        self.init(
            wall: WallTime(asUTC: Instant(microseconds: Int64(wall))),
            end: json?["end"]?.int.map { WallTime(asUTC: Instant(microseconds: Int64($0))) },
            duration: .microseconds(duration), lateness: .microseconds(lateness),
            writtenAt: Instant(microseconds: Int64(writtenAt)))
    }
}
