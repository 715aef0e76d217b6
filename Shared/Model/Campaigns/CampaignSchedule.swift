package import Core
package import PinpointAPI
import Segments

/// When a campaign, or a group of its treatments, runs: once, or again and again from its start to its end. One of EVENT or
/// IN_APP_EVENT does not run; between the two, events trigger it or clients fetch it.
///
/// With IsLocalTime, StartTime and EndTime name what a clock shows, namely one in Timezone at these instants: everybody has them
/// when their own clock shows the same. Without, they are instants; Timezone then only says which day of the month it is.
package struct CampaignSchedule: Sendable, Equatable {
    package enum Start: Sendable, Hashable {
        case immediate
        case at(Instant)
    }

    package static let immediate = "IMMEDIATE"

    package var frequency: Frequency
    package var start: Start
    /// What has not been sent by then is `expired`, and nothing runs again.
    package var end: Instant?
    package var isLocal: Bool
    package var zone: ScheduleZone
    /// Part of it, because a run has one.
    package var quietTime: QuietWindow?

    package init(_ schedule: Schedule?, at path: WirePath = .root.member("Schedule")) throws(APIError) {
        guard let schedule else { throw path.refusal("is required") }
        frequency = schedule.frequency ?? .once
        isLocal = schedule.isLocalTime ?? false
        quietTime = QuietTimeRules.window(schedule.quietTime)
        guard let zone = ScheduleZone(schedule.timezone ?? "UTC") else {
            throw path.member("Timezone").refusal(
                "must be UTC or one of Pinpoint's offsets, as UTC+05:30; got \"\((schedule.timezone ?? "").prefix(32))\""
            )
        }
        self.zone = zone
        try Self.check(schedule, frequency, at: path)
        let text = schedule.startTime ?? ""
        if text == Self.immediate {
            start = .immediate
        } else if let instant = ISO8601.parse(text) {
            start = .at(instant)
        } else {
            throw path.member("StartTime").refusal(
                "must be IMMEDIATE or an ISO 8601 time with its zone, as 1998-07-01T09:00:00Z")
        }
        if let text = schedule.endTime {
            guard let instant = ISO8601.parse(text) else {
                throw path.member("EndTime").refusal("must be an ISO 8601 time with its zone, as 1998-07-01T09:00:00Z")
            }
            if case .at(let start) = start, instant <= start {
                throw path.member("EndTime").refusal("must be after StartTime")
            }
            end = instant
        }
    }

    private static func check(
        _ schedule: Schedule, _ frequency: Frequency, at path: WirePath
    ) throws(APIError) {
        // In an in-app campaign the client judges filter and quiet time (pinpoint-api §3.11).
        try QuietTimeRules.check(schedule.quietTime, at: path.member("QuietTime"))
        switch frequency {
        case .once, .hourly, .daily, .weekly, .monthly:
            if schedule.eventFilter != nil {
                throw path.member("EventFilter").refusal("must be absent unless Frequency is EVENT or IN_APP_EVENT")
            }
        case .event, .inAppEvent:
            guard schedule.eventFilter != nil else {
                throw path.member("EventFilter").refusal("is required with \(frequency.rawValue)")
            }
            if frequency == .event { _ = try TriggerFilter(schedule.eventFilter, at: path.member("EventFilter")) }
            if schedule.isLocalTime == true {
                throw path.member("IsLocalTime").refusal("must be false with \(frequency.rawValue)")
            }
        }
    }

    // MARK: Clocks

    /// Whether it runs by the clock.
    package var isTimed: Bool { frequency.isTimed }

    /// What `instant`, a time of the schedule, is on everybody's clocks.
    package func wall(_ instant: Instant) -> WallTime { WallTime(instant, secondsEast: zone.secondsEast) }

    /// When the first run starts, or started: with local time, when the first clocks reach the wall time.
    ///
    /// `now`: when a campaign that starts IMMEDIATE was written.
    package func firstRun(now: Instant) -> Instant {
        switch start {
        case .immediate: moment(now)
        case .at(let instant): moment(instant)
        }
    }

    /// What no run may start at or after.
    package var lastRun: Instant? { end.map(moment) }

    /// When it has ended everywhere.
    package var endEverywhere: Instant? {
        isLocal ? end.map { wall($0).instant(secondsEast: LocalClocks.lastSecondsEast) } : end
    }

    private func moment(_ instant: Instant) -> Instant {
        isLocal ? wall(instant).instant(secondsEast: LocalClocks.firstSecondsEast) : instant
    }

    /// Of the clock by which occurrences keep their time of day.
    package var clockMinutes: Int { isLocal ? LocalClocks.firstSecondsEast / 60 : zone.minutesEast }

    /// Nil for a campaign that does not repeat. `first`: when its first run is or was.
    package func recurrence(first: Instant) -> CampaignRecurrence? {
        frequency.period.map { CampaignRecurrence($0, first: first, end: lastRun, clockMinutes: clockMinutes) }
    }
}

extension WirePath {
    /// For members of the model that a later version will act on: refused, because ignoring them would send the wrong thing.
    var unsupported: APIError { refusal("is not supported in this version") }
}
