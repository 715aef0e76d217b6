package import Core
import EventLoop
package import Postgres

/// Apps that this process has seen alive in the last 5 seconds: every request of an app asks. Only finds are kept, so that a new
/// app is there at once; a deleted one answers 404 in the process that deleted it at once (`forget`), elsewhere within 5 s.
/// Where that is too late (a write would be acknowledged and purged), statements ask themselves (`AppStore.requireAlive`).
package final class AppCache: Sendable {
    package static let lifetime: Duration = .seconds(5)
    private static let limit = 4096

    private struct Entry {
        var app: AppHead
        var expires: Int64
    }

    private let database: Database
    private let entries = Lock<[AppID: Entry]>([:])
    private let clock: @Sendable () -> Int64

    /// `clock` counts microseconds, forward only.
    package init(database: Database, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        self.database = database
        self.clock = clock
    }

    package func load(_ id: AppID, account: String) async throws -> AppHead? {
        let now = clock()
        if let entry = entries.withLock({ $0[id] }), entry.expires > now {
            return entry.app.account == account ? entry.app : nil
        }
        guard let app = try await AppStore.load(id, account: account, in: database) else { return nil }
        entries.withLock { entries in
            if entries.count >= Self.limit { entries = [:] }
            entries[id] = Entry(app: app, expires: now + Self.lifetime.microseconds)
        }
        return app
    }

    package func forget(_ id: AppID) {
        entries.withLock { $0[id] = nil }
    }
}
