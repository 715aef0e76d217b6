package import Core
package import PinpointAPI
package import Postgres

/// Activities of a campaign: one per run and treatment, as GetCampaignActivities lists them.
package enum RunActivities {
    /// Where a page begins: behind this activity.
    package struct Cursor: Sendable, Hashable {
        package var startedAt: Instant
        package var run: RunID
        package var treatment: Int

        package init(startedAt: Instant, run: RunID, treatment: Int) {
            self.startedAt = startedAt
            self.run = run
            self.treatment = treatment
        }
    }

    package struct Activity: Sendable {
        package var cursor: Cursor
        package var response: ActivityResponse
    }

    /// The newest run first, its treatments in order. Counts come from the ledger's own rows, exactly: about a second per
    /// million recipients of a run.
    package static func list(
        _ app: AppID,
        campaign: CampaignID,
        after: Cursor?,
        limit: Int,
        in session: Session
    ) async throws -> [Activity] {
        var activities: [Activity] = []
        for run in try await runs(app, campaign: campaign, from: after, limit: limit, in: session) {
            guard activities.count < limit else { break }
            let sheet = try await Ledger.balance(app, run: run.id, in: session)
            for treatment in 0..<run.treatments {
                let cursor = Cursor(startedAt: run.startedAt, run: run.id, treatment: treatment)
                if let after, after.run == run.id, treatment <= after.treatment { continue }
                guard activities.count < limit else { break }
                activities.append(
                    Activity(cursor: cursor, response: response(app, campaign, run, treatment, sheet))
                )
            }
        }
        return activities
    }

    /// The id of one treatment's part in a run: the run's own for the default treatment, and a neighbour of it for the others.
    package static func id(_ run: RunID, treatment: Int) -> RunID {
        RunID(high: run.high, low: run.low ^ UInt64(treatment))
    }

    private struct ListedRun {
        var id: RunID
        var state: String
        var result: String?
        var scheduledAt: Instant
        var startedAt: Instant
        var endedAt: Instant?
        var treatments: Int
    }

    private static func runs(
        _ app: AppID,
        campaign: CampaignID,
        from: Cursor?,
        limit: Int,
        in session: Session
    ) async throws -> [ListedRun] {
        let start: SQL = from.map { "AND (r.started_at, r.id) <= (\($0.startedAt), \($0.run))" } ?? .empty
        let rows = try await session.query(
            """
            SELECT r.id, r.state, r.result, r.scheduled_at, r.started_at, r.ended_at,
                   1 + coalesce(jsonb_array_length(v.definition->'AdditionalTreatments'), 0)
              FROM runs r
              JOIN campaign_versions v ON v.app = r.app AND v.id = r.campaign AND v.version = r.campaign_version
             WHERE r.app = \(app) AND r.campaign = \(campaign) \(start)
             ORDER BY r.started_at DESC, r.id DESC
             LIMIT \(limit + 1)
            """
        )
        return try rows.map { row in
            ListedRun(
                id: try row.get(0),
                state: try row.get(1),
                result: try row.get(2),
                scheduledAt: try row.get(3),
                startedAt: try row.get(4),
                endedAt: try row.get(5),
                treatments: try row.get(6)
            )
        }
    }

    private static func response(
        _ app: AppID,
        _ campaign: CampaignID,
        _ run: ListedRun,
        _ treatment: Int,
        _ sheet: BalanceSheet?
    ) -> ActivityResponse {
        let arm = Int16(treatment)
        let planned = sheet?.planned.reduce(0) { $1.treatment == arm ? $0 + $1.count : $0 } ?? 0
        return ActivityResponse(
            applicationId: app.description,
            campaignId: campaign.description,
            end: run.endedAt?.description,
            id: id(run.id, treatment: treatment).description,
            result: run.result,
            scheduledStart: run.scheduledAt.description,
            start: run.startedAt.description,
            state: run.state,
            successfulEndpointCount: Int(sheet?.total(.accepted, treatment: arm) ?? 0),
            timezonesCompletedCount: run.state == "COMPLETED" ? 1 : 0,
            timezonesTotalCount: 1,
            totalEndpointCount: Int(planned),
            treatmentId: String(treatment),
            executionMetrics: sheet.map { metrics(of: $0, arm: arm, planned: planned) } ?? [:]
        )
    }

    /// Pinpoint's names (pinpoint-api §7.4), as far as a run of this version knows the number.
    private static func metrics(of sheet: BalanceSheet, arm: Int16, planned: Int64) -> [String: String] {
        var counts: [String: Int64] = [
            "ENDPOINT_PRODUCED": sheet.plannedTotal,
            "TREATMENT_HOLDOUT": sheet.plannedTotal - planned,
            "ENDPOINT_OPT_OUT": 0,
            "ENDPOINT_INACTIVE": 0,
            "ENDPOINT_MISSING_ADDRESS": 0,
            "ENDPOINT_CHANNEL_MISMATCH": 0,
        ]
        for line in sheet.lines where line.treatment == arm && line.state == .suppressed {
            guard let reason = line.reason, let name = metric(of: reason) else { continue }
            counts[name, default: 0] += line.count
        }
        return counts.mapValues { String($0) }
    }

    /// A suppressed address counts as opted out: Pinpoint's clients see it as `OptOut: ALL`.
    private static func metric(of reason: String) -> String? {
        switch reason {
        case OutcomeReason.optOut.name: "ENDPOINT_OPT_OUT"
        case OutcomeReason.inactive.name: "ENDPOINT_INACTIVE"
        case OutcomeReason.missingAddress.name: "ENDPOINT_MISSING_ADDRESS"
        case OutcomeReason.channelMismatch.name: "ENDPOINT_CHANNEL_MISMATCH"
        case _ where reason.hasPrefix(OutcomeReason.suppression("").name): "ENDPOINT_OPT_OUT"
        default: nil
        }
    }
}
