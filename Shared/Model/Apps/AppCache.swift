package import Core
import EventLoop
package import Postgres

/// Apps that this process has seen alive in the last 5 seconds: every request of an app asks. Only finds are kept, so that a new
/// app is there at once; a deleted one answers 404 in the process that deleted it at once (`forget`), elsewhere within 5 s.
/// Where that is too late (a write would be acknowledged and purged), statements ask themselves (`AppStore.requireAlive`).
package final class AppCache: Sendable {
    package static let lifetime: Duration = .seconds(5)

    private let database: Database
    private let known: ExpiringCache<AppID, AppHead>

    /// `clock` counts microseconds, forward only.
    package init(database: Database, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        self.database = database
        known = ExpiringCache(lifetime: Self.lifetime, limit: 4096, clock: clock)
    }

    package func load(_ id: AppID, account: String) async throws -> AppHead? {
        if let app = known[id] { return app.account == account ? app : nil }
        let readAt = known.now()
        guard let app = try await AppStore.load(id, account: account, in: database) else { return nil }
        known.store(app, for: id, readAt: readAt)
        return app
    }

    package func forget(_ id: AppID) {
        known.forget(id)
    }
}
