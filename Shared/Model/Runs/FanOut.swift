package import Core
package import Postgres
package import Queue

/// Turns a segment into the chunks and jobs of a run, a bounded step at a time.
///
/// A step is one statement in one transaction: the next members by endpoint key, cut into chunks of at most 500 per arm; a
/// `run_chunks` row each, a job each, the holdout's outcomes at once, and the run's cursor. A scheduler killed at any point
/// resumes at the cursor with the same members and the same arms. Measured before the first line: 945 k recipients/s as
/// chunks, 143 k/s as rows (ARCHITECTURE §4).
package struct FanOut: Sendable {
    package struct Progress: Sendable, Equatable {
        /// Members so far, of all steps.
        package var planned: Int64
        package var isComplete: Bool
    }

    /// What one step may do: bounds its transaction and the time to notice a cancellation.
    package struct Bounds: Sendable {
        /// Recipients: 100 chunks, about 50 ms.
        package var members: Int
        /// Endpoints looked at: a segment that few match must not read all of a big app in one transaction.
        package var examined: Int

        package init(members: Int = 50_000, examined: Int = 200_000) {
            self.members = members
            self.examined = examined
        }
    }

    let plan: RunPlan
    /// Over the alias `e` of `endpoints`; compiled for the run's own time, so that every step sees the same window.
    let predicate: SQL
    let queue: JobQueue
    let kind: String

    package init(plan: RunPlan, predicate: SQL, queue: JobQueue, kind: String) {
        self.plan = plan
        self.predicate = predicate
        self.queue = queue
        self.kind = kind
    }

    /// Nil when there is nothing to do for this process: the run is cancelled, finished, complete, or in another scheduler's
    /// hands at this moment.
    package func step(
        _ bounds: Bounds = Bounds(),
        now: Instant,
        in session: Session
    ) async throws -> Progress? {
        // Two statements, because the second must not see less than the lock does: with one, a step that another scheduler
        // just committed would be in the row but not in the count of its chunks.
        let locked = try await session.batch(
            [
                """
                SELECT cursor_key, started_at FROM runs
                 WHERE app = \(plan.app) AND id = \(plan.run) AND state = 'RUNNING' AND NOT fanned_out
                   FOR UPDATE SKIP LOCKED
                """,
                """
                SELECT coalesce(max(chunk) + 1, 0), coalesce(sum(size) FILTER (WHERE treatment <> \(Arms.holdout)), 0)::bigint
                  FROM run_chunks
                 WHERE app = \(plan.app) AND run = \(plan.run)
                """,
            ]
        )
        guard let run = locked[0].first, let chunks = locked[1].first else { return nil }
        let place = Place(
            cursor: try run.get(0),
            startedAt: try run.get(1),
            nextChunk: try chunks.get(0),
            queued: try chunks.get(1)
        )
        let rows = try await session.query(statement(from: place, bounds, now: now))
        return Progress(planned: try rows[0].get(0), isComplete: try rows[0].get(1))
    }

    /// How far the steps before this one came.
    private struct Place {
        let cursor: Int64?
        let startedAt: Instant
        let nextChunk: Int32
        /// Recipients in jobs so far, the holdout left out.
        let queued: Int64
    }

    /// With a rate, chunks are at most a second's worth, so that their due times keep it to the second.
    private var chunkSize: Int {
        plan.messagesPerSecond == 0 ? Limits.recipientsPerJob : min(Limits.recipientsPerJob, plan.messagesPerSecond)
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

    private func statement(from place: Place, _ bounds: Bounds, now: Instant) -> SQL {
        // `>=` from the smallest key stands for "no cursor yet", so that the key range stays one index condition.
        let lowest = place.cursor.map { $0 == .max ? $0 : $0 + 1 } ?? .min
        // Null at the app's end. Asked only by a step that did not fill up; a full one resumes behind its last member.
        let lastExamined: SQL = """
            SELECT endpoint_key FROM endpoints
             WHERE app = \(plan.app) AND endpoint_key >= \(lowest)
             ORDER BY endpoint_key
            OFFSET \(bounds.examined - 1)
             LIMIT 1
            """
        return """
            WITH members AS MATERIALIZED (
                SELECT endpoint_key, (\(plan.arms))[cohort + 1] AS treatment
                  FROM (SELECT e.endpoint_key, e.cohort, (\(predicate)) AS is_member
                          FROM endpoints e
                         WHERE e.app = \(plan.app) AND e.endpoint_key >= \(lowest)
                         ORDER BY e.endpoint_key
                         LIMIT \(bounds.examined)) AS examined
                 WHERE is_member
                 ORDER BY endpoint_key
                 LIMIT \(bounds.members)),
            numbered AS (
                SELECT endpoint_key, treatment,
                       (row_number() OVER (PARTITION BY treatment ORDER BY endpoint_key) - 1)
                           / \(chunkSize) AS part
                  FROM members),
            parts AS MATERIALIZED (
                SELECT treatment, array_agg(endpoint_key ORDER BY endpoint_key) AS keys,
                       sha256(string_agg(int8send(endpoint_key), ''::bytea ORDER BY endpoint_key)) AS digest,
                       (\(place.nextChunk) + row_number() OVER (ORDER BY min(endpoint_key), treatment) - 1)::integer AS chunk
                  FROM numbered
                 GROUP BY treatment, part),
            chunks AS (
                INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
                SELECT \(plan.app), \(plan.run), chunk, treatment, keys[1], keys[cardinality(keys)], cardinality(keys), digest
                  FROM parts),
            queued AS (
                INSERT INTO jobs (queue, kind, due_at, app, run, run_day, chunk, treatment, recipients)
                SELECT \(queue.name), \(kind), \(due(place, now: now)), \(plan.app), \(plan.run), \(plan.runDay), chunk, treatment, keys
                  FROM parts
                 WHERE treatment <> \(Arms.holdout)
                 ORDER BY chunk),
            held AS (
                INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, at)
                SELECT \(plan.runDay), key, \(plan.app), \(plan.run), chunk, (place - 1)::integer, treatment,
                       \(TerminalState.suppressed.rawValue), \(OutcomeReason.holdout.name), \(now)
                  FROM parts, unnest(keys) WITH ORDINALITY AS k (key, place)
                 WHERE treatment = \(Arms.holdout)
                RETURNING 1),
            logged AS (
                INSERT INTO change_log (app, at, deltas)
                SELECT \(plan.app), \(now), jsonb_build_array(jsonb_build_object(
                           'source', 'campaign', 'id', \(plan.campaign.description), 'run', \(plan.run.description),
                           'treatment', \(String(Arms.holdout)), 'type', \(Self.holdoutType),
                           'minute', \(now.seconds.flooredDivision(by: 60)), 'n', count(*)))
                  FROM held
                HAVING count(*) > 0)
            UPDATE runs
               SET cursor_key = CASE WHEN done.members < \(bounds.members) THEN coalesce(done.bound, done.last, cursor_key)
                                     ELSE done.last END,
                   planned = planned + done.members,
                   fanned_out = done.members < \(bounds.members) AND done.bound IS NULL
              FROM (SELECT count(*) AS members, max(endpoint_key) AS last,
                           CASE WHEN count(*) < \(bounds.members) THEN (\(lastExamined)) END AS bound
                      FROM members) AS done
             WHERE app = \(plan.app) AND id = \(plan.run)
            RETURNING planned, fanned_out
            """
    }

    private static let holdoutType = OutcomeEvent.type(state: .suppressed, reason: .holdout)
}
