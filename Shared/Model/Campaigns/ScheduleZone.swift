import Core

/// Pinpoint's fixed list of Schedule.Timezone values: offsets from UTC, and no rules of summer time (pinpoint-api §3.4).
///
/// Its samples write them in either case. Zones of people are another matter: a Demographic.Timezone is a name of the tz database
/// (`ZoneInfo.names`), and an offset of this list is not one.
package struct ScheduleZone: Sendable, Hashable {
    package let minutesEast: Int

    package static let utc = ScheduleZone(minutesEast: 0)

    private init(minutesEast: Int) {
        self.minutesEast = minutesEast
    }

    /// Nil for what is not in the list.
    package init?(_ text: String) {
        guard let zone = Self.zones[text.uppercased()] else { return nil }
        self = zone
    }

    package var secondsEast: Int { minutesEast * 60 }

    private static let zones: [String: ScheduleZone] = {
        let east = [
            "01", "02", "03", "03:30", "04", "04:30", "05", "05:30", "05:45", "06", "06:30", "07", "08", "09", "09:30",
            "10", "10:30", "11", "12", "13",
        ]
        let west = ["02", "03", "04", "05", "06", "07", "08", "09", "10", "11"]
        var zones = ["UTC": utc]
        for offset in east { zones["UTC+\(offset)"] = ScheduleZone(minutesEast: minutes(offset)) }
        for offset in west { zones["UTC-\(offset)"] = ScheduleZone(minutesEast: -minutes(offset)) }
        return zones
    }()

    private static func minutes(_ offset: String) -> Int {
        let parts = offset.split(separator: ":").compactMap { Int($0) }
        return (parts.first ?? 0) * 60 + (parts.count > 1 ? parts[1] : 0)
    }
}

/// The clocks that a run in local time goes by: from the first on Earth to the last.
package enum LocalClocks {
    /// UTC+14, on Kiritimati: when a run in local time starts.
    package static let firstSecondsEast = 14 * 3600
    /// UTC−12, on no island that is lived on.
    package static let lastSecondsEast = -12 * 3600
    package static let spread: Duration = .seconds(firstSecondsEast - lastSecondsEast)
}
