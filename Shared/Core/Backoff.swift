/// Full-jitter exponential backoff: a delay drawn evenly from 0 … min(cap, base · 2^attempt).
///
/// Why full jitter: after an outage all clients come back spread over the window instead of in step (F42).
package struct Backoff: Sendable {
    package var base: Duration
    package var cap: Duration

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    /// `random` is uniform over all 64-bit values.
    package func delay(attempt: Int, random: UInt64) -> Duration {
        let (window, overflow) = base.microseconds.multipliedReportingOverflow(by: 1 << Int64(min(max(attempt, 0), 30)))
        let limit = overflow ? cap.microseconds : min(cap.microseconds, window)
        guard limit > 0 else { return .zero }
        return .microseconds(Int64(random % UInt64(limit + 1)))
    }
}
