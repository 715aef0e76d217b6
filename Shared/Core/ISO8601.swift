/// ISO 8601 instants as Pinpoint's clients write and read them. Hand-written: Foundation's formatter costs 79 µs a parse
/// (reference/swift-linux.md §7), this 0.1.
package enum ISO8601 {
    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`
    package static func format(_ instant: Instant) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(instant, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    package static func append(_ instant: Instant, to bytes: inout [UInt8]) {
        let day = instant.day
        let (year, month, date) = day.civil
        let ofDay = Int(instant.milliseconds - day.start.milliseconds)
        bytes.appendDecimal(max(0, year), width: 4)
        bytes.append(0x2D)
        bytes.appendDecimal(month, width: 2)
        bytes.append(0x2D)
        bytes.appendDecimal(date, width: 2)
        bytes.append(0x54)
        bytes.appendDecimal(ofDay / 3_600_000, width: 2)
        bytes.append(0x3A)
        bytes.appendDecimal(ofDay / 60_000 % 60, width: 2)
        bytes.append(0x3A)
        bytes.appendDecimal(ofDay / 1000 % 60, width: 2)
        bytes.append(0x2E)
        bytes.appendDecimal(ofDay % 1000, width: 3)
        bytes.append(0x5A)
    }

    /// Accepts `YYYY-MM-DDTHH:MM[:SS[.fraction]]` with `Z`, `±HH:MM`, `±HHMM` or `±HH`. Nil for anything else,
    /// for a date that does not exist, and for years outside 0001–9999. A leap second counts as the next second.
    package static func parse(_ text: some StringProtocol) -> Instant? {
        var copy = String(text)
        return copy.withUTF8 { parse($0) }
    }

    package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Instant? {
        var cursor = Cursor(bytes: bytes)
        guard let year = cursor.digits(4), year >= 1, cursor.take(0x2D),
            let month = cursor.digits(2), (1...12).contains(month), cursor.take(0x2D),
            let day = cursor.digits(2), day >= 1, day <= CivilCalendar.daysInMonth(year: year, month: month),
            cursor.take(0x54) || cursor.take(0x74) || cursor.take(0x20),
            let hour = cursor.digits(2), hour <= 23, cursor.take(0x3A),
            let minute = cursor.digits(2), minute <= 59
        else { return nil }
        var second = 0
        var fraction: Int64 = 0
        if cursor.take(0x3A) {
            guard let value = cursor.digits(2), value <= 60 else { return nil }
            second = value
            if cursor.take(0x2E) || cursor.take(0x2C) {
                guard let micros = cursor.fraction() else { return nil }
                fraction = micros
            }
        }
        guard let offset = cursor.zoneOffsetSeconds(), cursor.isAtEnd else { return nil }
        let days = Int64(CivilCalendar.days(year: year, month: month, day: day))
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
        return Instant(microseconds: seconds * 1_000_000 + fraction)
    }

    private struct Cursor {
        let bytes: UnsafeBufferPointer<UInt8>
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int? {
            guard index + count <= bytes.count else { return nil }
            var value = 0
            for position in index..<index + count {
                guard case 0x30...0x39 = bytes[position] else { return nil }
                value = value * 10 + Int(bytes[position] - 0x30)
            }
            index += count
            return value
        }

        /// One to nine digits, as microseconds; digits past the sixth are dropped.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while index < bytes.count, case 0x30...0x39 = bytes[index] {
                if count < 6 { value = value * 10 + Int64(bytes[index] - 0x30) }
                count += 1
                index += 1
            }
            guard (1...9).contains(count) else { return nil }
            for _ in 0..<max(0, 6 - count) { value *= 10 }
            return value
        }

        mutating func zoneOffsetSeconds() -> Int? {
            if take(0x5A) || take(0x7A) { return 0 }
            let sign: Int
            if take(0x2B) { sign = 1 } else if take(0x2D) { sign = -1 } else { return nil }
            guard let hours = digits(2), hours <= 18 else { return nil }
            if isAtEnd { return sign * hours * 3600 }
            _ = take(0x3A)
            guard let minutes = digits(2), minutes <= 59 else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }
    }
}
