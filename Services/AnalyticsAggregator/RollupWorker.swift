import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Keeps the roll-ups within a second of the change log, and removes what has had its time. Any number of processes may run it: the cursor's row lock lets one
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
                try await pruneReservations(at: now)
                nextPrune = MonotonicClock.now() + Self.pruneEvery.microseconds
            }
            guard read < RollupStore.rowsPerStep else { continue }
            pause = read > 0 ? Self.shortestPause : min(pause * 2, Self.longestPause)
            try await context.loop.sleep(for: pause)
        }
    }

    /// A minute's worth: 144 million messages a day.
    private func pruneReservations(at now: Instant) async throws {
        for _ in 0..<20 {
            let pruned = try await context.database.transaction { try await CapReservations.prune(now: now, in: $0) }
            if pruned < CapReservations.prunedPerBatch { return }
        }
    }
}
