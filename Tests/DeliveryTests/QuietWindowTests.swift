import Core
import Delivery
import Model
import Runtime
import TestKit
import Testing

@Suite struct QuietWindowTests {
    private func covers(_ window: QuietWindow, _ zone: String, _ start: String, _ seconds: Int64 = 0) throws -> Bool {
        let start = try #require(ISO8601.parse(start))
        return window.covers(start...start + .seconds(seconds), offset: { ZoneInfo.offset(of: zone, at: $0) })
    }

    private let night = QuietWindow(start: 20 * 60, end: 8 * 60)
    private let noon = QuietWindow(start: 12 * 60, end: 13 * 60)

    @Test(arguments: [
        ("2026-11-22T11:59:59.999Z", false), ("2026-11-22T12:00:00Z", true), ("2026-11-22T13:00:59.999Z", true),
        ("2026-11-22T13:01:00Z", false),
    ])
    func `both ends are quiet to the whole minute`(time: String, isQuiet: Bool) throws {
        #expect(try covers(noon, "UTC", time) == isQuiet)
    }

    @Test(arguments: [
        ("2026-11-22T19:59:59Z", false), ("2026-11-22T20:00:00Z", true), ("2026-11-22T23:59:59Z", true),
        ("2026-11-23T00:00:00Z", true), ("2026-11-23T08:00:59Z", true), ("2026-11-23T08:01:00Z", false),
    ])
    func `a window over midnight`(time: String, isQuiet: Bool) throws {
        #expect(try covers(night, "UTC", time) == isQuiet)
    }

    @Test func `equal ends are that one minute`() throws {
        let minute = QuietWindow(start: 720, end: 720)
        #expect(try !covers(minute, "UTC", "2026-11-22T11:59:59Z"))
        #expect(try covers(minute, "UTC", "2026-11-22T12:00:59Z"))
        #expect(try !covers(minute, "UTC", "2026-11-22T12:01:00Z"))
    }

    @Test func `an interval that touches the window anywhere is quiet`() throws {
        #expect(try !covers(noon, "UTC", "2026-11-22T11:59:45Z", 14))
        #expect(try covers(noon, "UTC", "2026-11-22T11:59:45Z", 15))
        #expect(try covers(noon, "UTC", "2026-11-22T11:00:00Z", 3 * 3600), "the whole window is inside")
        #expect(try covers(noon, "UTC", "2026-11-22T13:00:59Z", 60))
    }

    @Test func `no such zone is never quiet`() throws {
        #expect(try !covers(QuietWindow(start: 0, end: 1439), "Mars/Olympus", "2026-11-22T12:00:00Z"))
    }

    /// 2026-03-08 02:00 EST is 03:00 EDT: the local minutes 02:00–02:59 do not happen, neighbours do.
    @Test func `on the night that loses an hour the window that falls into it does not happen`() throws {
        let lost = QuietWindow(start: 2 * 60, end: 2 * 60 + 59)
        #expect(try !covers(lost, "America/New_York", "2026-03-08T05:00:00Z", 4 * 3600))
        let across = QuietWindow(start: 2 * 60 + 30, end: 3 * 60)
        #expect(try !covers(across, "America/New_York", "2026-03-08T06:59:59Z"))
        #expect(try covers(across, "America/New_York", "2026-03-08T06:59:50Z", 10), "03:00 comes in the interval")
        #expect(try covers(across, "America/New_York", "2026-03-08T07:00:59Z"))
        #expect(try !covers(across, "America/New_York", "2026-03-08T07:01:00Z"))
    }

    /// 2026-11-01 02:00 EDT is 01:00 EST: 01:00–01:59 happens twice, and is quiet twice.
    @Test func `on the night that gains an hour the window is quiet twice`() throws {
        let twice = QuietWindow(start: 60, end: 119)
        #expect(try !covers(twice, "America/New_York", "2026-11-01T04:59:59Z"))
        #expect(try covers(twice, "America/New_York", "2026-11-01T05:30:00Z"))
        #expect(try covers(twice, "America/New_York", "2026-11-01T06:30:00Z"))
        #expect(try !covers(twice, "America/New_York", "2026-11-01T07:00:00Z"))
        let first = QuietWindow(start: 90, end: 91)
        #expect(try covers(first, "America/New_York", "2026-11-01T05:30:00Z"))
        #expect(try !covers(first, "America/New_York", "2026-11-01T05:32:00Z", 57 * 60))
        #expect(try covers(first, "America/New_York", "2026-11-01T05:32:00Z", 58 * 60))
    }

    /// The definition, second by second, against the few moments that are looked at.
    @Test(arguments: [
        "UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
        "America/St_Johns", "Asia/Seoul", "Pacific/Chatham", "Africa/Casablanca",
    ])
    func `random windows and intervals agree with every second of them`(zone: String) throws {
        let random = SeededRandom(seed: UInt64(zone.utf8.count))
        func next(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let year = try #require(ISO8601.parse("2026-01-01T00:00:00Z"))
        for _ in 0..<400 {
            let window = QuietWindow(start: next(1440), end: next(1440))
            let start = year + .seconds(Int64(next(365 * 86_400)))
            let length = Int64(next(400))
            let slow = (0...length).contains { second in
                let moment = start + .seconds(second)
                guard let offset = ZoneInfo.offset(of: zone, at: moment) else { return false }
                let minute = Int((moment.seconds + Int64(offset)).flooredDivision(by: 60).flooredModulo(1440))
                return window.start <= window.end
                    ? minute >= window.start && minute <= window.end : minute >= window.start || minute <= window.end
            }
            let fast = window.covers(start...start + .seconds(length), offset: { ZoneInfo.offset(of: zone, at: $0) })
            #expect(fast == slow, "\(window) from \(start) for \(length) s in \(zone)")
        }
    }
}
