package import Core
package import Postgres

/// One treatment of one run: what Pinpoint calls a campaign activity.
package struct CampaignActivity: Sendable, Equatable {
    package var run: RunID
    package var treatment: Int16
    package var state: String
    package var result: String?
    package var scheduledAt: Instant
    package var startedAt: Instant
    package var endedAt: Instant?
    package var planned: Int64
    /// People of the same run in its other treatments and its holdout.
    package var inOtherArms: Int64
    package var accepted: Int64
    /// Suppression reason → people.
    package var suppressed: [String: Int64]

    package var id: RunID { Self.id(run, treatment: treatment) }

    /// The run's own id for the default treatment; the others count up from it, so that an id still names its run.
    package static func id(_ run: RunID, treatment: Int16) -> RunID {
        RunID(high: run.high, low: run.low &+ UInt64(max(0, treatment)))
    }

    /// Activities of a campaign, newest run first; `before` and `limit` are in runs.
    package static func list(
        _ app: AppID,
        campaign: CampaignID,
        before: (startedAt: Instant, run: RunID)?,
        runs limit: Int,
        in session: Session
    ) async throws -> [CampaignActivity] {
        let until = before?.startedAt ?? Instant(microseconds: 253_402_300_799_000_000)
        let run = before?.run ?? RunID(high: .max, low: .max)
        let rows = try await session.query(
            """
            WITH page AS (
                SELECT id, state, result, scheduled_at, started_at, ended_at, frozen FROM runs
                 WHERE app = \(app) AND campaign = \(campaign) AND (started_at, id) < (\(until), \(run))
                 ORDER BY started_at DESC, id DESC
                 LIMIT \(limit))
            SELECT p.id, t.treatment::smallint, p.state, p.result, p.scheduled_at, p.started_at, p.ended_at,
                   coalesce((SELECT sum(size) FROM run_chunks c
                              WHERE c.app = \(app) AND c.run = p.id AND c.treatment = t.treatment), 0)::bigint,
                   coalesce((SELECT sum(size) FROM run_chunks c
                              WHERE c.app = \(app) AND c.run = p.id AND c.treatment <> t.treatment), 0)::bigint,
                   coalesce((SELECT jsonb_object_agg(type, n) FROM (
                       SELECT type, sum(n) AS n FROM rollups r
                        WHERE r.app = \(app) AND r.source = 'campaign' AND r.source_id = \(campaign)
                          AND r.run = p.id AND r.treatment = t.treatment::text
                        GROUP BY type) AS counts), '{}')
              FROM page p,
                   generate_series(0, greatest(jsonb_array_length(coalesce(p.frozen->'treatments', '[]')), 1) - 1) AS t (treatment)
             ORDER BY p.started_at DESC, p.id DESC, t.treatment
            """
        )
        return try rows.map { try CampaignActivity($0) }
    }

    private init(_ row: Row) throws {
        run = try row.get(0)
        treatment = try row.get(1)
        state = try row.get(2)
        result = try row.get(3)
        scheduledAt = try row.get(4)
        startedAt = try row.get(5)
        endedAt = try row.get(6)
        planned = try row.get(7)
        inOtherArms = try row.get(8)
        let counts: JSON = try row.get(9)
        let accepted = OutcomeEvent.type(state: .accepted, reason: nil)
        self.accepted = Int64(counts[accepted]?.int ?? 0)
        let prefix = OutcomeEvent.type(state: .suppressed, reason: nil) + "."
        suppressed = [:]
        for member in counts.object?.members ?? [] where member.key.hasPrefix(prefix) {
            suppressed[String(member.key.dropFirst(prefix.count))] = Int64(member.value.int ?? 0)
        }
    }
}
