package import Core
import PinpointAPI
package import Postgres

/// The rows of a run from its schedule to the first recipient.
package enum RunStart {
    /// A run that has been claimed by its unique row but is not frozen yet.
    package struct Initializing: Sendable {
        package var app: AppID
        /// The app's: templates belong to it.
        package var account: String
        package var run: RunID
        package var runDay: Day
        package var campaign: CampaignID
        package var campaignVersion: Int
        package var scheduledAt: Instant
        package var startedAt: Instant
        /// The campaign's WriteCampaignRequest as stored, with the Schedule of the treatments that run.
        package var definition: JSON
        /// When that version was written.
        package var writtenAt: Instant
        /// That run; nil: all.
        package var treatments: [Int16]?

        package var key: RunKey { RunKey(app: app, run: run, campaign: campaign) }
    }

    /// `runs.occurrence`: unique per campaign. `group`: see `ScheduleGroup.id`.
    package static func occurrence(_ scheduledAt: Instant, group: Int16 = 0) -> String {
        group == 0 ? scheduledAt.description : "\(scheduledAt) \(group)"
    }

    /// States in which a campaign may have an occurrence to come.
    static let waiting: SQL = "('SCHEDULED', 'PENDING_NEXT_RUN', 'EXECUTING')"

    /// `runs.result` of an occurrence that no scheduler was up for, or not in time.
    static let missed = "MISSED"

    /// Oldest first, at most `limit`.
    package static func initializing(
        excluding: [RunID],
        limit: Int,
        in session: Session
    ) async throws -> [Initializing] {
        let rows = try await session.query(
            """
            SELECT r.app, r.id, r.run_day, r.campaign, r.campaign_version, r.scheduled_at, r.started_at, v.definition, a.account,
                   v.created_at, r.treatments
              FROM runs r
              JOIN campaign_versions v ON v.app = r.app AND v.id = r.campaign AND v.version = r.campaign_version
              JOIN apps a ON a.id = r.app
             WHERE r.state = 'INITIALIZING' AND r.id <> ALL (\(excluding))
             ORDER BY r.started_at
             LIMIT \(limit)
            """
        )
        return try rows.map { row in
            let treatments: [Int16]? = try row.get(10)
            return Initializing(
                app: try row.get(0),
                account: try row.get(8),
                run: try row.get(1),
                runDay: try row.get(2),
                campaign: try row.get(3),
                campaignVersion: try row.get(4),
                scheduledAt: try row.get(5),
                startedAt: try row.get(6),
                definition: scheduled(try row.get(7), treatments),
                writtenAt: try row.get(9),
                treatments: treatments
            )
        }
    }

    private static func scheduled(_ definition: JSON, _ treatments: [Int16]?) -> JSON {
        guard let group = treatments?.first(where: { $0 != Arms.holdout }), group > 0, var object = definition.object,
            let schedule = ScheduleGroup.schedule(of: group, in: definition)
        else { return definition }
        object["Schedule"] = schedule
        return .object(object)
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

    /// The run cannot be made, or not be carried on: its segment or template is gone, or its rows cannot be read. The campaign
    /// is INVALID until it is edited; recipients that are in jobs already end as `suppressed(CANCELLED)`. The occurrence is free
    /// again: the corrected campaign may start it.
    package static func refuse(_ key: RunKey, now: Instant, in session: Session) async throws {
        // The campaign first, as everybody who locks both (CampaignStore).
        try await session.execute("SELECT 1 FROM campaigns WHERE app = \(key.app) AND id = \(key.campaign) FOR UPDATE")
        let refused = try await session.execute(
            """
            UPDATE runs SET state = 'CANCELLED', result = 'FAIL', ended_at = \(now), occurrence = 'refused ' || id
             WHERE app = \(key.app) AND id = \(key.run) AND state IN ('INITIALIZING', 'RUNNING')
            """
        )
        guard refused == 1 else { return }
        try await session.execute(
            """
            UPDATE campaigns SET status = 'INVALID'
             WHERE app = \(key.app) AND id = \(key.campaign) AND status = 'EXECUTING'
            """
        )
    }
}
