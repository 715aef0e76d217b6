package import Core
package import Crypto
package import Postgres

/// The table `channel_providers`.
package enum ProviderStore {
    /// In the order in which they are tried.
    package static func list(
        _ app: AppID, channel: String, key: MasterKey, in session: Session
    ) async throws -> [StoredProvider] {
        let rows = try await session.query(
            """
            SELECT id, name, kind, rank, weight, enabled, settings, secrets
              FROM channel_providers
             WHERE app = \(app) AND channel = \(channel)
             ORDER BY rank, name
            """)
        return try rows.map { try provider($0, of: app, channel, key) }
    }

    /// Settings of the provider of that kind that is tried first and on; nil when there is none.
    package static func settings(
        _ app: AppID, channel: String, kind: String, in session: Session
    ) async throws -> JSONObject? {
        let rows = try await session.query(
            """
            SELECT settings
              FROM channel_providers
             WHERE app = \(app) AND channel = \(channel) AND kind = \(kind) AND enabled
             ORDER BY rank, name
             LIMIT 1
            """)
        let settings: JSON? = try rows.first?.get(0)
        return settings?.object
    }

    /// By the id in an inbound address; nil when there is none, or its app is deleted.
    package static func find(
        _ id: ProviderID, key: MasterKey, in session: Session
    ) async throws -> (app: AppID, channel: String, provider: StoredProvider)? {
        let rows = try await session.query(
            """
            SELECT p.id, p.name, p.kind, p.rank, p.weight, p.enabled, p.settings, p.secrets, p.app, p.channel
              FROM channel_providers p
              JOIN apps a ON a.id = p.app AND a.deleted_at IS NULL
             WHERE p.id = \(id)
            """)
        guard let row = rows.first else { return nil }
        let (app, channel): (AppID, String) = (try row.get(8), try row.get(9))
        return (app, channel, try provider(row, of: app, channel, key))
    }

    /// Makes `providers` all that the channel has. Those that keep their name keep their id, and with it their inbound address.
    package static func replace(
        _ app: AppID, channel: String, with providers: [StoredProvider], key: MasterKey, now: Instant,
        in session: Session
    ) async throws {
        var statements: [SQL] = [
            """
            DELETE FROM channel_providers
             WHERE app = \(app) AND channel = \(channel) AND name <> ALL (\(providers.map(\.name)))
            """
        ]
        for provider in providers {
            let sealed: SQLBind =
                provider.secrets.isEmpty
                ? .null(.bytea)
                : .bytes(try key.seal(JSON.object(provider.secrets).serialized, at: place(app, channel, provider.name)))
            statements.append(
                """
                INSERT INTO channel_providers AS p (app, channel, id, name, kind, rank, weight, enabled, settings, secrets,
                                                    created_at, modified_at)
                VALUES (\(app), \(channel), \(provider.id), \(provider.name), \(provider.kind), \(Int32(provider.rank)),
                        \(Int32(provider.weight)), \(provider.isEnabled),
                        \(SQLBind.jsonb(JSON.object(provider.settings).serialized)), \(sealed), \(now), \(now))
                ON CONFLICT (app, channel, name) DO UPDATE
                   SET kind = excluded.kind, rank = excluded.rank, weight = excluded.weight, enabled = excluded.enabled,
                       settings = excluded.settings, secrets = excluded.secrets, modified_at = excluded.modified_at
                """)
        }
        _ = try await session.batch(statements)
    }

    private static func provider(
        _ row: Row, of app: AppID, _ channel: String, _ key: MasterKey
    ) throws -> StoredProvider {
        let name: String = try row.get(1)
        var secrets: JSONObject = [:]
        if let sealed: [UInt8] = try row.get(7) {
            secrets = try JSON.parse(key.open(sealed, at: place(app, channel, name))).object ?? [:]
        }
        let settings: JSON = try row.get(6)
        let (rank, weight): (Int32, Int32) = (try row.get(3), try row.get(4))
        return StoredProvider(
            id: try row.get(0), name: name, kind: try row.get(2), rank: Int(rank), weight: Int(weight),
            isEnabled: try row.get(5), settings: settings.object ?? [:], secrets: secrets)
    }

    private static func place(_ app: AppID, _ channel: String, _ name: String) -> SealedPlace {
        SealedPlace(
            table: "channel_providers", column: "secrets", account: app.description, id: "\(channel)/\(name)")
    }
}
