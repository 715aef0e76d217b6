/// A caller-chosen string id (endpoint, user, template name) that cannot be mistaken for another noun's.
package struct ID<Noun>: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }

    package static func == (left: Self, right: Self) -> Bool { left.rawValue.isExactly(right.rawValue) }

    package func hash(into hasher: inout Hasher) {
        for byte in rawValue.utf8 { hasher.combine(byte) }
    }
}

/// An id of ours: 128 bits, written as Pinpoint writes them (32 lower-case hex digits, no dashes); a `uuid` in Postgres.
package struct HexID<Noun>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(_ value: UInt128) {
        self.init(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
    }

    package var value: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// Nil unless `text` is exactly 32 lower-case hex digits.
    package init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            if count < 16 {
                words.0 = words.0 << 4 | UInt64(digit)
            } else {
                words.1 = words.1 << 4 | UInt64(digit)
            }
            count += 1
            if count > 32 { return nil }
        }
        guard count == 32 else { return nil }
        self.init(high: words.0, low: words.1)
    }

    /// 16 bytes, big-endian; nil for any other length.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        )
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    package var description: String { Hex.lowercase(bytes) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// Phantom nouns for `ID` and `HexID`; never instantiated.
package enum Noun {
    package enum App {}
    package enum Endpoint {}
    package enum User {}
    package enum Segment {}
    package enum Campaign {}
    package enum Run {}
    package enum Event {}
    package enum Template {}
    package enum Provider {}
    package enum Conversation {}
    package enum ReplyRule {}
    package enum Survey {}
}

package typealias AppID = HexID<Noun.App>
package typealias SegmentID = HexID<Noun.Segment>
package typealias CampaignID = HexID<Noun.Campaign>
/// One execution of a campaign (Pinpoint: campaign activity, without the treatment).
package typealias RunID = HexID<Noun.Run>
package typealias EventID = HexID<Noun.Event>
package typealias ProviderID = HexID<Noun.Provider>
package typealias ConversationID = HexID<Noun.Conversation>
package typealias EndpointID = ID<Noun.Endpoint>
package typealias UserID = ID<Noun.User>
