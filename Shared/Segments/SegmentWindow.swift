package import Core

/// How far back activity counts: an update of the endpoint or an event of it at or after the window's start. Without an
/// upper bound, so that a client whose clock is ahead does not look inactive.
package enum ActivityWindow: String, Hashable, Sendable, CaseIterable {
    case day1 = "HR_24"
    case days7 = "DAY_7"
    case days14 = "DAY_14"
    case days30 = "DAY_30"

    package var length: Duration { .seconds(days * 86_400) }

    package var days: Int {
        switch self {
        case .day1: 1
        case .days7: 7
        case .days14: 14
        case .days30: 30
        }
    }
}

extension Instant {
    /// Start of a window of `days` × 24 h that ends here, rounded down to a whole second: whoever keeps times in seconds
    /// gives the same answer as whoever keeps microseconds.
    package func windowStart(days: Int) -> Instant {
        Instant(seconds: seconds - Int64(days) * 86_400)
    }
}
