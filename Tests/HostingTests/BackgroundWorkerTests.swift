import Core
import EventLoop
import Hosting
import Runtime
import Synchronization
import TestKit
import Testing

@Suite struct BackgroundWorkerTests {
    private final class Calls: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test func `a worker that throws is started again, until it is cancelled`() async throws {
        try await TestLoop.run { loop in
            let (calls, metrics, log) = (Calls(), Metrics(), LogRecorder())
            let worker = BackgroundWorker(name: "fan-out") {
                if calls.count.add(1, ordering: .relaxed).newValue < 3 { throw Fault(.internalError, "broken") }
                try await loop.sleep(for: .seconds(600))
            }
            let task = Task(executorPreference: loop) {
                await worker.supervise(environment: TestEnvironment.make(log: log.logger), loop: loop, metrics: metrics)
            }
            try await eventually { calls.count.load(ordering: .relaxed) == 3 }
            task.cancel()
            await task.value
            #expect(metrics.counter(.workerFailures, "fan-out").value == 2)
            #expect(log.events.filter { $0 == "worker.failed" }.count == 2)
            #expect(calls.count.load(ordering: .relaxed) == 3)
        }
    }

    @Test func `a worker finishes what it has begun when it is cancelled`() async throws {
        try await TestLoop.run { loop in
            let (calls, log) = (Calls(), LogRecorder())
            let worker = BackgroundWorker(name: "delivery") {
                while !Task.isCancelled {
                    do { try await loop.sleep(for: .seconds(600)) } catch {}
                }
                calls.count.add(1, ordering: .relaxed)
            }
            let task = Task(executorPreference: loop) {
                await worker.supervise(
                    environment: TestEnvironment.make(log: log.logger), loop: loop, metrics: Metrics())
            }
            task.cancel()
            await task.value
            #expect(calls.count.load(ordering: .relaxed) <= 1)
            #expect(log.events.isEmpty)
        }
    }
}
