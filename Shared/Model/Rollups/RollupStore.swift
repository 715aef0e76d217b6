package import Core
package import Postgres

/// Counts per (source, run, treatment, event type, minute), fed from the change log.
package enum RollupStore {
    /// Change-log rows of one step: bounds the transaction.
    package static let rowsPerStep = 5000
    /// Consumed rows are kept this long, so that a person can look at what was counted.
    private static let keep: Duration = .seconds(3600)

    /// Adds one batch of deltas and moves the cursor, in one transaction; returns how many rows it read.
    ///
    /// Reads only rows of transactions older than every running one: ids are given before commits happen, so without that
    /// bound a late commit would be skipped for ever. The lock on the cursor's row makes one consumer active at a time.
    package static func step(in session: Session) async throws -> Int {
        try await session.execute(
            "INSERT INTO change_cursors (consumer, xid, id) VALUES (\(consumer), '0', 0) ON CONFLICT DO NOTHING"
        )
        let cursors = try await session.query(
            "SELECT xid::text, id FROM change_cursors WHERE consumer = \(consumer) FOR UPDATE"
        )
        let xid: String = try cursors[0].get(0)
        let id: Int64 = try cursors[0].get(1)
        let rows = try await session.query(
            """
            WITH batch AS MATERIALIZED (
                SELECT xid, id, app, deltas FROM change_log
                 WHERE (xid, id) > (\(xid)::xid8, \(id)) AND xid < pg_snapshot_xmin(pg_current_snapshot())
                 ORDER BY xid, id
                 LIMIT \(rowsPerStep)),
            added AS (
                INSERT INTO rollups (app, source, source_id, run, treatment, type, minute, n, uniques)
                SELECT b.app, d.source, d.id::uuid, coalesce(d.run::uuid, \(noRun)), coalesce(d.treatment, ''), d.type,
                       to_timestamp(d.minute * 60), sum(d.n), sum(coalesce(d."unique", 0))
                  FROM batch b,
                       jsonb_to_recordset(b.deltas) AS d (source text, id text, run text, treatment text, type text,
                                                          minute bigint, n bigint, "unique" bigint)
                 GROUP BY 1, 2, 3, 4, 5, 6, 7
                ON CONFLICT (app, source, source_id, run, treatment, type, minute) DO UPDATE
                   SET n = rollups.n + excluded.n, uniques = rollups.uniques + excluded.uniques),
            moved AS (
                UPDATE change_cursors c SET xid = l.xid, id = l.id
                  FROM (SELECT xid, id FROM batch ORDER BY xid DESC, id DESC LIMIT 1) AS l
                 WHERE c.consumer = \(consumer))
            SELECT count(*) FROM batch
            """
        )
        return try rows[0].get(0)
    }

    /// Removes consumed rows that are old enough, a bounded number at a time; returns how many. What is gone is noted in
    /// `change_log_floor`, for followers that keep no cursor.
    package static func prune(now: Instant, in session: Session) async throws -> Int {
        let rows = try await session.query(
            """
            WITH pruned AS (
                DELETE FROM change_log WHERE id IN (
                    SELECT l.id FROM change_log l
                     WHERE (l.xid, l.id) <= (SELECT xid, id FROM change_cursors ORDER BY xid, id LIMIT 1)
                       AND l.at < \(now - keep)
                     ORDER BY l.xid, l.id
                     LIMIT \(rowsPerStep))
                RETURNING xid),
            noted AS (
                UPDATE change_log_floor f SET xid = p.xid
                  FROM (SELECT xid FROM pruned ORDER BY xid DESC LIMIT 1) AS p
                 WHERE p.xid > f.xid)
            SELECT count(*) FROM pruned
            """
        )
        return try rows[0].get(0)
    }

    /// Whether everything that was committed before this call has been counted.
    package static func isCurrent(in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT NOT EXISTS (
                SELECT FROM change_log l
                 WHERE (l.xid, l.id) > (SELECT xid, id FROM change_cursors WHERE consumer = \(consumer)))
               AND EXISTS (SELECT FROM change_cursors WHERE consumer = \(consumer))
            """
        )
        return try rows[0].get(0)
    }

    private static let consumer = "rollups"
    /// Deltas that belong to no run.
    package static let noRun = RunID(high: 0, low: 0)
}
