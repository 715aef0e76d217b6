import Glibc

/// One pending call of an event loop. Touch it on the loop only.
package final class LoopTimer: @unchecked Sendable {
    // SAFETY: used on the thread of the loop that made it.
    let deadline: Int64
    private var body: (@Sendable () -> Void)?

    init(deadline: Int64, body: @escaping @Sendable () -> Void) {
        self.deadline = deadline
        self.body = body
    }

    package func cancel() { body = nil }

    func fire() {
        let call = body
        body = nil
        call?()
    }

    var isCancelled: Bool { body == nil }
}

/// A binary heap by deadline. Cancelled timers stay until their deadline, or until they are the majority.
struct TimerHeap {
    private var heap: [LoopTimer] = []

    mutating func insert(_ timer: LoopTimer) {
        heap.append(timer)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// -1 (wait for ever) when there is none; rounded up, so that a timer is never early.
    mutating func millisecondsUntilNext(now: Int64) -> Int32 {
        while let first = heap.first, first.isCancelled { removeFirst() }
        guard let first = heap.first else { return -1 }
        return Int32(clamping: max(0, (first.deadline - now + 999) / 1000))
    }

    mutating func due(at now: Int64) -> [LoopTimer] {
        var due: [LoopTimer] = []
        while let first = heap.first, first.deadline <= now || first.isCancelled {
            due.append(first)
            removeFirst()
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = parent * 2 + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].deadline < heap[left].deadline ? right : left
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}

/// Microseconds that only go forward, also while the machine sleeps (`CLOCK_BOOTTIME`; F15).
package enum MonotonicClock {
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// Hands one continuation to whichever comes first, the timer or the cancellation.
final class Sleeper: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Void, any Error>?
        var isCancelled = false
        var timer: LoopTimer?
    }

    private let state = Lock(State())

    var timer: LoopTimer? {
        get { state.withLock { $0.timer } }
        set { state.withLock { $0.timer = newValue } }
    }

    func begin(_ continuation: CheckedContinuation<Void, any Error>) {
        let cancelled = state.withLock { state in
            if !state.isCancelled { state.continuation = continuation }
            return state.isCancelled
        }
        if cancelled { continuation.resume(throwing: CancellationError()) }
    }

    func markCancelled() {
        state.withLock { $0.isCancelled = true }
    }

    func end(_ error: (any Error)?) {
        let continuation = state.withLock { state in
            defer { state.continuation = nil }
            return state.continuation
        }
        if let error { continuation?.resume(throwing: error) } else { continuation?.resume() }
    }
}
