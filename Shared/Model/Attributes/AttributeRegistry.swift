package import Core
import EventLoop
package import Postgres

/// What a process knows of its apps' attributes, at most a second old: a write whose names are all known costs a hash lookup
/// per name and no SQL. A blacklist that another process set is obeyed within that second.
///
/// Names that are new are never decided on from here: they are counted under the app's lock (`EndpointPlan`).
package final class AttributeRegistry: Sendable {
    package static let lifetime: Duration = .seconds(1)

    private let database: Database
    private let known: ExpiringCache<AppID, AppAttributes>

    /// `clock` counts microseconds, forward only.
    package init(database: Database, clock: @escaping @Sendable () -> Int64 = { MonotonicClock.now() }) {
        self.database = database
        known = ExpiringCache(lifetime: Self.lifetime, limit: 1024, clock: clock)
    }

    /// One query for all that are not known or too old.
    func load(_ apps: Set<AppID>) async throws -> [AppID: AppAttributes] {
        var found: [AppID: AppAttributes] = [:]
        for app in apps { found[app] = known[app] }
        let stale = apps.filter { found[$0] == nil }.sorted()
        if stale.isEmpty { return found }
        let readAt = known.now()
        let loaded = try await AttributeStore.load(stale, in: database)
        for (app, attributes) in loaded { known.store(attributes, for: app, readAt: readAt) }
        return found.merging(loaded) { _, new in new }
    }

    /// Names that were committed.
    func learn(_ names: [AppID: Set<AttributeName>]) {
        for (app, names) in names {
            known.update(app) { attributes in
                for name in names { attributes.insert(name) }
            }
        }
    }

    /// This process has just changed a blacklist.
    package func forget(_ app: AppID) {
        known.forget(app)
    }
}
