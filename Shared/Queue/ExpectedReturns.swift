import Core
import EventLoop

/// When jobs that this process gave back are due again. Another process may be first; polling is the truth.
final class ExpectedReturns: Sendable {
    /// More than a process has lanes for; what is beyond is found by polling.
    private static let limit = 64

    /// Ascending.
    private let times = Lock<[Instant]>([])

    func add(_ due: Instant) {
        times.withLock { times in
            times.insert(due, at: times.firstIndex { $0 > due } ?? times.endIndex)
            if times.count > Self.limit { times.removeLast() }
        }
    }

    /// The earliest, when it is before `limit`; one waiting lane gets it.
    func takeFirst(before limit: Instant) -> Instant? {
        times.withLock { times in
            guard let first = times.first, first < limit else { return nil }
            times.removeFirst()
            return first
        }
    }
}
