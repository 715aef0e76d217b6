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
        /// The campaign's WriteCampaignRequest as stored.
        package var definition: JSON

        package var key: RunKey { RunKey(app: app, run: run, campaign: campaign) }
    }

    /// `runs.occurrence`: unique per campaign.
    package static func occurrence(_ scheduledAt: Instant) -> String { scheduledAt.description }

    /// States in which a campaign may have an occurrence to come.
    static let waiting: SQL = "('SCHEDULED', 'PENDING_NEXT_RUN', 'EXECUTING')"

    /// `runs.result` of an occurrence that no scheduler was up for, or not in time.
    static let missed = "MISSED"

    /// Takes one campaign that is due and starts its occurrence, or records it as missed. Two schedulers never start the same one:
    /// the campaign's row is locked here, and the occurrence is unique besides. False when nothing is due.
    package static func claimDue(now: Instant, newRun: RunID, in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT c.app, c.id, c.version, c.next_due_at, c.frequency, c.first_at, c.ends_at, v.created_at
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id AND v.version = c.version
             WHERE c.next_due_at <= \(now) AND c.status IN \(waiting) AND c.deleted_at IS NULL
               AND c.frequency <> \(Frequency.inAppEvent.rawValue)
             ORDER BY c.next_due_at
             LIMIT 1
               FOR UPDATE OF c SKIP LOCKED
            """
        )
        guard let row = rows.first else { return false }
        let claim = Claim(app: try row.get(0), campaign: try row.get(1), version: try row.get(2), now: now)
        let word: String = try row.get(4)
        guard let frequency = Frequency(rawValue: word) else {
            throw Fault(.integrity, "campaign \(claim.campaign) has the unknown frequency \(word)")
        }
        let (first, end): (Instant?, Instant?) = (try row.get(5), try row.get(6))
        let recurrence = frequency.period.flatMap { period in
            first.map { CampaignRecurrence(period, first: $0, end: end) }
        }
        let due = DueOccurrences(
            due: try row.get(3), frequency: frequency, recurrence: recurrence, writtenAt: try row.get(7), now: now)
        if let missed = due.missed { try await session.execute(claim.record(missed, beside: newRun)) }
        if let run = due.run { try await session.execute(claim.start(run, newRun)) }
        // An occurrence that ran before is not run again, and must not leave its campaign executing for ever.
        try await session.execute(
            """
            UPDATE campaigns c
               SET next_due_at = \(due.next),
                   status = CASE WHEN EXISTS (SELECT FROM runs r WHERE r.app = c.app AND r.campaign = c.id
                                                 AND r.state IN ('INITIALIZING', 'RUNNING')) THEN 'EXECUTING'
                                 WHEN \(due.next != nil) THEN 'PENDING_NEXT_RUN'
                                 ELSE 'COMPLETED' END
             WHERE c.app = \(claim.app) AND c.id = \(claim.campaign)
            """
        )
        return true
    }

    private struct Claim {
        let app: AppID
        let campaign: CampaignID
        let version: Int32
        let now: Instant

        func start(_ occurrence: Instant, _ run: RunID) -> SQL {
            insert(run, occurrence, state: "INITIALIZING", result: nil, ended: nil, frozen: [:])
        }

        /// One row for all that were missed in a row, under the last of them. The ids next to the run's are its treatments'.
        func record(_ missed: DueOccurrences.Missed, beside run: RunID) -> SQL {
            insert(
                RunID(high: run.high, low: run.low &+ 16), missed.last, state: "CANCELLED", result: RunStart.missed,
                ended: now,
                frozen: ["missed": .integer(Int64(missed.count))])
        }

        private func insert(
            _ run: RunID,
            _ at: Instant,
            state: String,
            result: String?,
            ended: Instant?,
            frozen: JSONObject
        ) -> SQL {
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, result, frozen, scheduled_at,
                              started_at, ended_at)
            VALUES (\(app), \(run), \(campaign), \(version), \(RunStart.occurrence(at)), \(now.day), \(state), \(result),
                    \(SQLBind.jsonb(JSON.object(frozen).serialized)), \(at), \(now), \(ended))
            ON CONFLICT (app, campaign, occurrence) DO NOTHING
            """
        }
    }

    /// Oldest first, at most `limit`.
    package static func initializing(
        excluding: [RunID],
        limit: Int,
        in session: Session
    ) async throws -> [Initializing] {
        let rows = try await session.query(
            """
            SELECT r.app, r.id, r.run_day, r.campaign, r.campaign_version, r.scheduled_at, r.started_at, v.definition, a.account
              FROM runs r
              JOIN campaign_versions v ON v.app = r.app AND v.id = r.campaign AND v.version = r.campaign_version
              JOIN apps a ON a.id = r.app
             WHERE r.state = 'INITIALIZING' AND r.id <> ALL (\(excluding))
             ORDER BY r.started_at
             LIMIT \(limit)
            """
        )
        return try rows.map { row in
            Initializing(
                app: try row.get(0),
                account: try row.get(8),
                run: try row.get(1),
                runDay: try row.get(2),
                campaign: try row.get(3),
                campaignVersion: try row.get(4),
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

    /// The run cannot be made, or not be carried on: its segment or template is gone, or its rows cannot be read. The campaign
    /// is INVALID until it is edited; recipients that are in jobs already end as `suppressed(CANCELLED)`.
    package static func refuse(_ key: RunKey, now: Instant, in session: Session) async throws {
        // The campaign first, as everybody who locks both (CampaignStore).
        try await session.execute("SELECT 1 FROM campaigns WHERE app = \(key.app) AND id = \(key.campaign) FOR UPDATE")
        let refused = try await session.execute(
            """
            UPDATE runs SET state = 'CANCELLED', result = 'FAIL', ended_at = \(now)
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
