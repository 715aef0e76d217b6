/// A point in time: microseconds since 1970-01-01T00:00:00Z. The same range and precision as Postgres' `timestamptz`.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(milliseconds: Int64) {
        microseconds = milliseconds * 1000
    }

    package init(seconds: Int64) {
        microseconds = seconds * 1_000_000
    }

    /// Rounded down.
    package var milliseconds: Int64 { microseconds.flooredDivision(by: 1000) }
    /// Rounded down.
    package var seconds: Int64 { microseconds.flooredDivision(by: 1_000_000) }
    /// The UTC day.
    package var day: Day {
        Day(daysSince1970: Int32(truncatingIfNeeded: microseconds.flooredDivision(by: 86_400_000_000)))
    }

    /// As Pinpoint writes dates: `1998-07-01T00:00:00.000Z`.
    package var description: String { ISO8601.format(self) }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }

    package static func + (left: Instant, right: Duration) -> Instant {
        Instant(microseconds: left.microseconds + right.microseconds)
    }

    package static func - (left: Instant, right: Duration) -> Instant {
        Instant(microseconds: left.microseconds - right.microseconds)
    }

    package static func - (left: Instant, right: Instant) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }
}

/// A calendar day of the proleptic Gregorian calendar, without a zone.
package struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var daysSince1970: Int32

    package init(daysSince1970: Int32) {
        self.daysSince1970 = daysSince1970
    }

    package init(year: Int, month: Int, day: Int) {
        daysSince1970 = Int32(truncatingIfNeeded: CivilCalendar.days(year: year, month: month, day: day))
    }

    package var civil: (year: Int, month: Int, day: Int) { CivilCalendar.civil(days: Int(daysSince1970)) }
    /// Midnight UTC.
    package var start: Instant { Instant(seconds: Int64(daysSince1970) * 86_400) }
    /// The Monday of the day's week (ISO 8601); the partition key of `events`.
    package var weekStart: Day {
        Day(daysSince1970: daysSince1970 - Int32((Int64(daysSince1970) + 3).flooredModulo(7)))
    }

    /// `1998-07-01`
    package var description: String {
        let (year, month, day) = civil
        var text: [UInt8] = []
        text.appendDecimal(year, width: 4)
        text.append(0x2D)
        text.appendDecimal(month, width: 2)
        text.append(0x2D)
        text.appendDecimal(day, width: 2)
        return String(decoding: text, as: UTF8.self)
    }

    package static func < (left: Day, right: Day) -> Bool { left.daysSince1970 < right.daysSince1970 }
    package static func + (left: Day, right: Int) -> Day { Day(daysSince1970: left.daysSince1970 + Int32(right)) }
}

extension Duration {
    /// Rounded towards zero.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    package var milliseconds: Int64 { microseconds / 1000 }
}

extension Int64 {
    package func flooredDivision(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
    }

    package func flooredModulo(_ divisor: Int64) -> Int64 {
        self - flooredDivision(by: divisor) * divisor
    }
}

extension [UInt8] {
    /// `value` in decimal, zero-padded to `width`; non-negative only.
    package mutating func appendDecimal(_ value: Int, width: Int = 0) {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            digits.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        for _ in 0..<Swift.max(0, width - digits.count) { append(0x30) }
        append(contentsOf: digits.reversed())
    }
}

/// Days and civil dates, after Howard Hinnant's `days_from_civil` (http://howardhinnant.github.io/date_algorithms.html).
package enum CivilCalendar {
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let shiftedMonth = (month + 9) % 12
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    package static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
