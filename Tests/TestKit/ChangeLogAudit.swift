import Core
package import Postgres

/// Holds every writer to the change log: whatever changes endpoints, events, suppressions or import memberships has to name
/// them there in the same transaction, or an index that follows the log is wrong for good.
///
/// Triggers note each changed row with its transaction; `violations` are those that no row of the log names. A deleted app is
/// left out: its rows go without a word, and nobody can ask about them.
package enum ChangeLogAudit {
    package static func install(in database: Database) async throws {
        for statement in statements { try await database.execute(statement) }
    }

    private static let statements: [SQL] = [
        """
        CREATE TABLE audited (
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(), source text NOT NULL, operation text NOT NULL,
            app uuid NOT NULL, key bigint, hash bytea, week date)
        """,
        """
        CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE changed jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
        BEGIN
            IF TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW THEN
                INSERT INTO audited (source, operation, app, key, hash, week)
                VALUES (TG_ARGV[0], TG_OP, (changed->>'app')::uuid, (changed->>'endpoint_key')::bigint,
                        CASE TG_ARGV[0] WHEN 'suppressions' THEN (changed->>'address_hash')::bytea END,
                        (changed->>'week')::date);
            END IF;
            RETURN NULL;
        END $$
        """,
        "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON endpoints FOR EACH ROW EXECUTE FUNCTION audit('endpoints')",
        "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION audit('events')",
        """
        CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON suppressions
        FOR EACH ROW EXECUTE FUNCTION audit('suppressions')
        """,
        """
        CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON segment_members
        FOR EACH ROW EXECUTE FUNCTION audit('segment_members')
        """,
    ]

    /// What was changed without a word, as sentences; empty is good.
    package static func violations(in database: Database) async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT DISTINCT a.source, a.operation
              FROM audited a
             WHERE NOT EXISTS (
                   SELECT FROM change_log l
                    WHERE l.xid = a.xid AND l.app = a.app
                      AND (a.hash IS NULL OR a.hash = ANY (l.address_hashes))
                      AND (a.key IS NULL OR a.key = ANY (l.endpoint_keys))
                      AND (a.week IS NULL OR l.weeks IS NULL OR a.week = ANY (l.weeks)))
               AND EXISTS (SELECT FROM apps WHERE apps.id = a.app AND deleted_at IS NULL)
             ORDER BY 1, 2
            """
        )
        return try rows.map { "\(try $0.get(1) as String) on \(try $0.get(0) as String) without a line in change_log" }
    }

    /// By table, how many changes were seen: an audit of nothing proves nothing.
    package static func seen(in database: Database) async throws -> [String: Int] {
        var seen: [String: Int] = [:]
        for row in try await database.query("SELECT source, count(*) FROM audited GROUP BY source") {
            seen[try row.get(0)] = try row.get(1)
        }
        return seen
    }
}
