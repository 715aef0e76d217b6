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
    /// Members in other treatments and the holdout, of this run or of one of their own.
    package var inOtherArms: Int64
    package var accepted: Int64
    /// Suppression reason → people.
    package var suppressed: [String: Int64]
    /// Zones that its people have, and those of them that are done: sent to, or passed. One for a run that is not in local time.
    package var zones: Int64
    package var zonesCompleted: Int64

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
                SELECT id, state, result, scheduled_at, started_at, ended_at, fanned_out, foreign_members, treatments,
                       frozen -> 'treatments' AS arms, frozen ? 'local' AS is_local
                  FROM runs
                 WHERE app = \(app) AND campaign = \(campaign) AND (started_at, id) < (\(until), \(run))
                 ORDER BY started_at DESC, id DESC
                 LIMIT \(limit))
            SELECT p.id, t.treatment::smallint, p.state, p.result, p.scheduled_at, p.started_at, p.ended_at,
                   coalesce((SELECT sum(size) FROM run_chunks c
                              WHERE c.app = \(app) AND c.run = p.id AND c.treatment = t.treatment), 0)::bigint,
                   coalesce((SELECT sum(size) FROM run_chunks c
                              WHERE c.app = \(app) AND c.run = p.id AND c.treatment <> t.treatment), 0)::bigint
                       + p.foreign_members,
                   coalesce((SELECT jsonb_object_agg(type, n) FROM (
                       SELECT type, sum(n) AS n FROM rollups r
                        WHERE r.app = \(app) AND r.source = 'campaign' AND r.source_id = \(campaign)
                          AND r.run = p.id AND r.treatment = t.treatment::text
                        GROUP BY type) AS counts), '{}'),
                   z.total, z.completed
              FROM page p
             CROSS JOIN LATERAL (
                   SELECT unnest(p.treatments) AS treatment
                    UNION
                   SELECT generate_series(0, greatest(jsonb_array_length(coalesce(p.arms, '[]')), 1) - 1)
                    WHERE p.treatments IS NULL) AS t
             CROSS JOIN LATERAL (\(zones(of: app))) AS z
             WHERE t.treatment >= 0
             ORDER BY p.started_at DESC, p.id DESC, t.treatment
            """
        )
        return try rows.map { try CampaignActivity($0) }
    }

    /// Of run `p` and treatment `t`. A zone is completed when the fan-out is, and no job of its slot is left.
    private static func zones(of app: AppID) -> SQL {
        """
        SELECT CASE WHEN p.is_local THEN count(z.zone) ELSE 1 END AS total,
               CASE WHEN NOT p.is_local THEN (p.ended_at IS NOT NULL)::int::bigint
                    ELSE count(z.zone) FILTER (WHERE p.state = 'COMPLETED' OR p.fanned_out AND NOT EXISTS (
                        SELECT FROM jobs j JOIN run_chunks c ON c.app = j.app AND c.run = j.run AND c.chunk = j.chunk
                         WHERE j.app = \(app) AND j.run = p.id AND c.treatment = t.treatment AND c.slot = z.slot)) END
                   AS completed
          FROM (SELECT zone, slot FROM run_zones
                 WHERE app = \(app) AND run = p.id AND treatment = t.treatment AND p.is_local) AS z
        """
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
        zones = try row.get(10)
        zonesCompleted = try row.get(11)
        self.accepted = Int64(counts[accepted]?.int ?? 0)
        let prefix = OutcomeEvent.type(state: .suppressed, reason: nil) + "."
        suppressed = [:]
        for member in counts.object?.members ?? [] where member.key.hasPrefix(prefix) {
            suppressed[String(member.key.dropFirst(prefix.count))] = Int64(member.value.int ?? 0)
        }
    }
}
