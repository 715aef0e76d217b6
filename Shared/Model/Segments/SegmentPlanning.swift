package import Core
package import Postgres

/// How a statement over the members of a segment is planned.
package enum SegmentPlanning {
    /// Plans what follows in the transaction for its own names and values. One text serves every segment of a shape, and a
    /// plan made for all of them could use no index on an attribute and would not know how rare a value is.
    static let forThisSegment: SQL = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"

    /// One round trip, inside a transaction or in one of its own.
    package static func query(_ statement: SQL, in session: Session) async throws -> [Row] {
        try await session.batch([forThisSegment, statement])[1]
    }
}
