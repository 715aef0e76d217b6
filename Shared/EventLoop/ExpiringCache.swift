import Core

/// Values that a process may hold as true for a while, by key; what is older is as if it were not there.
///
/// Bounded: a full cache forgets what is old, and then everything, which only costs asking again. The owner says what its
/// lifetime means for those who see a value too late.
package final class ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        /// On `clock`.
        var expires: Int64
    }

    private let lifetime: Duration
    private let limit: Int
    private let clock: @Sendable () -> Int64
    private let entries = Lock<[Key: Entry]>([:])

    /// `clock` counts microseconds, forward only.
    package init(
        lifetime: Duration, limit: Int, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }
    ) {
        self.lifetime = lifetime
        self.limit = limit
        self.clock = clock
    }

    /// When a value that is asked for now is read: before the question, so that it is never held for longer than its lifetime.
    package func now() -> Int64 { clock() }

    package subscript(key: Key) -> Value? {
        let now = clock()
        return entries.withLock { entries in
            guard let entry = entries[key], entry.expires > now else { return nil }
            return entry.value
        }
    }

    /// `readAt`: of `now()`, before the value was asked for. `lifetime`: nil for the cache's own.
    package func store(_ value: Value, for key: Key, readAt: Int64, lifetime: Duration? = nil) {
        let now = clock()
        entries.withLock { entries in
            if entries.count >= limit { entries = entries.filter { $0.value.expires > now } }
            if entries.count >= limit { entries = [:] }
            entries[key] = Entry(value: value, expires: readAt + (lifetime ?? self.lifetime).microseconds)
        }
    }

    /// Changes a value that is held, without making it live longer.
    package func update(_ key: Key, _ change: (inout Value) -> Void) {
        entries.withLock { entries in
            if var entry = entries[key] {
                change(&entry.value)
                entries[key] = entry
            }
        }
    }

    package func forget(_ key: Key) {
        entries.withLock { $0[key] = nil }
    }
}
