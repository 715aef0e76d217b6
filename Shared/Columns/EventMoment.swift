import Core

/// A time as the index keeps it: seconds since 1970 in 32 bits (until 2106), and microseconds in 20.
///
/// Times outside stand at the ends. Questions ask whether something happened at or after a whole second, and for those
/// between the ends the answer is right all the same.
struct EventMoment: Comparable, Sendable {
    /// Seconds above, 20 bits of microseconds below.
    let bits: UInt64

    static let earliest = EventMoment(bits: 0)
    /// Behind every moment there is.
    static let end = EventMoment(bits: UInt64(UInt32.max) << 20 | 0xF_FFFF)

    private init(bits: UInt64) {
        self.bits = bits
    }

    init(seconds: UInt32, mark: UInt32) {
        bits = UInt64(seconds) << 20 | UInt64(mark & Self.microsecondMask)
    }

    init(_ instant: Instant) {
        let seconds = instant.seconds
        if seconds < 0 {
            bits = 0
        } else if seconds > UInt32.max {
            bits = Self.end.bits - 1
        } else {
            bits = UInt64(seconds) << 20 | UInt64(instant.microseconds - seconds * 1_000_000)
        }
    }

    var seconds: UInt32 { UInt32(truncatingIfNeeded: bits >> 20) }
    var microseconds: UInt32 { UInt32(truncatingIfNeeded: bits) & Self.microsecondMask }

    static let microsecondMask: UInt32 = 0xF_FFFF

    static func < (left: EventMoment, right: EventMoment) -> Bool { left.bits < right.bits }
}

extension Instant {
    /// Whether `EventMoment` holds it exactly.
    var isHeldExactly: Bool { (0...Int64(UInt32.max)).contains(seconds) }

    /// As a bound "at or after": nil when seconds of 32 bits cannot decide it.
    var boundSeconds: UInt32? {
        guard microseconds % 1_000_000 == 0, (1...Int64(UInt32.max)).contains(seconds) else { return nil }
        return UInt32(seconds)
    }
}
