import Core
import EventLoop
import TestKit
import Testing

/// Runs a body as a task of a fresh loop, as a process runs everything.
private func onLoop(_ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
    let loop = try EventLoop(name: "test")
    loop.start()
    defer { loop.stop() }
    try await Task(executorPreference: loop) { try await body(loop) }.value
}

@Suite struct EventLoopTests {
    @Test func `tasks with the loop as their executor run on its thread and stay there`() async throws {
        try await onLoop { loop in
            #expect(loop.isInLoop)
            try await loop.sleep(for: .milliseconds(1))
            #expect(loop.isInLoop, "after a sleep")
            async let child = loop.isInLoop
            #expect(await child, "in a child task")
        }
    }

    @Test func `timers fire in the order of their deadlines, not of their making`() async throws {
        let order = Lock<[Int]>([])
        try await onLoop { loop in
            for (name, delay) in [(3, 30), (1, 10), (2, 20)] {
                loop.schedule(after: .milliseconds(delay)) { order.withLock { $0.append(name) } }
            }
            try await eventually { order.withLock { $0.count } == 3 }
        }
        #expect(order.withLock { $0 } == [1, 2, 3])
    }

    @Test func `a cancelled timer never fires`() async throws {
        let fired = Lock(false)
        try await onLoop { loop in
            let timer = loop.schedule(after: .milliseconds(5)) { fired.withLock { $0 = true } }
            timer.cancel()
            try await loop.sleep(for: .milliseconds(20))
        }
        #expect(!fired.withLock { $0 })
    }

    @Test func `a sleep is not shorter than asked, and ends at once when cancelled`() async throws {
        try await onLoop { loop in
            let start = MonotonicClock.now()
            try await loop.sleep(for: .milliseconds(15))
            #expect(MonotonicClock.now() - start >= 15_000)
            let sleeper = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test func `work from other threads all arrives`() async throws {
        let sum = Lock(0)
        try await onLoop { loop in
            for _ in 0..<8 {
                Thread.start(name: "other") {
                    for _ in 0..<1000 { loop.submit { sum.withLock { $0 += 1 } } }
                }
            }
            try await eventually { sum.withLock { $0 } == 8000 }
        }
    }

    @Test func `offloaded work runs elsewhere, the loop goes on meanwhile, and its error comes back`() async throws {
        try await onLoop { loop in
            let gate = Lock(false)
            async let elsewhere: Bool = loop.offload {
                while !gate.withLock({ $0 }) {}
                return !loop.isInLoop
            }
            try await loop.sleep(for: .milliseconds(5))
            gate.withLock { $0 = true }
            #expect(try await elsewhere)
            await #expect(throws: Fault.self) {
                try await loop.offload { throw Fault(.unavailable, "no") } as Void
            }
        }
    }
}

@Suite struct WakeupTests {
    @Test func `a wait ends by its hint long before its time`() async throws {
        try await onLoop { loop in
            let wakeup = Wakeup()
            loop.schedule(after: .milliseconds(5)) { wakeup.end() }
            await wakeup.wait(for: .seconds(3600), on: loop)
        }
    }

    @Test func `a hint that came before the wait counts`() async throws {
        try await onLoop { loop in
            let wakeup = Wakeup()
            wakeup.end()
            await wakeup.wait(for: .seconds(3600), on: loop)
        }
    }

    @Test func `without a hint a wait ends by time, and by cancellation at once`() async throws {
        try await onLoop { loop in
            await Wakeup().wait(for: .milliseconds(5), on: loop)
            let waiting = Task(executorPreference: loop) { await Wakeup().wait(for: .seconds(3600), on: loop) }
            waiting.cancel()
            await waiting.value
        }
    }
}
