import Core

/// Reading a date by a pattern.
extension DatePattern {
    /// Nil when `text` does not have this form or names a day that does not exist. Fields that the pattern lacks are
    /// those of 1970-01-01T00:00:00 UTC.
    func parse(_ text: String, _ environment: TemplateEnvironment) -> Instant? {
        var reader = Reader(rest: Array(text.utf8)[...])
        for (index, part) in parts.enumerated() {
            switch part {
            case .text(let literal):
                guard reader.rest.starts(with: literal) else { return nil }
                reader.rest = reader.rest.dropFirst(literal.count)
            case .field(let letter, let count):
                // Fields that touch (`yyyyMMdd`) have their own width; others end where the digits do.
                var isFollowed = false
                if index + 1 < parts.count, case .field(let next, let nextCount) = parts[index + 1] {
                    isFollowed = !("aEGzZX".contains(next) || "ML".contains(next) && nextCount > 2)
                }
                guard reader.read(letter, count: count, exactly: isFollowed) else { return nil }
            }
        }
        return reader.rest.isEmpty ? reader.instant(environment) : nil
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>
        var year = 1970
        var month = 1
        var day = 1
        var dayOfYear: Int?
        var hour = 0
        var isAfternoon: Bool?
        var minute = 0
        var second = 0
        var millisecond = 0
        var zone = "UTC"

        mutating func read(_ letter: Character, count: Int, exactly: Bool) -> Bool {
            switch letter {
            case "G": return takeName(["AD", "BC"]) == 0
            case "E": return takeName(DatePattern.weekdays) != nil
            case "M", "L":
                guard count <= 2 else {
                    guard let index = takeName(DatePattern.months) else { return false }
                    month = index + 1
                    return true
                }
                return take(into: \.month, 1...12, exactly ? count : 2)
            case "y", "Y": return takeYear(count, exactly ? count : 4)
            case "d": return take(into: \.day, 1...31, exactly ? count : 2)
            case "D":
                guard let value = digits(exactly ? count : 3), (1...366).contains(value) else { return false }
                dayOfYear = value
                return true
            case "u": return digits(1) != nil
            case "a":
                guard let index = takeName(["AM", "PM"]) else { return false }
                isAfternoon = index == 1
                return true
            case "H": return take(into: \.hour, 0...23, exactly ? count : 2)
            case "k", "K", "h": return take(into: \.hour, 0...24, exactly ? count : 2)
            case "m": return take(into: \.minute, 0...59, exactly ? count : 2)
            case "s": return take(into: \.second, 0...59, exactly ? count : 2)
            case "S": return take(into: \.millisecond, 0...999, exactly ? count : 3)
            default: return takeZone()
            }
        }

        private mutating func digits(_ maximum: Int) -> Int? {
            let run = rest.prefix(min(maximum, 9)).prefix { (0x30...0x39).contains($0) }
            guard !run.isEmpty else { return nil }
            rest = rest.dropFirst(run.count)
            return run.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        private mutating func take(
            into field: WritableKeyPath<Reader, Int>, _ range: ClosedRange<Int>, _ width: Int
        ) -> Bool {
            guard let value = digits(width), range.contains(value) else { return false }
            self[keyPath: field] = value
            return true
        }

        /// Two digits mean 1970–2069, as POSIX has it, when the pattern has two.
        private mutating func takeYear(_ count: Int, _ width: Int) -> Bool {
            let before = rest.count
            guard let value = digits(width) else { return false }
            year = count == 2 && before - rest.count == 2 ? (value < 70 ? 2000 + value : 1900 + value) : value
            return year >= 1
        }

        /// The index of the name that stands here, in full or its first three letters, in any case.
        private mutating func takeName(_ names: [String]) -> Int? {
            for length in [Int.max, 3] {
                for (index, name) in names.enumerated() {
                    let expected = Array(name.utf8.prefix(length))
                    let found = rest.prefix(expected.count)
                    guard found.count == expected.count,
                        zip(found, expected).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
                    else { continue }
                    rest = rest.dropFirst(expected.count)
                    return index
                }
            }
            return nil
        }

        private mutating func takeZone() -> Bool {
            let run = rest.prefix { byte in
                switch byte {
                case 0x2B, 0x2D, 0x2F, 0x3A, 0x5F, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: false
                }
            }
            guard !run.isEmpty, run.count <= 64 else { return false }
            zone = String(decoding: run, as: UTF8.self)
            rest = rest.dropFirst(run.count)
            return true
        }

        func instant(_ environment: TemplateEnvironment) -> Instant? {
            guard day <= CivilCalendar.daysInMonth(year: year, month: month) else { return nil }
            var days = CivilCalendar.days(year: year, month: month, day: day)
            if let dayOfYear { days = CivilCalendar.days(year: year, month: 1, day: 1) + dayOfYear - 1 }
            var hours = hour
            if let isAfternoon { hours = hour % 12 + (isAfternoon ? 12 : 0) }
            let seconds = Int64(days) * 86_400 + Int64(hours % 24 * 3600 + minute * 60 + second)
            let local = Instant(milliseconds: seconds * 1000 + Int64(millisecond))
            // The zone's offset depends on the instant that is asked for: a second look settles it outside of a shift.
            guard let first = DateHelpers.offset(of: zone, at: local, environment) else { return nil }
            let guess = Instant(microseconds: local.microseconds - Int64(first) * 1_000_000)
            guard let offset = DateHelpers.offset(of: zone, at: guess, environment) else { return nil }
            return Instant(microseconds: local.microseconds - Int64(offset) * 1_000_000)
        }
    }
}
