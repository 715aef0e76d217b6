import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Keeps the roll-ups within a second of the change log. Any number of processes may run it: the cursor's row lock lets one
/// work at a time.
struct RollupWorker: Sendable {
    private static let shortestPause: Duration = .milliseconds(250)
    private static let longestPause: Duration = .seconds(1)
    private static let pruneEvery: Duration = .seconds(60)

    let context: ServiceContext

    var worker: BackgroundWorker {
        BackgroundWorker(name: "rollups") { try await run() }
    }

    private func run() async throws {
        var pause = Self.shortestPause
        var nextPrune = MonotonicClock.now()
        while !Task.isCancelled {
            let read = try await context.database.transaction { try await RollupStore.step(in: $0) }
            if MonotonicClock.now() >= nextPrune {
                let now = context.environment.now()
                _ = try await context.database.transaction { try await RollupStore.prune(now: now, in: $0) }
                nextPrune = MonotonicClock.now() + Self.pruneEvery.microseconds
            }
            guard read < RollupStore.rowsPerStep else { continue }
            pause = read > 0 ? Self.shortestPause : min(pause * 2, Self.longestPause)
            try await context.loop.sleep(for: pause)
        }
    }
}
