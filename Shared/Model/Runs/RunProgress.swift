package import Core
import PinpointAPI
package import Postgres

/// Runs that are on their way.
package enum RunProgress {
    /// Whether a scheduler has anything to look at: one cheap question per idle turn.
    package struct Outlook: Sendable {
        package var hasDue: Bool
        package var hasUnfinished: Bool
    }

    package static func outlook(now: Instant, in session: Session) async throws -> Outlook {
        let rows = try await session.query(
            """
            SELECT EXISTS (SELECT FROM campaigns WHERE next_due_at <= \(now) AND status IN \(RunStart.waiting)),
                   EXISTS (SELECT FROM runs WHERE state IN ('INITIALIZING', 'RUNNING')
                              AND (state = 'INITIALIZING' OR \(isClosed(at: now))))
            """
        )
        return Outlook(hasDue: try rows[0].get(0), hasUnfinished: try rows[0].get(1))
    }

    /// Whether all recipients of a run are known, or will be without anything happening outside.
    private static func isClosed(at now: Instant) -> SQL { "(open_until IS NULL OR open_until <= \(now))" }

    package struct Running: Sendable {
        package var key: RunKey
        /// `RunPlan` and, under `segment`, the resolved segment.
        package var frozen: JSON
        package var startedAt: Instant
    }

    /// Runs whose members are not all in chunks, oldest first, at most `limit`.
    package static func toFanOut(excluding: [RunID], limit: Int, in session: Session) async throws -> [Running] {
        let rows = try await session.query(
            """
            SELECT app, id, campaign, frozen, started_at FROM runs
             WHERE state = 'RUNNING' AND NOT fanned_out AND id <> ALL (\(excluding))
             ORDER BY started_at
             LIMIT \(limit)
            """
        )
        return try rows.map { row in
            Running(
                key: RunKey(app: try row.get(0), run: try row.get(1), campaign: try row.get(2)),
                frozen: try row.get(3),
                startedAt: try row.get(4)
            )
        }
    }

    // MARK: Completion

    /// Runs that seem to have an outcome for every recipient.
    package static func finished(limit: Int, now: Instant, in session: Session) async throws -> [RunKey] {
        let rows = try await session.query(
            """
            SELECT app, id, campaign FROM runs r
             WHERE state = 'RUNNING' AND fanned_out AND \(isClosed(at: now))
               AND NOT EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id)
             ORDER BY started_at
             LIMIT \(limit)
            """
        )
        return try rows.map { RunKey(app: try $0.get(0), run: try $0.get(1), campaign: try $0.get(2)) }
    }

    /// Completes a run whose recipients all have an outcome, and its campaign when nothing else of it is to come;
    /// one that repeats waits for its next run. False when
    /// the run has work left, or was cancelled meanwhile.
    package static func complete(_ key: RunKey, now: Instant, in session: Session) async throws -> Bool {
        // The campaign first, as everybody who locks both (CampaignStore).
        try await session.execute("SELECT 1 FROM campaigns WHERE app = \(key.app) AND id = \(key.campaign) FOR UPDATE")
        let completed = try await session.execute(
            """
            UPDATE runs r SET state = 'COMPLETED', result = 'SUCCESS', ended_at = \(now)
             WHERE r.app = \(key.app) AND r.id = \(key.run) AND r.state = 'RUNNING' AND r.fanned_out
               AND \(isClosed(at: now))
               AND NOT EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id)
            """
        )
        guard completed == 1 else { return false }
        try await session.execute(restCampaign(key))
        return true
    }

    /// After a run ended: its campaign is complete, or waits for its next occurrence, unless another run of it is on its way.
    /// One that events start is on until its own end, whatever becomes of a day's run.
    static func restCampaign(_ key: RunKey) -> SQL {
        """
        UPDATE campaigns c SET status = CASE WHEN next_due_at IS NULL THEN 'COMPLETED' ELSE 'PENDING_NEXT_RUN' END
         WHERE c.app = \(key.app) AND c.id = \(key.campaign) AND c.status = 'EXECUTING'
           AND (c.frequency <> \(Frequency.event.rawValue) OR c.next_due_at IS NULL)
           AND NOT EXISTS (SELECT FROM runs r WHERE r.app = c.app AND r.campaign = c.id
                              AND r.state IN ('INITIALIZING', 'RUNNING'))
        """
    }
}

/// Names a run and the campaign it belongs to.
package struct RunKey: Sendable, Hashable {
    package var app: AppID
    package var run: RunID
    package var campaign: CampaignID

    package init(app: AppID, run: RunID, campaign: CampaignID) {
        self.app = app
        self.run = run
        self.campaign = campaign
    }
}
