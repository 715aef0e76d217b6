package import Core
package import Postgres

/// Whether a campaign and its runs exist, for services that show what came of them.
package enum CampaignLookup {
    package struct Run: Sendable {
        package var id: RunID
        package var state: String
        package var campaignVersion: Int
        package var scheduledAt: Instant
        package var startedAt: Instant
        package var endedAt: Instant?
        package var planned: Int64
        package var isFannedOut: Bool
    }

    package static func exists(_ app: AppID, campaign: CampaignID, in session: Session) async throws -> Bool {
        let rows = try await session.query(
            "SELECT FROM campaigns WHERE app = \(app) AND id = \(campaign) AND deleted_at IS NULL"
        )
        return !rows.isEmpty
    }

    /// Newest first.
    package static func runs(
        _ app: AppID,
        campaign: CampaignID,
        limit: Int,
        in session: Session
    ) async throws -> [Run] {
        let rows = try await session.query(
            """
            SELECT id, state, campaign_version, scheduled_at, started_at, ended_at, planned, fanned_out FROM runs
             WHERE app = \(app) AND campaign = \(campaign)
             ORDER BY started_at DESC, id DESC
             LIMIT \(limit)
            """
        )
        return try rows.map { row in
            let version: Int32 = try row.get(2)
            return Run(
                id: try row.get(0),
                state: try row.get(1),
                campaignVersion: Int(version),
                scheduledAt: try row.get(3),
                startedAt: try row.get(4),
                endedAt: try row.get(5),
                planned: try row.get(6),
                isFannedOut: try row.get(7)
            )
        }
    }

    /// Whether `run` is one of the campaign's.
    package static func owns(
        _ app: AppID,
        campaign: CampaignID,
        run: RunID,
        in session: Session
    ) async throws -> Bool {
        let rows = try await session.query(
            "SELECT FROM runs WHERE app = \(app) AND id = \(run) AND campaign = \(campaign)"
        )
        return !rows.isEmpty
    }
}
