import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Books what is left of runs that were cancelled or have expired, and clears away rates nobody uses any more.
///
/// A task of its own, so that no fan-out of another run stands before it. Any number of processes may run it.
struct RunCloser: Sendable {
    private static let runsPerTurn = 20
    private static let pause: Duration = .milliseconds(250)
    private static let pruneEvery: Duration = .seconds(60)
    private static let rowsPerPrune = 5000

    let context: ServiceContext

    static func worker(_ context: ServiceContext) -> BackgroundWorker {
        BackgroundWorker(name: "run-closer") { try await RunCloser(context: context).run() }
    }

    /// Runs until cancelled.
    private func run() async throws {
        var prunesAt = MonotonicClock.now()
        while true {
            try Task.checkCancellation()
            try await turn()
            if MonotonicClock.now() >= prunesAt {
                prunesAt = MonotonicClock.now() + Self.pruneEvery.microseconds
                _ = try await context.database.withSession {
                    try await RateBucket.prune(limit: Self.rowsPerPrune, in: $0)
                }
            }
            try await context.loop.sleep(for: Self.pause)
        }
    }

    private func turn() async throws {
        let now = context.environment.now()
        let runs = try await context.database.withSession {
            try await RunClosing.toClose(now: now, limit: Self.runsPerTurn, in: $0)
        }
        for run in runs {
            do {
                try await close(run)
            } catch  where !Task.isCancelled {
                // The others are not to wait for it; the next turn tries it again.
                context.environment.log.error("runs.close_failed", error, ["run": .string(run.key.run.description)])
            }
        }
    }

    private func close(_ run: RunClosing) async throws {
        var jobs = 0
        while true {
            try Task.checkCancellation()
            let now = context.environment.now()
            let booked = try await context.database.retryingTransaction { try await run.step(now: now, in: $0) }
            jobs += booked
            if booked == 0 { break }
        }
        let now = context.environment.now()
        let isDone = try await context.database.retryingTransaction { try await run.finish(now: now, in: $0) }
        guard jobs > 0 || isDone else { return }
        context.environment.log.info(
            "runs.closed",
            [
                "run": .string(run.key.run.description), "jobs": .integer(Int64(jobs)),
                "reason": .string(run.ending == .cancelled ? "cancelled" : "expired"), "done": .bool(isDone),
            ]
        )
    }
}
