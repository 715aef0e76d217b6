package import Core
package import Postgres

/// The table `suppressions`. Only `remove` clears an entry, except DELETED, which an endpoint write clears too.
package enum SuppressionStore {
    /// False when the address was suppressed already: the first reason stays, but DELETED gives way.
    /// `source` says where it came from (run, provider event, person), without the address.
    @discardableResult
    package static func add(
        _ app: AppID, channel: String, hash: [UInt8], reason: SuppressionReason, source: JSON = .object([:]),
        now: Instant,
        in session: Session
    ) async throws -> Bool {
        let added = try await session.execute(
            """
            WITH changed AS (
                INSERT INTO suppressions (app, channel, address_hash, reason, source, created_at)
                VALUES (\(app), \(channel), \(SQLBind.bytes(hash)), \(reason.rawValue),
                        \(SQLBind.jsonb(source.serialized)), \(now))
                ON CONFLICT (app, channel, address_hash) DO UPDATE
                   SET reason = excluded.reason, source = excluded.source, created_at = excluded.created_at
                 WHERE suppressions.reason = \(SuppressionReason.deleted.rawValue)
                RETURNING app, address_hash)
            \(ChangeLog.rowsOfChangedAddresses(at: now))
            """
        )
        return added == 1
    }

    package struct Entry: Sendable {
        package var app: AppID
        package var channel: String
        package var hash: [UInt8]
        package var reason: SuppressionReason
        package var source: JSON

        package init(app: AppID, channel: String, hash: [UInt8], reason: SuppressionReason, source: JSON) {
            self.app = app
            self.channel = channel
            self.hash = hash
            self.reason = reason
            self.source = source
        }
    }

    /// As `add`, of several; no address twice.
    package static func add(_ entries: [Entry], now: Instant) -> SQL {
        """
        WITH changed AS (
            INSERT INTO suppressions (app, channel, address_hash, reason, source, created_at)
            SELECT w.app, w.channel, w.hash, w.reason, w.source, \(now)
              FROM unnest(\(entries.map(\.app)), \(entries.map(\.channel)), \(SQLBind.bytesArray(entries.map(\.hash))),
                          \(entries.map(\.reason.rawValue)), \(SQLBind.jsonbArray(entries.map(\.source.serialized))))
                AS w (app, channel, hash, reason, source)
            ON CONFLICT (app, channel, address_hash) DO UPDATE
               SET reason = excluded.reason, source = excluded.source, created_at = excluded.created_at
             WHERE suppressions.reason = \(SuppressionReason.deleted.rawValue)
            RETURNING app, address_hash)
        \(ChangeLog.rowsOfChangedAddresses(at: now))
        """
    }

    /// Removes those whose reason is one of `reasons`.
    package static func remove(
        _ addresses: [(app: AppID, channel: String, hash: [UInt8])], reasons: [SuppressionReason], now: Instant
    ) -> SQL {
        """
        WITH changed AS (
            DELETE FROM suppressions s
             USING unnest(\(addresses.map(\.app)), \(addresses.map(\.channel)),
                          \(SQLBind.bytesArray(addresses.map(\.hash)))) AS w (app, channel, hash)
             WHERE s.app = w.app AND s.channel = w.channel AND s.address_hash = w.hash
               AND s.reason = ANY (\(reasons.map(\.rawValue)))
            RETURNING s.app, s.address_hash)
        \(ChangeLog.rowsOfChangedAddresses(at: now))
        """
    }

    /// For addresses that nobody has any more: marks them DELETED. Runs after their endpoints' rows are gone; what is suppressed
    /// already stays as it is.
    static func markDeleted(
        _ app: AppID, _ addresses: [(channel: String, hash: [UInt8])], at now: Instant
    ) -> SQL {
        """
        WITH changed AS (
            INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
            SELECT \(app), w.channel, w.hash, \(SuppressionReason.deleted.rawValue), \(now)
              FROM unnest(\(addresses.map(\.channel)), \(SQLBind.bytesArray(addresses.map(\.hash)))) AS w (channel, hash)
             WHERE NOT EXISTS (SELECT FROM endpoints e WHERE e.app = \(app) AND e.address_hash = w.hash)
            ON CONFLICT (app, channel, address_hash) DO NOTHING
            RETURNING app, address_hash)
        \(ChangeLog.rowsOfChangedAddresses(at: now))
        """
    }

    /// For addresses that an endpoint has got: they are somebody's again.
    static func clearDeleted(
        _ addresses: [(app: AppID, channel: String, hash: [UInt8])], at now: Instant
    ) -> SQL { remove(addresses, reasons: [.deleted], now: now) }

    /// False when it was not suppressed.
    @discardableResult
    package static func remove(
        _ app: AppID, channel: String, hash: [UInt8], now: Instant, in session: Session
    ) async throws -> Bool {
        let removed = try await session.execute(
            """
            WITH changed AS (
                DELETE FROM suppressions
                 WHERE app = \(app) AND channel = \(channel) AND address_hash = \(SQLBind.bytes(hash))
                RETURNING app, address_hash)
            \(ChangeLog.rowsOfChangedAddresses(at: now))
            """
        )
        return removed == 1
    }

    /// Which of `hashes` are suppressed, and why. One statement for a whole window of recipients.
    package static func suppressed(
        _ app: AppID, channel: String, among hashes: [[UInt8]], in session: Session
    ) async throws -> [[UInt8]: SuppressionReason] {
        guard !hashes.isEmpty else { return [:] }
        let rows = try await session.query(
            """
            SELECT address_hash, reason
              FROM suppressions
             WHERE app = \(app) AND channel = \(channel) AND address_hash = ANY(\(SQLBind.bytesArray(hashes)))
            """
        )
        var found: [[UInt8]: SuppressionReason] = [:]
        for row in rows {
            // A reason of a newer version still suppresses.
            found[try row.get(0)] = SuppressionReason(rawValue: try row.get(1)) ?? .manual
        }
        return found
    }
}
