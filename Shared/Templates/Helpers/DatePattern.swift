import Core

/// A date pattern of Java's SimpleDateFormat, which Pinpoint's templates use, with English names.
///
/// Letters: `G y Y M L d D E u a H k K h m s S z Z X`; text between quotes stands for itself. The styles are those of
/// java.text.DateFormat for US English, dates only: full `Wednesday, July 1, 1998`, long `July 1, 1998`, medium
/// `Jul 1, 1998`, short `7/1/98`.
struct DatePattern {
    /// Year 9999; beyond it a number of milliseconds is no date.
    static let maximumMilliseconds: Int64 = 253_402_300_800_000

    enum Part: Equatable {
        case field(Character, count: Int)
        case text([UInt8])
    }

    let parts: [Part]

    /// A style's name or a pattern.
    init(named name: String) throws(HelperFault) {
        let pattern =
            switch name {
            case "full": "EEEE, MMMM d, y"
            case "long": "MMMM d, y"
            case "medium": "MMM d, y"
            case "short": "M/d/yy"
            default: name
            }
        try self.init(pattern)
    }

    private init(_ pattern: String) throws(HelperFault) {
        guard pattern.utf8.count <= 256 else { throw HelperFault("the date format is longer than 256 bytes") }
        var parts: [Part] = []
        var literal: [UInt8] = []
        var characters = Array(pattern)[...]
        while let character = characters.first {
            if character == "'" {
                characters.removeFirst()
                if characters.first == "'" {
                    literal.append(0x27)
                    characters.removeFirst()
                    continue
                }
                var isClosed = false
                while let inner = characters.popFirst() {
                    guard inner == "'" else {
                        literal.append(contentsOf: String(inner).utf8)
                        continue
                    }
                    guard characters.first == "'" else {
                        isClosed = true
                        break
                    }
                    literal.append(0x27)
                    characters.removeFirst()
                }
                guard isClosed else { throw HelperFault("the date format has a quote that is not closed") }
            } else if character.isASCII, character.isLetter {
                guard "GyYMLdDEuaHkKhmsSzZX".contains(character) else {
                    throw HelperFault("the date format has the letter \(character), which is not known")
                }
                let count = characters.prefix { $0 == character }.count
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                parts.append(.field(character, count: count))
                characters = characters.dropFirst(count)
            } else {
                literal.append(contentsOf: String(character).utf8)
                characters.removeFirst()
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    // MARK: - Formatting

    /// `offset` is in seconds east of UTC.
    func format(_ instant: Instant, offset: Int, zone: String) throws(HelperFault) -> String {
        let local = Instant(microseconds: instant.microseconds + Int64(offset) * 1_000_000)
        let time = LocalTime(local)
        guard (0...9999).contains(time.year) else { throw HelperFault("the year is not between 0 and 9999") }
        var text: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let literal): text.append(contentsOf: literal)
            case .field(let letter, let count):
                DatePattern.append(letter, count, time, offset: offset, zone: zone, to: &text)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(
        _ letter: Character, _ count: Int, _ time: LocalTime, offset: Int, zone: String, to text: inout [UInt8]
    ) {
        func number(_ value: Int) { text.appendDecimal(value, width: count) }
        func name(_ name: String, short: Int) {
            text.append(contentsOf: count > 3 ? Array(name.utf8) : Array(name.utf8.prefix(short)))
        }
        switch letter {
        case "G": text.append(contentsOf: "AD".utf8)
        case "y", "Y": count == 2 ? text.appendDecimal(time.year % 100, width: 2) : number(time.year)
        case "M", "L": count > 2 ? name(months[time.month - 1], short: 3) : number(time.month)
        case "d": number(time.day)
        case "D": number(time.dayOfYear)
        case "E": name(weekdays[time.weekday - 1], short: 3)
        case "u": number(time.weekday)
        case "a": text.append(contentsOf: (time.hour < 12 ? "AM" : "PM").utf8)
        case "H": number(time.hour)
        case "k": number(time.hour == 0 ? 24 : time.hour)
        case "K": number(time.hour % 12)
        case "h": number(time.hour % 12 == 0 ? 12 : time.hour % 12)
        case "m": number(time.minute)
        case "s": number(time.second)
        case "S": number(time.millisecond)
        case "z": text.append(contentsOf: zone.utf8)
        case "Z": appendOffset(offset, colon: false, hoursOnly: false, to: &text)
        default:
            if offset == 0 {
                text.append(0x5A)
            } else {
                appendOffset(offset, colon: count > 2, hoursOnly: count == 1, to: &text)
            }
        }
    }

    private static func appendOffset(_ offset: Int, colon: Bool, hoursOnly: Bool, to text: inout [UInt8]) {
        text.append(offset < 0 ? 0x2D : 0x2B)
        text.appendDecimal(abs(offset) / 3600, width: 2)
        if hoursOnly { return }
        if colon { text.append(0x3A) }
        text.appendDecimal(abs(offset) / 60 % 60, width: 2)
    }
}

/// The fields of a moment on the wall clock.
struct LocalTime {
    var year: Int
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int
    var millisecond: Int
    /// Monday is 1.
    var weekday: Int
    var dayOfYear: Int

    init(_ local: Instant) {
        let civilDay = local.day
        (year, month, day) = civilDay.civil
        let ofDay = Int(local.milliseconds - civilDay.start.milliseconds)
        hour = ofDay / 3_600_000
        minute = ofDay / 60_000 % 60
        second = ofDay / 1000 % 60
        millisecond = ofDay % 1000
        weekday = Int((Int64(civilDay.daysSince1970) + 3).flooredModulo(7)) + 1
        dayOfYear = Int(civilDay.daysSince1970) - CivilCalendar.days(year: year, month: 1, day: 1) + 1
    }
}
