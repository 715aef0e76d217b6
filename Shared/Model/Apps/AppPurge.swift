package import Core
package import Postgres

/// Deletes what a deleted app has left behind, in transactions of bounded size: neither locks nor write-ahead log grow with
/// the app. Idempotent; two processes that purge one app only share the work, and a killed one starts again.
package enum AppPurge {
    /// Caches elsewhere take a deleted app for alive for some seconds and may still write to it.
    package static let grace: Duration = .seconds(60)
    private static let rowsPerBatch = 5000
    /// 16 MB of a partition; these tables have no index by app.
    private static let blocksPerBatch: Int64 = 2048

    /// Jobs go first, so that nothing more is sent; what jobs read goes after them.
    private static let tables: [SQL] = [
        "jobs", "run_chunks", "run_zones", "runs", "campaign_schedules", "campaign_versions", "campaigns",
        "segment_versions", "segments", "channels", "endpoints", "users", "suppressions", "cap_reservations",
        "engagements", "rollups", "access_keys",
        "send_receipts", "inbound_calls", "inbound_parts", "channel_providers",
        "conversations", "conversation_messages", "reply_rules", "reply_rule_tokens", "surveys", "survey_sessions",
        "reply_keywords", "opt_out_lists", "sender_numbers", "opt_outs", "reply_reviews",
        "segment_members", "user_merges", "attribute_names", "attribute_blacklists", "rate_buckets",
    ]

    /// The app that has waited longest; nil when there is none.
    package static func next(now: Instant, in database: Database) async throws -> AppID? {
        let rows = try await database.query(
            "SELECT id FROM apps WHERE deleted_at <= \(now - grace) ORDER BY deleted_at, id LIMIT 1"
        )
        return try rows.first?.get(0)
    }

    /// Everything of the app, and at last its own row. Returns how many rows went. Cancellation ends it between two batches.
    @discardableResult
    package static func purge(_ app: AppID, in database: Database) async throws -> Int {
        var count = 0
        for table in tables { count += try await purge(table, of: app, in: database) }
        count += try await purgePartitions("events", parent: "events", key: "week", of: app, in: database)
        count += try await purgePartitions(
            "send_outcomes", parent: "send_outcomes", key: "run_day", of: app, in: database)
        count += try await database.execute("DELETE FROM tags WHERE starts_with(arn, \("apps/\(app)/"))")
        count += try await database.execute("DELETE FROM apps WHERE id = \(app) AND deleted_at IS NOT NULL")
        return count
    }

    /// Again until a batch finds nothing: a row that was just being updated is not in the batch that met it.
    private static func purge(_ table: SQL, of app: AppID, in database: Database) async throws -> Int {
        var count = 0
        while true {
            try Task.checkCancellation()
            let deleted = try await database.retryingTransaction { session in
                try await session.execute(
                    """
                    DELETE FROM \(table)
                     WHERE ctid = ANY (ARRAY (SELECT ctid FROM \(table) WHERE app = \(app) LIMIT \(rowsPerBatch)))
                    """
                )
            }
            count += deleted
            if deleted == 0 { return count }
        }
    }

    /// One pass over each partition by ranges of its blocks.
    private static func purgePartitions(
        _ table: SQL, parent: String, key: SQL, of app: AppID, in database: Database
    ) async throws -> Int {
        let partitions = try await database.query(
            """
            SELECT substring(pg_get_expr(c.relpartbound, c.oid) from '''([0-9-]+)''')::date,
                   pg_relation_size(c.oid) / current_setting('block_size')::bigint
              FROM pg_inherits i
              JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = \(parent)::regclass
             ORDER BY 1
            """
        )
        var count = 0
        for partition in partitions {
            let (day, blocks): (Day, Int64) = (try partition.get(0), try partition.get(1))
            for start in stride(from: 0, to: blocks, by: Int64.Stride(blocksPerBatch)) {
                try Task.checkCancellation()
                let (first, end) = ("(\(start),0)", "(\(start + blocksPerBatch),0)")
                count += try await database.retryingTransaction { session in
                    try await session.execute(
                        """
                        DELETE FROM \(table)
                         WHERE \(key) = \(day) AND app = \(app) AND ctid >= \(first)::tid AND ctid < \(end)::tid
                        """
                    )
                }
            }
        }
        return count
    }
}
