package import Core
package import Postgres

/// Runs that are on their way.
package enum RunProgress {
    package struct Running: Sendable {
        package var plan: RunPlan
        package var segment: JSON
        package var startedAt: Instant
    }

    /// Runs whose members are not all in chunks, oldest first, at most `limit`.
    package static func toFanOut(limit: Int, in session: Session) async throws -> [Running] {
        let rows = try await session.query(
            """
            SELECT frozen, started_at FROM runs WHERE state = 'RUNNING' AND NOT fanned_out
             ORDER BY started_at LIMIT \(limit)
            """
        )
        return try rows.map { row in
            let frozen: JSON = try row.get(0)
            guard let segment = frozen["segment"] else { throw Fault(.integrity, "a run has no frozen segment") }
            return Running(plan: try RunPlan(json: frozen), segment: segment, startedAt: try row.get(1))
        }
    }

    /// Completes every run whose recipients all have an outcome, and its campaign when that was the last occurrence.
    package static func completeFinished(now: Instant, in session: Session) async throws -> Int {
        let finished = try await session.query(
            """
            UPDATE runs r SET state = 'COMPLETED', result = 'SUCCESS', ended_at = \(now)
             WHERE r.state = 'RUNNING' AND r.fanned_out
               AND NOT EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id)
            RETURNING r.app, r.campaign
            """
        )
        for row in finished {
            let app: AppID = try row.get(0)
            let campaign: CampaignID = try row.get(1)
            try await session.execute(
                """
                UPDATE campaigns SET status = 'COMPLETED'
                 WHERE app = \(app) AND id = \(campaign) AND status = 'EXECUTING' AND next_due_at IS NULL
                """
            )
        }
        return finished.count
    }
}
