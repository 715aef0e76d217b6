/// A zone's rule for all later years, in the `TZ` syntax of POSIX with RFC 8536's extensions: `EST5EDT,M3.2.0,M11.1.0`.
struct PosixZone: Sendable {
    private let standardOffset: Int
    private let summer: Summer?

    private struct Summer: Sendable {
        let offset: Int
        let start: Change
        let end: Change
    }

    /// A day of the year and seconds after its local midnight.
    private struct Change: Sendable {
        enum Date: Sendable {
            /// 1–365, 29 February never counted.
            case julian(Int)
            /// 0–365.
            case dayOfYear(Int)
            /// Month, week 1–5 (5 = last), weekday 0 = Sunday.
            case weekday(month: Int, week: Int, day: Int)
        }

        let date: Date
        let seconds: Int

        /// Days since 1970.
        func day(in year: Int) -> Int {
            switch date {
            case .julian(let number):
                let isLeap = CivilCalendar.daysInMonth(year: year, month: 2) == 29
                return CivilCalendar.days(year: year, month: 1, day: 1) + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .dayOfYear(let number):
                return CivilCalendar.days(year: year, month: 1, day: 1) + number
            case .weekday(let month, let week, let weekday):
                let first = CivilCalendar.days(year: year, month: month, day: 1)
                let firstWeekday = Int(Int64(first + 4).flooredModulo(7))
                var day = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                while day > CivilCalendar.daysInMonth(year: year, month: month) { day -= 7 }
                return first + day - 1
            }
        }
    }

    init?(_ text: String) {
        var cursor = Cursor(bytes: Array(text.utf8))
        guard cursor.name(), let standard = cursor.time() else { return nil }
        standardOffset = -standard
        guard !cursor.isAtEnd else {
            summer = nil
            return
        }
        guard cursor.name() else { return nil }
        var offset = standardOffset + 3600
        if !cursor.at(0x2C) {
            guard let given = cursor.time() else { return nil }
            offset = -given
        }
        guard let start = cursor.change(), let end = cursor.change(), cursor.isAtEnd else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// Seconds east of UTC.
    func offset(at seconds: Int64) -> Int {
        guard let summer else { return standardOffset }
        let localDay = Int((seconds + Int64(standardOffset)).flooredDivision(by: 86_400))
        let year = CivilCalendar.civil(days: localDay).year
        let start = Int64(summer.start.day(in: year)) * 86_400 + Int64(summer.start.seconds - standardOffset)
        let end = Int64(summer.end.day(in: year)) * 86_400 + Int64(summer.end.seconds - summer.offset)
        // South of the equator summer spans the new year.
        let isSummer = start < end ? (start..<end).contains(seconds) : !(end..<start).contains(seconds)
        return isSummer ? summer.offset : standardOffset
    }

    private struct Cursor {
        let bytes: [UInt8]
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        func at(_ byte: UInt8) -> Bool { index < bytes.count && bytes[index] == byte }

        mutating func take(_ byte: UInt8) -> Bool {
            guard at(byte) else { return false }
            index += 1
            return true
        }

        /// `EST` or `<+0330>`.
        mutating func name() -> Bool {
            let start = index
            if take(0x3C) {
                while index < bytes.count, !at(0x3E) { index += 1 }
                return take(0x3E)
            }
            while index < bytes.count, case 0x41...0x7A = bytes[index] { index += 1 }
            return index - start >= 3
        }

        mutating func number() -> Int? {
            let start = index
            var value = 0
            while index < bytes.count, case 0x30...0x39 = bytes[index], index - start < 4 {
                value = value * 10 + Int(bytes[index] - 0x30)
                index += 1
            }
            return index > start ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time() -> Int? {
            let sign = take(0x2D) ? -1 : 1
            if sign == 1 { _ = take(0x2B) }
            guard let hours = number() else { return nil }
            var seconds = hours * 3600
            for unit in [60, 1] {
                guard take(0x3A) else { break }
                guard let value = number() else { return nil }
                seconds += value * unit
            }
            return sign * seconds
        }

        /// `,date[/time]`; two in the morning when no time is given.
        mutating func change() -> Change? {
            guard take(0x2C), let date = date() else { return nil }
            guard take(0x2F) else { return Change(date: date, seconds: 7200) }
            guard let seconds = time() else { return nil }
            return Change(date: date, seconds: seconds)
        }

        private mutating func date() -> Change.Date? {
            if take(0x4D) {
                guard let month = number(), (1...12).contains(month), take(0x2E), let week = number(),
                    (1...5).contains(week), take(0x2E), let day = number(), (0...6).contains(day)
                else { return nil }
                return .weekday(month: month, week: week, day: day)
            }
            if take(0x4A) { return number().flatMap { (1...365).contains($0) ? .julian($0) : nil } }
            return number().flatMap { (0...365).contains($0) ? .dayOfYear($0) : nil }
        }
    }
}
