package import Core
import PinpointAPI
package import Postgres

extension RunStart {
    /// Takes one campaign that is due and starts its occurrence, or records it as missed. Two schedulers never start the same one:
    /// the campaign's row is locked here, and the occurrence is unique besides. False when nothing is due.
    package static func claimDue(now: Instant, newRun: RunID, in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            SELECT c.app, c.id, c.version, v.created_at
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id AND v.version = c.version
             WHERE c.next_due_at <= \(now) AND c.status IN \(waiting) AND c.deleted_at IS NULL
               AND c.frequency NOT IN (\(Frequency.inAppEvent.rawValue), \(Frequency.event.rawValue))
             ORDER BY c.next_due_at
             LIMIT 1
               FOR UPDATE OF c SKIP LOCKED
            """
        )
        guard let row = rows.first else { return false }
        let claim = Claim(app: try row.get(0), campaign: try row.get(1), version: try row.get(2), now: now)
        if let group = try await claim.dueGroup(in: session) {
            let due = group.due(writtenAt: try row.get(3), now: now)
            if let missed = due.missed { try await session.execute(claim.record(missed, of: group, beside: newRun)) }
            if let run = due.run { try await session.execute(claim.start(run, of: group, newRun)) }
            try await session.execute(
                """
                UPDATE campaign_schedules SET next_due_at = \(due.next)
                 WHERE app = \(claim.app) AND campaign = \(claim.campaign) AND treatment = \(group.id)
                """
            )
        }
        try await session.execute(claim.moveOn)
        return true
    }
}

/// One campaign in a scheduler's hands.
private struct Claim {
    let app: AppID
    let campaign: CampaignID
    let version: Int32
    let now: Instant

    /// Treatments with one schedule, whose time has come.
    struct Group {
        let treatments: [Int16]
        /// Nobody has another schedule.
        let isWhole: Bool
        let frequency: Frequency
        let nextDue: Instant
        let recurrence: CampaignRecurrence?
        let isLocal: Bool

        var id: Int16 { treatments.first { $0 != Arms.holdout } ?? 0 }

        func due(writtenAt: Instant, now: Instant) -> DueOccurrences {
            DueOccurrences(
                due: nextDue, frequency: frequency, recurrence: recurrence, isLocal: isLocal, writtenAt: writtenAt,
                now: now)
        }
    }

    /// The first that is due.
    func dueGroup(in session: Session) async throws -> Group? {
        let rows = try await session.query(
            """
            SELECT treatments, frequency, next_due_at, first_at, ends_at, clock_minutes, is_local,
                   NOT EXISTS (SELECT FROM campaign_schedules o
                                WHERE o.app = s.app AND o.campaign = s.campaign AND o.treatment <> s.treatment)
              FROM campaign_schedules s
             WHERE app = \(app) AND campaign = \(campaign) AND next_due_at <= \(now)
             ORDER BY next_due_at, treatment
             LIMIT 1
            """
        )
        guard let row = rows.first else { return nil }
        let word: String = try row.get(1)
        guard let frequency = Frequency(rawValue: word) else {
            throw Fault(.integrity, "campaign \(campaign) has the unknown frequency \(word)")
        }
        let (first, end): (Instant?, Instant?) = (try row.get(3), try row.get(4))
        let clock: Int16 = try row.get(5)
        return Group(
            treatments: try row.get(0),
            isWhole: try row.get(7),
            frequency: frequency,
            nextDue: try row.get(2),
            recurrence: frequency.period.flatMap { period in
                first.map { CampaignRecurrence(period, first: $0, end: end, clockMinutes: Int(clock)) }
            },
            isLocal: try row.get(6)
        )
    }

    func start(_ occurrence: Instant, of group: Group, _ run: RunID) -> SQL {
        insert(run, occurrence, of: group, state: "INITIALIZING", result: nil, ended: nil, frozen: [:])
    }

    /// One row for all that were missed in a row, under the last of them. The ids next to the run's are its treatments'.
    func record(_ missed: DueOccurrences.Missed, of group: Group, beside run: RunID) -> SQL {
        insert(
            RunID(high: run.high, low: run.low &+ 16), missed.last, of: group, state: "CANCELLED",
            result: RunStart.missed, ended: now, frozen: ["missed": .integer(Int64(missed.count))])
    }

    private func insert(
        _ run: RunID,
        _ at: Instant,
        of group: Group,
        state: String,
        result: String?,
        ended: Instant?,
        frozen: JSONObject
    ) -> SQL {
        """
        INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, result, frozen, scheduled_at,
                          started_at, ended_at, treatments)
        VALUES (\(app), \(run), \(campaign), \(version), \(RunStart.occurrence(at, group: group.id)), \(now.day), \(state),
                \(result), \(SQLBind.jsonb(JSON.object(frozen).serialized)), \(at), \(now), \(ended),
                \(group.isWhole ? nil : group.treatments))
        ON CONFLICT (app, campaign, occurrence) DO NOTHING
        """
    }

    /// An occurrence that ran before is not run again, and must not leave its campaign executing for ever.
    var moveOn: SQL {
        """
        UPDATE campaigns c
           SET next_due_at = s.next,
               status = CASE WHEN EXISTS (SELECT FROM runs r WHERE r.app = c.app AND r.campaign = c.id
                                             AND r.state IN ('INITIALIZING', 'RUNNING')) THEN 'EXECUTING'
                             WHEN s.next IS NOT NULL THEN 'PENDING_NEXT_RUN'
                             ELSE 'COMPLETED' END
          FROM (SELECT min(next_due_at) AS next FROM campaign_schedules
                 WHERE app = \(app) AND campaign = \(campaign)) AS s
         WHERE c.app = \(app) AND c.id = \(campaign)
        """
    }
}
