import Core
import EventLoop
import Testing

@Suite struct ExpiringCacheTests {
    private final class Clock: Sendable {
        let now = Lock<Int64>(1_000_000)

        func advance(_ duration: Duration) { now.withLock { $0 += duration.microseconds } }
    }

    private let clock = Clock()

    private func cache(limit: Int = 10) -> ExpiringCache<String, Int> {
        ExpiringCache(lifetime: .seconds(5), limit: limit, clock: { [clock] in clock.now.withLock { $0 } })
    }

    @Test func `a value is held for its lifetime, counted from before it was read`() {
        let cache = cache()
        let readAt = cache.now()
        clock.advance(.seconds(2))
        cache.store(1, for: "a", readAt: readAt)
        cache.store(2, for: "b", readAt: readAt, lifetime: .seconds(3))
        #expect(cache["a"] == 1)
        clock.advance(.seconds(1))
        #expect(cache["a"] == 1)
        #expect(cache["b"] == nil)
        clock.advance(.seconds(2))
        #expect(cache["a"] == nil)
    }

    @Test func `a change does not make a value live longer, and makes none`() {
        let cache = cache()
        cache.store(1, for: "a", readAt: cache.now())
        clock.advance(.seconds(4))
        cache.update("a") { $0 += 1 }
        cache.update("b") { $0 += 1 }
        #expect(cache["a"] == 2)
        #expect(cache["b"] == nil)
        clock.advance(.seconds(1))
        #expect(cache["a"] == nil)
    }

    @Test func `a forgotten value is gone, a full cache forgets what is old first`() {
        let cache = cache(limit: 2)
        cache.store(1, for: "a", readAt: cache.now())
        cache.forget("a")
        #expect(cache["a"] == nil)
        cache.store(1, for: "a", readAt: cache.now())
        clock.advance(.seconds(4))
        cache.store(2, for: "b", readAt: cache.now())
        clock.advance(.seconds(1))
        cache.store(3, for: "c", readAt: cache.now())
        #expect([cache["a"], cache["b"], cache["c"]] == [nil, 2, 3])
        cache.store(4, for: "d", readAt: cache.now())
        #expect([cache["b"], cache["c"], cache["d"]] == [nil, nil, 4])
    }
}
