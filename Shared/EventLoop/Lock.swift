import Glibc

/// A pthread mutex around a value. Why not `Synchronization.Mutex`: ThreadSanitizer misreads it and reports races that are
/// none (reference/swift-linux.md §5). Keep the body short and synchronous.
package final class Lock<State>: @unchecked Sendable {
    // SAFETY: `state` is touched only between lock and unlock of `mutex`, which lives at a fixed address.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    package init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
