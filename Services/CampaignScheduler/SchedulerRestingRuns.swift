import Core
import EventLoop

/// Runs that could not be moved for a reason that may pass, and until when this process leaves them alone.
///
/// In memory only: another process, or this one after a restart, simply tries again.
final class RestingRuns: Sendable {
    private struct Rest {
        var attempt: Int
        /// Of the monotonic clock, in microseconds.
        var until: Int64
    }

    private static let backoff = Backoff(base: .milliseconds(400), cap: .seconds(10))
    /// Never reached in practice; a full map is emptied, which costs one try each.
    private static let limit = 1000

    private let rests = Lock<[RunID: Rest]>([:])

    var runs: [RunID] {
        let now = MonotonicClock.now()
        return rests.withLock { rests in rests.filter { $0.value.until > now }.map(\.key) }
    }

    func rest(_ run: RunID, random: UInt64) {
        let now = MonotonicClock.now()
        rests.withLock { rests in
            if rests.count >= Self.limit { rests = [:] }
            let attempt = rests[run].map { $0.attempt + 1 } ?? 0
            let pause = max(.milliseconds(200), Self.backoff.delay(attempt: attempt, random: random))
            rests[run] = Rest(attempt: attempt, until: now + pause.microseconds)
        }
    }

    func forget(_ run: RunID) {
        rests.withLock { $0[run] = nil }
    }
}
