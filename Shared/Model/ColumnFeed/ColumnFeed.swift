package import Core
package import Postgres

/// Reads what a column index holds from the tables: whole apps page by page, and single endpoints again.
///
/// All statements want the settings of `plannerSettings`: tables grow faster than statistics, and a bad plan would read an
/// app for each endpoint.
package enum ColumnFeed {
    package static let plannerSettings: [SQL] = [
        "SET LOCAL enable_seqscan = off", "SET LOCAL enable_sort = off", "SET LOCAL enable_hashjoin = off",
        "SET LOCAL enable_mergejoin = off", "SET LOCAL jit = off",
    ]

    /// For other statements of the same transaction.
    package static let plannerDefaults: [SQL] = [
        "SET LOCAL enable_seqscan TO DEFAULT", "SET LOCAL enable_sort TO DEFAULT",
        "SET LOCAL enable_hashjoin TO DEFAULT", "SET LOCAL enable_mergejoin TO DEFAULT", "SET LOCAL jit TO DEFAULT",
    ]

    // MARK: Rows

    /// Endpoints in the order of their keys, from `key` on.
    package static func page(_ app: AppID, from key: Int64, limit: Int) -> SQL {
        """
        SELECT \(columns(twin: "coalesce(e.address_hash, \(hashOfAddress))"))
          FROM endpoints e
         WHERE e.app = \(app) AND e.endpoint_key >= \(key)
         ORDER BY e.endpoint_key
         LIMIT \(limit)
        """
    }

    /// Of `keys` those that exist, in any order.
    package static func rows(_ app: AppID, _ keys: [Int64]) -> SQL {
        """
        SELECT \(columns(twin: twinHash))
          FROM endpoints e
         WHERE e.app = \(app) AND e.endpoint_key = ANY (\(keys))
        """
    }

    /// Read by `ColumnRow.init(_:twins:)` of segment-service.
    private static func columns(twin: SQL) -> SQL {
        """
        e.endpoint_key, e.cohort, e.channel_type, e.effective_at, \(Reachability.refusal()) IS NULL, \(twin),
        e.attributes, e.user_attributes, e.metrics, e.demographic, e.location, e.address_hash IS NULL,
        ARRAY(SELECT m.segment FROM segment_members m
               WHERE m.endpoint_key = e.endpoint_key AND m.app IS NOT DISTINCT FROM e.app)
        """
    }

    /// Without a hash (no write of ours leaves an address so) the address stands for itself, as in an estimate by SQL.
    private static let hashOfAddress: SQL = "sha256(convert_to(e.address, 'UTF8'))"

    private static let twinHash: SQL = """
        CASE WHEN e.address_hash IS NULL THEN \(hashOfAddress)
             WHEN EXISTS (SELECT FROM endpoints o
                           WHERE o.address_hash = e.address_hash AND o.app IS NOT DISTINCT FROM e.app
                             AND o.endpoint_key <> e.endpoint_key) THEN e.address_hash END
        """

    /// Some endpoints' keys: from each place on, the next few; the keys are hashes, so that any place is as good.
    package static func keys(
        _ app: AppID, at places: [Int64], each count: Int, in session: Session
    ) async throws -> Set<Int64> {
        let rows = try await session.query(
            """
            SELECT k.endpoint_key
              FROM unnest(\(places)) AS p (place)
             CROSS JOIN LATERAL (
                   SELECT e.endpoint_key FROM endpoints e
                    WHERE e.app = \(app) AND e.endpoint_key >= p.place
                    ORDER BY e.endpoint_key
                    LIMIT \(count)) AS k
            """
        )
        return Set(try rows.map { try $0.get(0) as Int64 })
    }

    // MARK: Shared addresses

    /// Keys of all endpoints that share their address with another of the app.
    package static func twins(_ app: AppID, in session: Session) async throws -> Set<Int64> {
        // Here a scan is right.
        let rows = try await session.query(
            """
            SELECT array_agg(endpoint_key)
              FROM endpoints
             WHERE app = \(app) AND address_hash IS NOT NULL
             GROUP BY address_hash
            HAVING count(*) > 1
            """
        )
        var twins: Set<Int64> = []
        for row in rows { twins.formUnion(try row.get(0) as [Int64]) }
        return twins
    }

    /// Which other endpoints are to be read again because `changes` concern them: those that hold an address whose
    /// suppression changed, and those that were alone with an address until a changed endpoint took it.
    ///
    /// Where two or more of the unchanged share it they did so before. Who is alone again may stay marked: it counts once
    /// either way.
    package static func concerned(by changes: Changes, _ app: AppID) -> SQL {
        let keys = Array(changes.keys)
        return """
            SELECT min(s.endpoint_key)
              FROM (SELECT DISTINCT address_hash
                      FROM endpoints
                     WHERE app = \(app) AND endpoint_key = ANY (\(keys)) AND address_hash IS NOT NULL) AS a
             CROSS JOIN LATERAL (
                   SELECT o.endpoint_key
                     FROM endpoints o
                    WHERE o.address_hash = a.address_hash AND o.app IS NOT DISTINCT FROM \(app)
                      AND o.endpoint_key NOT IN (SELECT unnest(\(keys)))
                    LIMIT 2) AS s
             GROUP BY a.address_hash
            HAVING count(*) = 1
            UNION
            SELECT endpoint_key
              FROM endpoints
             WHERE address_hash = ANY (\(SQLBind.bytesArray(Array(changes.addresses)))) AND app IS NOT DISTINCT FROM \(app)
            """
    }

    // MARK: Events

    /// One row per type: its events at or after `start` of endpoints with keys in `keys`, in the weeks given.
    package static func events(_ app: AppID, in keys: ClosedRange<Int64>, weeks: [Day], from start: Instant) -> SQL {
        events(app, "e.endpoint_key BETWEEN \(keys.lowerBound) AND \(keys.upperBound)", weeks: weeks, from: start)
    }

    package static func events(_ app: AppID, of keys: [Int64], weeks: [Day], from start: Instant) -> SQL {
        events(app, "e.endpoint_key = ANY (\(keys))", weeks: weeks, from: start)
    }

    /// Week by week, so that each meets one partition, by the head of its primary key.
    private static func events(_ app: AppID, _ condition: SQL, weeks: [Day], from start: Instant) -> SQL {
        """
        SELECT a.type, array_agg(a.endpoint_key), array_agg(a.at)
          FROM unnest(\(SQLBind.dayArray(weeks))) AS w (week)
         CROSS JOIN LATERAL (
               SELECT e.type, e.endpoint_key, e.at
                 FROM events e
                WHERE e.week = w.week AND \(condition) AND e.app = \(app) AND e.at >= \(start)
               OFFSET 0) AS a
         GROUP BY a.type
        """
    }
}
