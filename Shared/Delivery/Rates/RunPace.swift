import Core
import EventLoop
import Model
import Postgres

/// Keeps one job of a run to the run's rate: how large its windows are, and when the next may be tried. Does nothing for a run
/// without a rate.
///
/// The bucket decides; this only avoids asking it in vain. A wait that is shorter than what giving the job back costs is
/// waited for here, a longer one leaves the lane to others.
final class RunPace {
    private static let shortestRest: Duration = .milliseconds(50)

    private let bucket: RateBucket?
    private let database: Database
    /// When the next window may go, as far as is known; µs of `MonotonicClock`.
    private var nextAt: Int64?

    init(_ plan: RunPlan, database: Database) {
        bucket = plan.bucket
        self.database = database
    }

    func window(_ configured: Int) -> Int { bucket?.window(configured) ?? configured }

    /// A window was fired, and the bucket said how long the next one has to wait.
    func opened(next: Duration?) {
        // From now, a little later than the bucket meant: who asks too early would have to stand in line again.
        nextAt = next.map { MonotonicClock.now() + $0.microseconds }
    }

    /// Nil when the next window may be tried now; otherwise how long the job has to rest. `rest` recipients are left.
    func turn(of rest: Int) async throws -> Duration? {
        guard let bucket else { return nil }
        guard let known = nextAt else { return try await queue(rest, bucket) }
        // Until the next window is fired nothing is known again.
        nextAt = nil
        return try await pause(.microseconds(known - MonotonicClock.now()))
    }

    private func queue(_ rest: Int, _ bucket: RateBucket) async throws -> Duration? {
        // Only a hint, and the window before may not be recorded yet: a database that stumbles must not throw that away.
        guard let row = try? await database.query(bucket.line(up: rest)).first else { return nil }
        return try await pause(.microseconds(try row.get(0) as Int64))
    }

    private func pause(_ wait: Duration) async throws -> Duration? {
        guard wait > .zero else { return nil }
        guard wait < Self.shortestRest else { return wait }
        try await database.loop.sleep(for: wait)
        return nil
    }
}
