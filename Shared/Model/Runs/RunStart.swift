package import Core
package import Postgres

/// The rows of a run from its schedule to the first recipient.
package enum RunStart {
    /// A run that has been claimed by its unique row but is not frozen yet.
    package struct Initializing: Sendable {
        package var app: AppID
        package var run: RunID
        package var runDay: Day
        package var campaign: CampaignID
        package var campaignVersion: Int
        package var scheduledAt: Instant
        package var startedAt: Instant
        /// The campaign's WriteCampaignRequest as stored.
        package var definition: JSON
    }

    /// Starts the next occurrence of one due campaign. Two schedulers never start the same one: the campaign's row is locked
    /// here, and the occurrence is unique besides. False when nothing is due.
    package static func claimDue(now: Instant, newRun: RunID, in session: Session) async throws -> Bool {
        let due = try await session.query(
            """
            SELECT app, id, version, next_due_at FROM campaigns
             WHERE next_due_at <= \(now) AND status = 'SCHEDULED' AND deleted_at IS NULL
             ORDER BY next_due_at
             LIMIT 1
               FOR UPDATE SKIP LOCKED
            """
        )
        guard let row = due.first else { return false }
        let app: AppID = try row.get(0)
        let campaign: CampaignID = try row.get(1)
        let version: Int32 = try row.get(2)
        let scheduledAt: Instant = try row.get(3)
        try await session.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at)
            VALUES (\(app), \(newRun), \(campaign), \(version), \(scheduledAt.description), \(now.day), 'INITIALIZING',
                    '{}', \(scheduledAt), \(now))
            ON CONFLICT (app, campaign, occurrence) DO NOTHING
            """
        )
        try await session.execute(
            """
            UPDATE campaigns SET status = 'EXECUTING', next_due_at = NULL WHERE app = \(app) AND id = \(campaign)
            """
        )
        return true
    }

    /// Oldest first, at most `limit`.
    package static func initializing(limit: Int, in session: Session) async throws -> [Initializing] {
        let rows = try await session.query(
            """
            SELECT r.app, r.id, r.run_day, r.campaign, r.campaign_version, r.scheduled_at, r.started_at, v.definition
              FROM runs r
              JOIN campaign_versions v ON v.app = r.app AND v.id = r.campaign AND v.version = r.campaign_version
             WHERE r.state = 'INITIALIZING'
             ORDER BY r.started_at
             LIMIT \(limit)
            """
        )
        return try rows.map { row in
            let version: Int32 = try row.get(4)
            return Initializing(
                app: try row.get(0),
                run: try row.get(1),
                runDay: try row.get(2),
                campaign: try row.get(3),
                campaignVersion: Int(version),
                scheduledAt: try row.get(5),
                startedAt: try row.get(6),
                definition: try row.get(7)
            )
        }
    }

    /// Freezes what the run will send and to whom. A no-op when another scheduler was first, or the run was cancelled.
    package static func freeze(_ plan: RunPlan, segment: JSON, in session: Session) async throws {
        guard var frozen = plan.json.object else { return }
        frozen["segment"] = segment
        try await session.execute(
            """
            UPDATE runs SET frozen = \(SQLBind.jsonb(JSON.object(frozen).serialized)), state = 'RUNNING'
             WHERE app = \(plan.app) AND id = \(plan.run) AND state = 'INITIALIZING'
            """
        )
    }

    /// The run cannot be made: its segment or template is gone. The campaign is INVALID until it is edited.
    package static func refuse(_ run: Initializing, now: Instant, in session: Session) async throws {
        let refused = try await session.execute(
            """
            UPDATE runs SET state = 'CANCELLED', result = 'FAIL', ended_at = \(now)
             WHERE app = \(run.app) AND id = \(run.run) AND state = 'INITIALIZING'
            """
        )
        guard refused == 1 else { return }
        try await session.execute(
            """
            UPDATE campaigns SET status = 'INVALID' WHERE app = \(run.app) AND id = \(run.campaign) AND status = 'EXECUTING'
            """
        )
    }
}
