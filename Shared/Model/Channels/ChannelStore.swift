package import Core
package import Crypto
package import Postgres

/// The table `channels`: at most one row of a type per app. A deleted channel is as if it had never been, except that its
/// version number goes on.
package enum ChannelStore {
    /// Nil when it was never configured, or was deleted.
    package static func load(
        _ app: AppID, type: String, key: MasterKey, in session: Session
    ) async throws -> StoredChannel? {
        let rows = try await session.query(
            """
            SELECT \(columns)
              FROM channels
             WHERE app = \(app) AND type = \(type) AND deleted_at IS NULL
            """)
        return try rows.first.map { try channel($0, of: app, key) }
    }

    package static func list(_ app: AppID, key: MasterKey, in session: Session) async throws -> [StoredChannel] {
        let rows = try await session.query(
            "SELECT \(columns) FROM channels WHERE app = \(app) AND deleted_at IS NULL ORDER BY type")
        return try rows.map { try channel($0, of: app, key) }
    }

    /// Creates the channel or replaces its configuration as a whole, except for what its client may not know: secrets that are left
    /// out are kept (the empty string removes one), and so are extensions.
    ///
    /// `request`: as validated, with `Enabled`; a channel is enabled unless it says otherwise.
    package static func update(
        _ app: AppID, type: String, _ request: JSONObject, key: MasterKey, now: Instant, in session: Session
    ) async throws -> StoredChannel {
        // Two writers of one channel's secrets would each keep what the other replaces.
        try await session.execute("SELECT FROM apps WHERE id = \(app) FOR NO KEY UPDATE")
        let before = try await load(app, type: type, key: key, in: session)
        var (configuration, given) = SealedMembers.split(request)
        configuration["Enabled"] = nil
        var secrets = SealedMembers.merge(given, into: before?.secrets ?? [:])
        SealedMembers.remove(SealedMembers.removed(by: request), from: &secrets)
        if let kept = before?.configuration["Needletail"]?.object {
            configuration["Needletail"] = .object(
                kept.replacing(configuration["Needletail"]?.object ?? [:]))
        }
        let sealed: SQLBind =
            secrets.isEmpty
            ? .null(.bytea)
            : .bytes(try key.seal(JSON.object(secrets).serialized, at: ChannelSetup.secretsPlace(app, type)))
        let rows = try await session.query(
            """
            INSERT INTO channels AS c (app, type, configuration, secrets, enabled, created_at, modified_at)
            VALUES (\(app), \(type), \(SQLBind.jsonb(JSON.object(configuration).serialized)), \(sealed),
                    \(request["Enabled"]?.bool ?? true), \(now), \(now))
            ON CONFLICT (app, type) DO UPDATE
               SET configuration = excluded.configuration, secrets = excluded.secrets, enabled = excluded.enabled,
                   version = c.version + 1,
                   created_at = CASE WHEN c.deleted_at IS NULL THEN c.created_at ELSE excluded.created_at END,
                   modified_at = excluded.modified_at, deleted_at = NULL
            RETURNING \(columns)
            """)
        guard let row = rows.first else { throw Fault(.integrity, "The channel was not stored") }
        return try channel(row, of: app, key)
    }

    /// What was deleted; nil when there was nothing. Its secrets are gone.
    package static func delete(
        _ app: AppID, type: String, key: MasterKey, now: Instant, in session: Session
    ) async throws -> StoredChannel? {
        guard let channel = try await load(app, type: type, key: key, in: session) else { return nil }
        let rows = try await session.query(
            """
            UPDATE channels
               SET deleted_at = \(now), secrets = NULL
             WHERE app = \(app) AND type = \(type) AND deleted_at IS NULL
            RETURNING 1
            """)
        return rows.isEmpty ? nil : channel
    }

    /// What limits how fast the app's mail goes to a domain; nil when nothing does.
    package static func domainRates(_ app: AppID, in session: Session) async throws -> DomainRates? {
        let rows = try await session.query(
            """
            SELECT configuration->'Needletail'->\(DomainRates.member)
              FROM channels
             WHERE app = \(app) AND type = 'EMAIL' AND deleted_at IS NULL
            """
        )
        let stored: JSON? = try rows.first?.get(0)
        return DomainRates(stored: stored)
    }

    private static let columns: SQL = "type, configuration, secrets, enabled, version, created_at, modified_at"

    private static func channel(_ row: Row, of app: AppID, _ key: MasterKey) throws -> StoredChannel {
        let (type, configuration): (String, JSON) = (try row.get(0), try row.get(1))
        var secrets: JSONObject = [:]
        if let sealed: [UInt8] = try row.get(2) {
            secrets = try JSON.parse(key.open(sealed, at: ChannelSetup.secretsPlace(app, type))).object ?? [:]
        }
        return StoredChannel(
            app: app, type: type, configuration: configuration.object ?? [:], secrets: secrets,
            isEnabled: try row.get(3), version: try row.get(4), createdAt: try row.get(5), modifiedAt: try row.get(6))
    }
}

extension JSONObject {
    /// With the members of `other` instead of its own.
    fileprivate func replacing(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other.members { merged[member.key] = member.value }
        return merged
    }
}
