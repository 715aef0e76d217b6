/// What a process may know of the world: time, randomness, the log. Built once in `main`, passed down; never global.
package struct Environment: Sendable {
    /// Business time: due times, run days, EffectiveDate, partitions, KPI windows. Runs at real speed with a constant
    /// offset (`NEEDLETAIL_CLOCK`), so that a demo can live in 1998.
    package var now: @Sendable () -> Instant
    /// Real time: HTTP `Date`, SigV4, token expiry, logs. Leases use the database's clock.
    package var realNow: @Sendable () -> Instant
    /// `count` bytes from a cryptographic generator (in tests: from a seed).
    package var random: @Sendable (_ count: Int) -> [UInt8]
    package var log: Logger

    package init(
        now: @escaping @Sendable () -> Instant,
        realNow: @escaping @Sendable () -> Instant,
        random: @escaping @Sendable (_ count: Int) -> [UInt8],
        log: Logger
    ) {
        self.now = now
        self.realNow = realNow
        self.random = random
        self.log = log
    }

    package func randomWord() -> UInt64 {
        random(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// 128 random bits.
    package func newID<Noun>(of _: Noun.Type = Noun.self) -> HexID<Noun> {
        HexID(high: randomWord(), low: randomWord())
    }

    /// A random (version 4) UUID with dashes, as Pinpoint's `RequestID`.
    package func newRequestID() -> String {
        var bytes = random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Hex.lowercase(bytes)
        var parts: [Substring] = []
        var start = hex.startIndex
        for length in [8, 4, 4, 4, 12] {
            let end = hex.index(start, offsetBy: length)
            parts.append(hex[start..<end])
            start = end
        }
        return parts.joined(separator: "-")
    }
}
