import Core
import Testing

@Suite struct ISO8601Tests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1998-07-01T00:00:00.000Z", 899_251_200_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2026-01-02T03:04:05.678901Z", 1_767_323_045_678_901),
            ("2026-01-02T03:04:05.6789019Z", 1_767_323_045_678_901),
            ("2026-01-02T03:04:05.6Z", 1_767_323_045_600_000), ("2026-01-02T03:04Z", 1_767_323_040_000_000),
            ("2026-01-02T05:04:05+02:00", 1_767_323_045_000_000), ("2026-01-01T21:34:05-0530", 1_767_323_045_000_000),
            ("2026-01-02T04:04:05+01", 1_767_323_045_000_000), ("2026-01-02t03:04:05z", 1_767_323_045_000_000),
            ("2026-01-02 03:04:05Z", 1_767_323_045_000_000), ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("1998-12-31T23:59:60Z", 915_148_800_000_000), ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] as [(String, Int64)])
    func `reads what clients write`(text: String, microseconds: Int64) {
        #expect(ISO8601.parse(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-1-2T03:04:05Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:00Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567890Z",
        "2026-01-02T03:04:05+19:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05Z ", " 2026-01-02T03:04:05Z",
        "0000-01-01T00:00:00Z",
        "2026-01-02T03:04:05+1", "+2026-01-02T03:04:05Z", "２026-01-02T03:04:05Z", "1767323045",
    ])
    func `refuses what is no instant`(text: String) {
        #expect(ISO8601.parse(text) == nil)
    }

    @Test func `writes milliseconds, rounded down, on both sides of 1970`() {
        #expect(Instant(microseconds: 1_767_323_045_678_999).description == "2026-01-02T03:04:05.678Z")
        #expect(Instant(microseconds: -1).description == "1969-12-31T23:59:59.999Z")
        #expect(Instant(milliseconds: 899_251_200_000).description == "1998-07-01T00:00:00.000Z")
    }

    @Test func `any millisecond reads back`() {
        var random = SplitMix(state: 3)
        for _ in 0..<2_000 {
            let milliseconds = Int64(random.next() % 300_000_000_000_000) - 60_000_000_000_000
            let instant = Instant(milliseconds: milliseconds)
            #expect(ISO8601.parse(instant.description) == instant)
        }
    }
}

@Suite struct InstantTests {
    @Test func `coarser units round down`() {
        #expect(Instant(microseconds: -1).milliseconds == -1)
        #expect(Instant(microseconds: -1).seconds == -1)
        #expect(Instant(microseconds: 1_999).milliseconds == 1)
        #expect(Instant(microseconds: -1_000).milliseconds == -1)
    }

    @Test func `durations move an instant and measure a distance`() {
        let start = Instant(seconds: 100)
        #expect(start + .milliseconds(1) == Instant(microseconds: 100_001_000))
        #expect(start - .seconds(101) == Instant(seconds: -1))
        #expect(Instant(seconds: 3) - Instant(seconds: 5) == .seconds(-2))
        #expect(Duration.milliseconds(-1).microseconds == -1_000)
        #expect(Duration.nanoseconds(1_999).microseconds == 1)
    }
}

@Suite struct DayTests {
    @Test func `every day of four centuries has its own date, and the next day follows`() {
        var previous = Day(year: 1899, month: 12, day: 31)
        let last = Day(year: 2299, month: 12, day: 31)
        while previous < last {
            let day = previous + 1
            let (year, month, date) = day.civil
            #expect(Day(year: year, month: month, day: date) == day)
            let (before, beforeMonth, beforeDate) = previous.civil
            let isSameMonth = year == before && month == beforeMonth && date == beforeDate + 1
            let isNewMonth = date == 1 && beforeDate == CivilCalendar.daysInMonth(year: before, month: beforeMonth)
            #expect(isSameMonth || isNewMonth)
            previous = day
        }
        #expect(last.description == "2299-12-31")
    }

    @Test(arguments: [
        ("1970-01-01", "1969-12-29"), ("2026-11-22", "2026-11-16"), ("2026-11-23", "2026-11-23"),
        ("1969-12-28", "1969-12-22"),
    ])
    func `a week starts on Monday`(day: String, monday: String) throws {
        let start = try #require(ISO8601.parse("\(day)T12:00:00Z"))
        #expect(start.day.weekStart.description == monday)
    }

    @Test func `an instant lies in its UTC day`() {
        #expect(Instant(microseconds: -1).day == Day(year: 1969, month: 12, day: 31))
        #expect(Day(year: 1998, month: 7, day: 1).start == Instant(milliseconds: 899_251_200_000))
        #expect(Day(year: 3, month: 2, day: 1).description == "0003-02-01")
    }
}
