package import Core
package import Postgres

/// Reading runs. Starting, fanning out and finishing them is the scheduler's.
package enum RunStore {
    /// Whose a run is; nil when it or its app is gone.
    package static func app(of run: RunID, in session: Session) async throws -> AppID? {
        let rows = try await session.query(
            "SELECT r.app FROM runs r JOIN apps a ON a.id = r.app AND a.deleted_at IS NULL WHERE r.id = \(run)")
        return try rows.first?.get(0)
    }

    /// The frozen plan, or nil when there is no such run in the app.
    package static func plan(_ app: AppID, run: RunID, in session: Session) async throws -> RunPlan? {
        let rows = try await session.query("SELECT frozen FROM runs WHERE app = \(app) AND id = \(run)")
        guard let row = rows.first else { return nil }
        return try RunPlan(json: try row.get(0))
    }

    /// One row, one column: whether the run was cancelled. For pipelining with the gate's other reads.
    package static func isCancelled(_ app: AppID, run: RunID) -> SQL {
        "SELECT state = 'CANCELLED' FROM runs WHERE app = \(app) AND id = \(run)"
    }
}
