import Core
import Postgres
import Queue

/// One step as one statement.
extension FanOut {
    func statement(from place: Place, _ bounds: Bounds, now: Instant) -> SQL {
        """
        WITH members AS MATERIALIZED (\(members(from: place, bounds))),
        placed AS (SELECT \(columns) FROM members \(lanes?.join ?? .empty)),
        numbered AS (
            SELECT *, (row_number() OVER (PARTITION BY treatment, slot\(laneColumn) ORDER BY endpoint_key) - 1) / \(chunkSize) AS part
              FROM placed
             WHERE treatment <> \(Arms.foreign)),
        parts AS MATERIALIZED (
            SELECT treatment, slot\(laneColumn), array_agg(endpoint_key ORDER BY endpoint_key) AS keys, \(reasons) AS reasons,
                   sha256(string_agg(int8send(endpoint_key), ''::bytea ORDER BY endpoint_key)) AS digest,
                   (\(place.nextChunk) + row_number() OVER (ORDER BY min(endpoint_key), treatment, slot\(laneColumn)) - 1)::integer AS chunk
              FROM numbered
             GROUP BY treatment, slot\(laneColumn), part),
        chunks AS (
            INSERT INTO run_chunks (app, run, chunk, treatment, slot, lane, first_key, last_key, size, digest)
            SELECT \(plan.app), \(plan.run), chunk, treatment, slot, \(lane), keys[1], keys[cardinality(keys)],
                   cardinality(keys), digest
              FROM parts),
        \(zones)
        queued AS (
            INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, payload, recipients)
            \(jobs(place, now: now))
             WHERE reasons IS NULL
             ORDER BY chunk),
        held AS (
            INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, at)
            SELECT \(plan.runDay), key, \(plan.app), \(plan.run), chunk, (place - 1)::integer, treatment,
                   \(TerminalState.suppressed.rawValue), reason, \(now)
              FROM parts, unnest(keys, reasons) WITH ORDINALITY AS k (key, reason, place)
             WHERE reasons IS NOT NULL
            RETURNING treatment, reason),
        logged AS (
            INSERT INTO change_log (app, at, deltas)
            SELECT \(plan.app), \(now), jsonb_agg(jsonb_build_object(
                       'source', 'campaign', 'id', \(plan.campaign.description), 'run', \(plan.run.description),
                       'treatment', treatment::text, 'type', \(Self.heldPrefix) || reason,
                       'minute', \(now.seconds.flooredDivision(by: 60)), 'n', n) ORDER BY treatment, reason)
              FROM (SELECT treatment, reason, count(*) AS n FROM held GROUP BY treatment, reason) AS counts
            HAVING count(*) > 0)
        UPDATE runs
           SET cursor_key = CASE WHEN done.members < \(bounds.members) THEN coalesce(done.bound, done.last, cursor_key)
                                 ELSE done.last END,
               planned = planned + done.members - done.others,
               foreign_members = foreign_members + done.others,
               fanned_out = done.members < \(bounds.members) AND done.bound IS NULL
          FROM (SELECT count(*) AS members, count(*) FILTER (WHERE treatment = \(Arms.foreign)) AS others,
                       max(endpoint_key) AS last,
                       CASE WHEN count(*) < \(bounds.members) THEN (\(lastExamined(from: place, bounds))) END AS bound
                  FROM members) AS done
         WHERE app = \(plan.app) AND id = \(plan.run)
        RETURNING planned, fanned_out
        """
    }

    // MARK: Members

    /// The next ones by key, with their arm; in local time with their slot and, where it does not come, the reason.
    private func members(from place: Place, _ bounds: Bounds) -> SQL {
        let zone: SQL = slots == nil ? .empty : ", e.demographic ->> 'Timezone' AS zone"
        let type: SQL = lanes == nil ? .empty : ", e.channel_type"
        let examined: SQL = """
            SELECT e.endpoint_key, e.cohort, (\(predicate)) AS is_member\(zone)\(type)
              FROM endpoints e
             WHERE e.app = \(plan.app) AND e.endpoint_key >= \(lowest(place))
             ORDER BY e.endpoint_key
             LIMIT \(bounds.examined)
            """
        let arms = plan.arms.map { arm in plan.ownArms?.contains(arm) ?? true ? arm : Arms.foreign }
        let members: SQL = """
            SELECT endpoint_key, (\(arms))[cohort + 1] AS treatment\(slots == nil ? .empty : ", zone")\(typeColumn)
              FROM (\(examined)) AS examined
             WHERE is_member
             ORDER BY endpoint_key
             LIMIT \(bounds.members)
            """
        guard let slots else { return members }
        return """
            SELECT endpoint_key, treatment, m.zone\(typeColumn),
                   CASE WHEN treatment = \(Arms.holdout) THEN 0 ELSE coalesce(z.slot, 0) END::smallint AS slot,
                   CASE WHEN treatment = \(Arms.holdout) THEN \(OutcomeReason.holdout.name)
                        WHEN z.slot IS NULL THEN \(OutcomeReason.missingTimezone.name)
                        WHEN z.slot = \(LocalSlots.passed) THEN \(OutcomeReason.timezoneMismatch.name) END AS reason
              FROM (\(members)) AS m
              LEFT JOIN unnest(\(slots.zones), \(slots.numbers)) AS z (zone, slot) USING (zone)
            """
    }

    /// Of a member, all that its part is made by. Without local time there is no slot to sort by.
    private var columns: SQL {
        let lane: SQL = lanes == nil ? .empty : ", coalesce(l.lane, 0) AS lane"
        if slots != nil { return lanes == nil ? "*" : "members.*\(lane)" }
        return "endpoint_key, treatment, 0::smallint AS slot\(lane)"
    }

    private var lane: SQL { lanes == nil ? "0" : "lane" }
    private var laneColumn: SQL { lanes == nil ? .empty : ", lane" }
    private var typeColumn: SQL { lanes == nil ? .empty : ", channel_type" }

    private var queue: SQL { lanes?.queue ?? "\(plan.queues[0].name)" }

    /// Of a part's people in order, why nothing is sent to them; null for those who get a job.
    private var reasons: SQL {
        guard slots != nil else {
            return """
                CASE WHEN treatment = \(Arms.holdout)
                     THEN array_fill(\(OutcomeReason.holdout.name), ARRAY[count(*)::integer]) END
                """
        }
        return "array_agg(reason ORDER BY endpoint_key) FILTER (WHERE reason IS NOT NULL)"
    }

    /// `>=` from the smallest key stands for "no cursor yet", so that the key range stays one index condition.
    private func lowest(_ place: Place) -> Int64 {
        place.cursor.map { $0 == .max ? $0 : $0 + 1 } ?? .min
    }

    /// Null at the app's end. Asked only by a step that did not fill up; a full one resumes behind its last member.
    private func lastExamined(from place: Place, _ bounds: Bounds) -> SQL {
        """
        SELECT endpoint_key FROM endpoints
         WHERE app = \(plan.app) AND endpoint_key >= \(lowest(place))
         ORDER BY endpoint_key
        OFFSET \(bounds.examined - 1)
         LIMIT 1
        """
    }

    /// What `TimezonesTotalCount` counts: zones that members of an arm have.
    private var zones: SQL {
        guard slots != nil else { return .empty }
        return """
            zones AS (
                INSERT INTO run_zones (app, run, treatment, zone, slot)
                SELECT DISTINCT \(plan.app)::uuid, \(plan.run)::uuid, treatment, zone, slot
                  FROM members
                 WHERE treatment >= 0 AND reason IS DISTINCT FROM \(OutcomeReason.missingTimezone.name)
                ON CONFLICT DO NOTHING),
            """
    }

    // MARK: Jobs

    /// With a rate, chunks are at most a second's worth, so that their due times keep it to the second.
    private var chunkSize: Int {
        plan.messagesPerSecond == 0 ? Limits.recipientsPerJob : min(Limits.recipientsPerJob, plan.messagesPerSecond)
    }

    private func jobs(_ place: Place, now: Instant) -> SQL {
        guard let slots else {
            return """
                SELECT \(queue), \(kind), \(due(place, now: now)), \(plan.app), \(plan.run), \(plan.runDay), chunk,
                       treatment, '{}'::jsonb, keys
                  FROM parts
                """
        }
        let numbers = slots.slots.map(\.number)
        let due = SQLBind.instantArray(slots.slots.map(\.due))
        let expiries = slots.slots.map(\.expires.microseconds)
        // Whoever's turn would come later is expired then, and not when the whole run is.
        let expiry: SQL = "timestamptz 'epoch' + s.expires * interval '1 microsecond'"
        return """
            SELECT \(queue), \(kind), greatest(\(now), least(s.due\(paceOfSlot), \(expiry))), \(plan.app), \(plan.run), \(plan.runDay),
                   chunk, treatment, jsonb_build_object('expires_at', s.expires), keys
              FROM parts
              LEFT JOIN unnest(\(numbers), \(due), \(expiries)) AS s (slot, due, expires) USING (slot)
            """
    }

    /// When a chunk is due: at once, or after as long as the recipients before it take at the campaign's rate.
    private func due(_ place: Place, now: Instant) -> SQL {
        guard plan.messagesPerSecond > 0 else { return "\(now)" }
        return """
            greatest(\(now), \(place.startedAt)
                + (\(place.queued) + sum(cardinality(keys)) OVER (ORDER BY chunk) - cardinality(keys))::float8
                    / \(Double(plan.messagesPerSecond)) * interval '1 second')
            """
    }

    /// In local time, each slot has the rate to itself.
    private var paceOfSlot: SQL {
        guard plan.messagesPerSecond > 0 else { return .empty }
        return """
             + (coalesce((SELECT sum(c.size) FROM run_chunks c
                           WHERE c.app = \(plan.app) AND c.run = \(plan.run) AND c.slot = parts.slot AND c.slot > 0), 0)
                + sum(cardinality(keys)) OVER (PARTITION BY parts.slot ORDER BY chunk) - cardinality(keys))::float8
                    / \(Double(plan.messagesPerSecond)) * interval '1 second'
            """
    }

    private static let heldPrefix = OutcomeEvent.type(state: .suppressed, reason: nil) + "."
}
