package import Core
import EventLoop

/// The world of a test: a clock that stands still and a generator with a seed, so that a failure repeats.
package enum TestEnvironment {
    /// Business time is `now`; real time is `realNow`, or `now` too.
    package static func make(
        now: Instant = Instant(seconds: 899_251_200),
        realNow: Instant? = nil,
        seed: UInt64 = 1,
        log: Logger = .silent
    ) -> Environment {
        let random = SeededRandom(seed: seed)
        return Environment(now: { now }, realNow: { realNow ?? now }, random: { random.bytes($0) }, log: log)
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, and good enough for everything that is not a secret.
package final class SeededRandom: Sendable {
    private let state: Lock<UInt64>

    package init(seed: UInt64) {
        state = Lock(seed)
    }

    package func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }

    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var word = next()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return Array(bytes.prefix(count))
    }
}

/// Keeps what was logged.
package final class LogRecorder: Sendable {
    private let lines = Lock<[(event: String, fields: [(String, JSON)])]>([])

    package init() {}

    package var logger: Logger {
        Logger(minimum: .debug) { [lines] _, event, fields in lines.withLock { $0.append((event, fields)) } }
    }

    package var events: [String] { lines.withLock { $0.map(\.event) } }

    package func fields(of event: String) -> [(String, JSON)]? {
        lines.withLock { $0.last { $0.event == event }?.fields }
    }
}
