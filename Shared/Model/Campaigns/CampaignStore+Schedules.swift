import Core
import PinpointAPI
import Postgres

/// The table `campaign_schedules`: when a campaign's groups of treatments run.
extension CampaignStore {
    /// Replaces what was there.
    static func write(
        _ groups: [ScheduleGroup],
        _ starts: [CampaignStart],
        of id: CampaignID,
        _ app: AppID,
        in session: Session
    ) async throws {
        try await session.execute("DELETE FROM campaign_schedules WHERE app = \(app) AND campaign = \(id)")
        for (group, start) in zip(groups, starts) where group.schedule.isTimed {
            let schedule = group.schedule
            try await session.execute(
                """
                INSERT INTO campaign_schedules (app, campaign, treatment, treatments, frequency, clock_minutes, is_local,
                                                first_at, ends_at, next_due_at)
                VALUES (\(app), \(id), \(group.id), \(group.treatments), \(schedule.frequency.rawValue),
                        \(Int16(schedule.clockMinutes)), \(schedule.isLocal), \(start.first), \(schedule.lastRun),
                        \(start.dueAt))
                """
            )
        }
    }

    /// By campaign, the status of each treatment, for campaigns whose treatments have schedules of their own.
    static func treatmentStatuses(
        _ campaigns: [CampaignID],
        app: AppID,
        in session: Session
    ) async throws -> [CampaignID: [Int16: CampaignStatus]] {
        guard !campaigns.isEmpty else { return [:] }
        let rows = try await session.query(
            """
            SELECT s.campaign, s.treatments,
                   CASE WHEN c.status IN ('PAUSED', 'INVALID', 'DELETED') THEN c.status
                        WHEN bool_or(r.state IN ('INITIALIZING', 'RUNNING')) THEN 'EXECUTING'
                        WHEN s.next_due_at IS NULL THEN 'COMPLETED'
                        WHEN bool_or(r.state = 'COMPLETED') AND s.first_at IS NOT NULL THEN 'PENDING_NEXT_RUN'
                        ELSE 'SCHEDULED' END
              FROM campaign_schedules s
              JOIN campaigns c ON c.app = s.app AND c.id = s.campaign
              LEFT JOIN runs r ON r.app = s.app AND r.campaign = s.campaign
                              AND (r.treatments IS NULL OR r.treatments && s.treatments)
             WHERE s.app = \(app) AND s.campaign = ANY (\(campaigns))
               AND EXISTS (SELECT FROM campaign_schedules o
                            WHERE o.app = s.app AND o.campaign = s.campaign AND o.treatment <> s.treatment)
             GROUP BY s.app, s.campaign, s.treatment, c.app, c.id
            """
        )
        var found: [CampaignID: [Int16: CampaignStatus]] = [:]
        for row in rows {
            let word: String = try row.get(2)
            guard let status = CampaignStatus(rawValue: word) else { continue }
            let treatments: [Int16] = try row.get(1)
            for treatment in treatments { found[try row.get(0), default: [:]][treatment] = status }
        }
        return found
    }
}
