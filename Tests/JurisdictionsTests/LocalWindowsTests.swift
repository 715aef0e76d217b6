import Core
import Glibc
import Jurisdictions
import Runtime
import Testing

@Suite struct LocalWindowsTests {
    private func windows(_ text: String) throws -> LocalWindows { try #require(LocalWindows(text)) }

    private func instant(_ text: String) throws -> Instant { try #require(ISO8601.parse(text)) }

    private func earliest(
        _ text: String, from start: String, zone: String = "UTC", lasting: Duration = .zero
    ) throws -> String? {
        try windows(text).earliest(from: instant(start), lasting: lasting) {
            ZoneInfo.offset(of: zone, at: $0) ?? 0
        }?.description
    }

    @Test(arguments: [
        "", "Mon", "Mon 8-9", "Mon 08:00", "Mon 08:00-08:00", "Mon 09:00-08:00", "Tue-Mon 08:00-09:00",
        "Mon 08:00-24:01", "Mon 08:60-09:00", "Mon 25:00-26:00", "Xyz 08:00-09:00", "Mon-Tue-Wed 08:00-09:00",
        "Mon 08:00-10:00,09:00-11:00", "Mon 08:00-09:00;Mon 08:30-10:00", "Mon 08:00-09:00 x", "Mon 8:00-09:00",
        "Mon 08:00-09:00,", "Mon a:bc-09:00", "Mon ab:00-09:00", "Mon 08-09:00",
    ])
    func `what is not of the form is not taken`(text: String) {
        #expect(LocalWindows(text) == nil)
    }

    @Test func `a window is open from its beginning until before its end`() throws {
        // 2026-11-23 is a Monday.
        let text = "Mon-Fri 08:00-21:00"
        #expect(try earliest(text, from: "2026-11-23T08:00:00Z") == "2026-11-23T08:00:00.000Z")
        #expect(try earliest(text, from: "2026-11-23T20:59:59Z") == "2026-11-23T20:59:59.000Z")
        #expect(try earliest(text, from: "2026-11-23T21:00:00Z") == "2026-11-24T08:00:00.000Z")
        #expect(try earliest(text, from: "2026-11-23T07:59:59.999Z") == "2026-11-23T08:00:00.000Z")
    }

    @Test func `what would still be running at the end waits for the next opening`() throws {
        let text = "Mon-Fri 08:00-21:00"
        #expect(
            try earliest(text, from: "2026-11-23T20:59:50Z", lasting: .seconds(10)) == "2026-11-24T08:00:00.000Z")
        #expect(
            try earliest(text, from: "2026-11-23T20:59:49Z", lasting: .seconds(10)) == "2026-11-23T20:59:49.000Z")
    }

    @Test func `a day that is not named is closed, and weeks go round`() throws {
        let text = "Mon-Fri 09:00-18:00; Sat 10:00-17:00"
        #expect(try earliest(text, from: "2026-11-28T17:00:00Z") == "2026-11-30T09:00:00.000Z")
        #expect(try earliest(text, from: "2026-11-27T18:00:00Z") == "2026-11-28T10:00:00.000Z")
        #expect(try earliest(text, from: "2026-11-29T23:59:59Z") == "2026-11-30T09:00:00.000Z")
    }

    @Test func `windows that meet at midnight are one`() throws {
        let text = "Mon-Sun 00:00-24:00"
        #expect(try earliest(text, from: "2026-11-29T23:59:59Z", lasting: .seconds(3600)) == "2026-11-29T23:59:59.000Z")
    }

    @Test func `what lasts longer than any window never goes`() throws {
        #expect(try earliest("Mon 08:00-09:00", from: "2026-11-23T08:00:00Z", lasting: .seconds(3600)) == nil)
    }

    @Test func `an opening in the hour that is skipped is when the clock jumps over it`() throws {
        // In New York 02:00 of 8 March 2026 is followed by 03:00, at 07:00 UTC; it is a Sunday.
        let text = "Sun 02:30-12:00"
        #expect(
            try earliest(text, from: "2026-03-08T05:00:00Z", zone: "America/New_York") == "2026-03-08T07:00:00.000Z")
    }

    @Test func `an hour that comes twice is open twice`() throws {
        // 1 November 2026, a Sunday: 02:00 is followed by 01:00 at 06:00 UTC.
        let text = "Sun 01:30-02:00"
        let zone = "America/New_York"
        #expect(try earliest(text, from: "2026-11-01T05:00:00Z", zone: zone) == "2026-11-01T05:30:00.000Z")
        #expect(try earliest(text, from: "2026-11-01T06:00:00Z", zone: zone) == "2026-11-01T06:30:00.000Z")
        // Half an hour is open, then the clock goes back: forty minutes do not fit.
        #expect(
            try earliest(text, from: "2026-11-01T05:30:00Z", zone: zone, lasting: .seconds(2400))
                == nil)
    }

    /// Of every zone of the machine's tables that a rule may meet, every day of a year with its clock changes: what is said to
    /// be open is open on the wall clock to its end, and every second skipped before it began in closed time or came too late.
    @Test(arguments: [
        "Mon-Fri 09:00-18:00; Sat 10:00-17:00", "Mon-Sun 08:00-21:00", "Mon-Fri 10:00-13:00,14:00-20:00",
        "Sun 01:30-03:30; Mon-Sat 00:00-02:15",
    ])
    func `in every zone and on every day no allowed instant is in closed time`(text: String) throws {
        let windows = try windows(text)
        let lasting: Duration = .seconds(10)
        for zone in Self.zones {
            try #require(ZoneInfo.offset(of: zone, at: instant("2026-01-01T00:00:00Z")) != nil, "\(zone)")
            let offset: (Instant) -> Int = { ZoneInfo.offset(of: zone, at: $0) ?? 0 }
            var at = try instant("2026-01-01T00:00:00.250Z")
            let end = try instant("2027-01-02T00:00:00Z")
            while at < end {
                let open = try #require(windows.earliest(from: at, lasting: lasting, offset: offset))
                #expect(open >= at)
                for part in 0...10 {
                    let moment = open + .seconds(part)
                    #expect(windows.contains(moment, offset: offset(moment)), "\(zone) \(moment)")
                }
                if open > at {
                    // Just before the opening it was not possible: the wall clock was closed then or within the ten seconds.
                    let before = open - .milliseconds(1)
                    let closes = (0...10).contains {
                        let moment = before + .seconds($0)
                        return !windows.contains(moment, offset: offset(moment))
                    }
                    #expect(closes, "\(zone) \(open) is not the earliest")
                }
                // Steps that drift through the day: 7 h 13 min, so that each minute of it is met over the year.
                at = at + .seconds(7 * 3600 + 13 * 60)
            }
        }
    }

    @Test func `and in all zones of the machine around each of a year's weeks`() throws {
        let windows = try windows("Mon-Fri 09:00-18:00; Sat 10:00-17:00")
        let zones = try Self.allZones()
        try #require(zones.count > 300)
        for zone in zones {
            let offset: (Instant) -> Int = { ZoneInfo.offset(of: zone, at: $0) ?? 0 }
            for week in 0..<53 {
                let at = try instant("2026-01-01T03:17:00Z") + .seconds(week * (7 * 86_400 + 11_000))
                let open = try #require(windows.earliest(from: at, lasting: .seconds(10), offset: offset))
                for moment in [open, open + .seconds(10)] {
                    #expect(windows.contains(moment, offset: offset(moment)), "\(zone) \(moment)")
                }
            }
        }
    }

    /// The names in tzdata's own table.
    private static func allZones() throws -> [String] {
        let file = try #require(fopen("/usr/share/zoneinfo/zone1970.tab", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return line.hasPrefix("#") || fields.count < 3 ? nil : String(fields[2])
        }
    }

    /// Of each habit of changing clocks at least one: whole and half hours, at midnight, both hemispheres, thirty minutes,
    /// by decree around Ramadan, far from Greenwich on either side.
    private static let zones = [
        "UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
        "America/Anchorage", "America/Adak", "Pacific/Honolulu", "America/St_Johns", "America/Havana",
        "America/Asuncion", "America/Santiago", "Atlantic/Azores", "Europe/Paris", "Africa/Casablanca",
        "Africa/Cairo", "Asia/Beirut", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Seoul", "Asia/Tokyo",
        "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Auckland", "Pacific/Kiritimati",
        "Pacific/Pago_Pago", "Antarctica/Troll",
    ]
}
