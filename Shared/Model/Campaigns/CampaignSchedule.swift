package import Core
package import PinpointAPI

/// When a campaign runs: once, or again and again from its start to its end; an in-app campaign does not run, clients fetch it
/// between the two. What this version does not know is refused by name.
package struct CampaignSchedule: Sendable, Hashable {
    package enum Start: Sendable, Hashable {
        case immediate
        case at(Instant)
    }

    package static let immediate = "IMMEDIATE"

    package var frequency: Frequency
    package var start: Start
    /// What has not been sent by then is `expired`, and nothing runs again.
    package var end: Instant?

    /// Nil for a campaign that does not repeat. `first`: when its first occurrence is or was.
    package func recurrence(first: Instant) -> CampaignRecurrence? {
        frequency.period.map { CampaignRecurrence($0, first: first, end: end) }
    }

    package init(_ schedule: Schedule?, at path: WirePath = .root.member("Schedule")) throws(APIError) {
        guard let schedule else { throw path.refusal("is required") }
        frequency = schedule.frequency ?? .once
        switch frequency {
        case .once, .hourly, .daily, .weekly, .monthly:
            if schedule.eventFilter != nil { throw path.member("EventFilter").unsupported }
        case .inAppEvent:
            guard schedule.eventFilter != nil else {
                throw path.member("EventFilter").refusal("is required with IN_APP_EVENT")
            }
        case .event:
            throw path.member("Frequency").refusal("must not be EVENT in this version")
        }
        try QuietTimeRules.check(schedule.quietTime, at: path.member("QuietTime"))
        if schedule.isLocalTime == true { throw path.member("IsLocalTime").refusal("must be false in this version") }
        try Self.check(zone: schedule.timezone, at: path.member("Timezone"))
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

    /// Pinpoint's fixed list; its samples write it in either case. Only a local-time schedule uses it.
    private static func check(zone: String?, at path: WirePath) throws(APIError) {
        guard let zone, !zones.contains(zone.uppercased()) else { return }
        throw path.refusal("must be UTC or one of Pinpoint's offsets, as UTC+05:30; got \"\(zone.prefix(32))\"")
    }

    private static let zones: Set<String> = {
        let east = [
            "01", "02", "03", "03:30", "04", "04:30", "05", "05:30", "05:45", "06", "06:30", "07", "08", "09", "09:30",
            "10",
            "10:30", "11", "12", "13",
        ]
        let west = ["02", "03", "04", "05", "06", "07", "08", "09", "10", "11"]
        return Set(["UTC"] + east.map { "UTC+\($0)" } + west.map { "UTC-\($0)" })
    }()
}

extension WirePath {
    /// For members of the model that a later version will act on: refused, because ignoring them would send the wrong thing.
    var unsupported: APIError { refusal("is not supported in this version") }
}
