package import Core
import EventLoop
package import Postgres

/// What a process knows of its apps' attributes, at most a second old: a write whose names are all known costs a hash lookup
/// per name and no SQL. A blacklist that another process set is obeyed within that second.
///
/// Names that are new are never decided on from here: they are counted under the app's lock (`EndpointPlan`).
package final class AttributeRegistry: Sendable {
    package static let lifetime: Duration = .seconds(1)
    private static let limit = 1024

    private struct Entry {
        var attributes: AppAttributes
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

    /// One query for all that are not known or too old.
    func load(_ apps: Set<AppID>) async throws -> [AppID: AppAttributes] {
        if apps.isEmpty { return [:] }
        let now = clock()
        var known: [AppID: AppAttributes] = [:]
        entries.withLock { entries in
            for app in apps {
                if let entry = entries[app], entry.expires > now { known[app] = entry.attributes }
            }
        }
        let stale = apps.filter { known[$0] == nil }.sorted()
        if stale.isEmpty { return known }
        let loaded = try await AttributeStore.load(stale, in: database)
        known.merge(loaded) { _, new in new }
        entries.withLock { entries in
            if entries.count + loaded.count > Self.limit { entries = [:] }
            for (app, attributes) in loaded {
                entries[app] = Entry(attributes: attributes, expires: now + Self.lifetime.microseconds)
            }
        }
        return known
    }

    /// Names that were committed.
    func learn(_ names: [AppID: Set<AttributeName>]) {
        if names.isEmpty { return }
        entries.withLock { entries in
            for (app, names) in names {
                for name in names { entries[app]?.attributes.insert(name) }
            }
        }
    }

    /// This process has just changed a blacklist.
    package func forget(_ app: AppID) {
        entries.withLock { $0[app] = nil }
    }
}
