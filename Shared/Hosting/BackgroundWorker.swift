package import Core
package import EventLoop
package import Runtime

/// Work that a process does beside answering requests: it runs until cancelled.
package struct BackgroundWorker: Sendable {
    package let name: String
    /// Throws `CancellationError` (or returns) once cancelled, after finishing what must not be left half done.
    package let run: @Sendable () async throws -> Void

    package init(name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }

    /// Runs until cancelled; starts again, with backoff from 100 ms to 30 s, when it throws or returns early.
    package func supervise(environment: Environment, loop: EventLoop, metrics: Metrics) async {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(30))
        let failures = metrics.counter(.workerFailures, name)
        var attempt = 0
        while !Task.isCancelled {
            let start = MonotonicClock.now()
            do {
                try await run()
                if Task.isCancelled { return }
                environment.log.warning("worker.returned", ["worker": .string(name)])
            } catch is CancellationError where Task.isCancelled {
                return
            } catch {
                if Task.isCancelled {
                    environment.log.warning(
                        "worker.failed_while_stopping",
                        ["worker": .string(name), "error": .string(String(reflecting: error))])
                    return
                }
                environment.log.error("worker.failed", error, ["worker": .string(name)])
                failures.increment()
            }
            // A minute of good work, and the next failure is a first one again.
            attempt = MonotonicClock.now() - start > 60_000_000 ? 0 : attempt + 1
            let pause = backoff.delay(attempt: attempt, random: environment.randomWord())
            do {
                try await loop.sleep(for: max(pause, .milliseconds(100)))
            } catch {
                return
            }
        }
    }
}
