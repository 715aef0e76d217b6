package import Core
package import Postgres

/// How far a follower has read the change log: it knows of every transaction that this snapshot sees.
///
/// Not the place of the last row read, as roll-ups keep it: they may read only what is older than every running
/// transaction, and wait while somebody's long one runs. What a follower reads twice does no harm, so that it reads whatever
/// is visible, and the snapshot says what to leave out next time.
package struct ChangePosition: Sendable, Equatable {
    /// Postgres' text of a `pg_snapshot`.
    let snapshot: String
}

/// What the transactions between two positions touched in one app.
package struct Changes: Sendable, Equatable {
    /// Endpoints whose row, import membership or events changed.
    package var keys: Set<Int64> = []
    /// Mondays of the weeks in which events of `keys` came or went; nil: it may be any.
    package var weeks: Set<Day>? = []
    /// Addresses whose suppression changed.
    package var addresses: Set<[UInt8]> = []

    package init() {}

    package var isEmpty: Bool { keys.isEmpty && addresses.isEmpty }
}

/// One page of the log.
package struct ChangePage: Sendable {
    package struct Cursor: Sendable {
        let xid: String
        let id: Int64
    }

    package var changes: Changes
    /// Where the reading transaction stands; what follows `next` belongs to it too.
    package var position: ChangePosition
    /// Nil on the last page.
    package var next: Cursor?
}

/// Reads `change_log` for followers that keep no cursor in the database.
package enum ChangeFeed {
    /// The present. Whatever is read from the tables afterwards and not changed in the log since this position is up to date.
    package static func position(in session: Session) async throws -> ChangePosition {
        let rows = try await session.query("SELECT pg_current_snapshot()::text")
        return ChangePosition(snapshot: try rows[0].get(0))
    }

    /// What became visible between `position` and the session's snapshot. The session is in a repeatable-read transaction:
    /// pages, and what is read from the tables for them, have to see the same.
    ///
    /// Nil when rows behind `position` may have been pruned, or the server's past is another than then (a restored
    /// backup): start again from the tables.
    package static func read(
        _ app: AppID,
        since position: ChangePosition,
        after cursor: ChangePage.Cursor? = nil,
        limit: Int,
        in session: Session
    ) async throws -> ChangePage? {
        let known = position.snapshot
        let results = try await session.batch([
            // A plan made while the table is empty would read all of it for good.
            "SET LOCAL enable_seqscan = off",
            """
            SELECT pg_current_snapshot()::text,
                   f.xid >= pg_snapshot_xmin(\(known)::pg_snapshot)
                   OR pg_snapshot_xmin(pg_current_snapshot()) < pg_snapshot_xmin(\(known)::pg_snapshot)
              FROM change_log_floor f
            """,
            """
            SELECT c.xid::text, c.id, c.endpoint_keys, c.weeks, c.address_hashes
              FROM change_log c
             WHERE c.app = \(app) AND c.xid >= pg_snapshot_xmin(\(known)::pg_snapshot)
               AND NOT pg_visible_in_snapshot(c.xid, \(known)::pg_snapshot)
               AND (c.xid, c.id) > (\(cursor?.xid ?? "0")::xid8, \(cursor?.id ?? -1))
               AND (c.endpoint_keys <> '{}' OR c.address_hashes <> '{}')
             ORDER BY c.xid, c.id
             LIMIT \(limit)
            """,
        ])
        guard let state = results[1].first, try !state.get(1) else { return nil }
        var changes = Changes()
        for row in results[2] { try changes.add(row) }
        return ChangePage(
            changes: changes,
            position: ChangePosition(snapshot: try state.get(0)),
            next: results[2].count < limit
                ? nil : try results[2].last.map { ChangePage.Cursor(xid: try $0.get(0), id: try $0.get(1)) }
        )
    }
}

extension Changes {
    fileprivate mutating func add(_ row: Row) throws(SQLFault) {
        let (more, hashes): ([Int64], [[UInt8]]) = (try row.get(2), try row.get(4))
        let days: [Day]? = try row.get(3)
        keys.formUnion(more)
        addresses.formUnion(hashes)
        if let days { weeks?.formUnion(days) } else if !more.isEmpty { weeks = nil }
    }

    /// Takes the changes of the next page in.
    package mutating func add(_ other: Changes) {
        keys.formUnion(other.keys)
        addresses.formUnion(other.addresses)
        if let more = other.weeks { weeks?.formUnion(more) } else { weeks = nil }
    }
}
