import Core
import Runtime
import Testing

@Suite struct ZoneInfoTests {
    @Test(arguments: [
        ("Asia/Tokyo", "2026-11-22T00:00:00Z", 9 * 3600),
        ("America/New_York", "2026-03-08T06:59:59Z", -5 * 3600),
        ("America/New_York", "2026-03-08T07:00:00Z", -4 * 3600),
        ("America/New_York", "2026-11-01T06:00:00Z", -5 * 3600),
        ("Europe/Berlin", "1998-07-01T00:00:00Z", 2 * 3600),
        // Past the last transition that a file lists: the rule in its footer.
        ("Europe/Berlin", "2093-07-01T00:00:00Z", 2 * 3600),
        ("Europe/Berlin", "2093-01-01T00:00:00Z", 3600),
        // Summer spans the new year.
        ("Australia/Sydney", "2093-01-01T00:00:00Z", 11 * 3600),
        ("Australia/Sydney", "2093-07-01T00:00:00Z", 10 * 3600),
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z", 5 * 3600 + 45 * 60),
        ("UTC", "2026-01-01T00:00:00Z", 0),
    ])
    func `a zone has the offset that its law says`(zone: String, time: String, offset: Int) throws {
        let instant = try #require(ISO8601.parse(time))
        #expect(ZoneInfo.offset(of: zone, at: instant) == offset)
    }

    @Test(arguments: ["Mars/Olympus", "", "/etc/passwd", "../../etc/passwd", "Europe/", "a\0b"])
    func `what is no zone has no offset`(zone: String) {
        #expect(ZoneInfo.offset(of: zone, at: Instant(seconds: 0)) == nil)
    }

    @Test func `a file cut anywhere is refused, never read past its end`() {
        let header: [UInt8] = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 39)
        for length in 0...header.count {
            #expect(ZoneRules(tzif: Array(header.prefix(length))) == nil)
        }
    }
}
