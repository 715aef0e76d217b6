package import Core
package import Postgres

/// The names and the blacklist of one kind, as the API lists them.
package struct AttributeListing: Sendable {
    package let kind: AttributeKind
    package var names: [String] = []
    package var blacklist: [String] = []
}

/// The tables `attribute_names` and `attribute_blacklists`.
package enum AttributeStore {
    /// All three kinds, names in order.
    package static func list(_ app: AppID, in session: Session) async throws -> [AttributeListing] {
        let results = try await session.batch([selectNames([app]), selectBlacklists([app])])
        var listings = AttributeKind.allCases.map { AttributeListing(kind: $0) }
        for row in results[0] {
            let (kind, name): (String, String) = (try row.get(1), try row.get(2))
            for index in listings.indices where listings[index].kind.rawValue == kind {
                listings[index].names.append(name)
            }
        }
        for row in results[1] {
            let kind: String = try row.get(1)
            for index in listings.indices where listings[index].kind.rawValue == kind {
                listings[index].blacklist = try patterns(row)
            }
        }
        return listings.map { listing in
            var listing = listing
            listing.names.sort()
            return listing
        }
    }

    /// RemoveAttributes: from now on values of these names are not captured (other processes learn it within
    /// `AttributeRegistry.lifetime`), stored ones stay, and the names no longer count towards the app's 250.
    ///
    /// The list replaces the one before; an empty one captures everything again. False when the app is gone.
    package static func setBlacklist(
        _ app: AppID, _ kind: AttributeKind, patterns: [String], at now: Instant, in session: Session
    ) async throws -> Bool {
        let results = try await session.batch([
            lock([app]),
            "SELECT 1 WHERE \(AppStore.isAlive(app))",
            "SELECT name FROM attribute_names WHERE app = \(app) AND kind = \(kind.rawValue)",
        ])
        guard !results[1].isEmpty else { return false }
        let blacklist = AttributeBlacklist(patterns)
        let names = try results[2].map { try $0.get(0) as String }.filter(blacklist.contains)
        try await session.execute(
            """
            INSERT INTO attribute_blacklists (app, kind, patterns, modified_at)
            VALUES (\(app), \(kind.rawValue), \(patterns), \(now))
            ON CONFLICT (app, kind) DO UPDATE SET patterns = excluded.patterns, modified_at = excluded.modified_at
            """
        )
        guard !names.isEmpty else { return true }
        try await session.execute(
            "DELETE FROM attribute_names WHERE app = \(app) AND kind = \(kind.rawValue) AND name = ANY (\(names))")
        return true
    }

    // MARK: For the group commit

    static func load(_ apps: [AppID], in database: Database) async throws -> [AppID: AppAttributes] {
        let results = try await database.withSession { session in
            try await session.batch([selectNames(apps), selectBlacklists(apps)])
        }
        var found = Dictionary(uniqueKeysWithValues: apps.map { ($0, AppAttributes()) })
        try take(names: results[0], into: &found)
        for row in results[1] {
            guard let kind = AttributeKind(rawValue: try row.get(1)) else { continue }
            found[try row.get(0), default: AppAttributes()].setBlacklist(try patterns(row), of: kind)
        }
        return found
    }

    static func take(names rows: [Row], into found: inout [AppID: AppAttributes]) throws {
        for row in rows {
            guard let kind = AttributeKind(rawValue: try row.get(1)) else { continue }
            let name = AttributeName(kind: kind, name: try row.get(2))
            found[try row.get(0), default: AppAttributes()].insert(name)
        }
    }

    /// Whoever adds names to an app, or removes some, holds this to the end of the transaction.
    static func lock(_ apps: [AppID]) -> SQL {
        AppLock.take(apps.map { AppLock.key($0, "attributes") })
    }

    static func selectNames(_ apps: [AppID]) -> SQL {
        "SELECT app, kind, name FROM attribute_names WHERE app = ANY (\(apps))"
    }

    private static func selectBlacklists(_ apps: [AppID]) -> SQL {
        """
        SELECT b.app, b.kind, array_to_json(b.patterns)::jsonb
          FROM attribute_blacklists b
         WHERE b.app = ANY (\(apps))
        """
    }

    private static func patterns(_ row: Row) throws -> [String] {
        let list: JSON = try row.get(2)
        return (list.array ?? []).compactMap(\.string)
    }

    static func insert(_ names: [AppID: Set<AttributeName>], at now: Instant) -> SQL {
        let rows = names.sorted { $0.key < $1.key }.flatMap { app, names in names.sorted().map { (app, $0) } }
        return """
            INSERT INTO attribute_names (app, kind, name, created_at)
            SELECT w.app, w.kind, w.name, \(now)
              FROM unnest(\(rows.map(\.0)), \(rows.map(\.1.kind.rawValue)), \(rows.map(\.1.name.text))) AS w (app, kind, name)
            ON CONFLICT DO NOTHING
            """
    }
}
