package import Core
package import Postgres

/// Books what is left in the jobs of a run that ended before its messages did: cancelled, or older than its MaximumDuration.
///
/// Workers would come to the same end window by window, at their own pace and only when each job is due. Here it is a few
/// statements for a million recipients. Jobs that a worker holds are its own: it stops at its next window.
package struct RunClosing: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        case cancelled, expired
    }

    package var key: RunKey
    package var day: Day
    package var ending: Ending

    /// Jobs of one step: 20,000 recipients, about 100 ms.
    private static let jobsPerStep = 40

    /// Runs with something to book, at most `limit` of each kind. Cheap when there is none.
    package static func toClose(now: Instant, limit: Int, in session: Session) async throws -> [RunClosing] {
        let results = try await session.batch([
            """
            SELECT app, id, campaign, run_day FROM runs
             WHERE state = 'CANCELLED' AND closed_at IS NULL
             ORDER BY ended_at
             LIMIT \(limit)
            """,
            """
            SELECT app, id, campaign, run_day FROM runs r
             WHERE state = 'RUNNING' AND expires_at <= \(now.microseconds)
               AND EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id AND j.lease_owner IS NULL)
             ORDER BY started_at
             LIMIT \(limit)
            """,
        ])
        return try zip(results, [Ending.cancelled, .expired]).flatMap { rows, ending in
            try rows.map { row in
                RunClosing(
                    key: RunKey(app: try row.get(0), run: try row.get(1), campaign: try row.get(2)),
                    day: try row.get(3),
                    ending: ending)
            }
        }
    }

    /// Books some jobs that nobody holds; how many. Fewer than asked for does not mean that none is left: held ones are.
    package func step(now: Instant, in session: Session) async throws -> Int {
        let rows = try await session.query(
            """
            WITH picked AS MATERIALIZED (
                SELECT id FROM jobs
                 WHERE app = \(key.app) AND run = \(key.run) AND lease_owner IS NULL
                   AND chunk IS NOT NULL AND recipients IS NOT NULL
                 ORDER BY id
                 LIMIT \(Self.jobsPerStep)
                   FOR UPDATE SKIP LOCKED),
            gone AS (
                DELETE FROM jobs USING picked
                 WHERE jobs.id = picked.id
                RETURNING chunk, treatment, recipients, ordinals, done, retries, possible_duplicate),
            ended AS (
                INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, flags,
                                           attempt, at)
                SELECT \(day), key, \(key.app), \(key.run), chunk, coalesce(ordinals[place], (place - 1)::integer), treatment,
                       \(state.rawValue), \(reason?.name),
                       CASE WHEN possible_duplicate THEN \(SendOutcomeRow.possibleDuplicate) ELSE 0 END, retries, \(now)
                  FROM gone, unnest(recipients) WITH ORDINALITY AS r (key, place)
                 WHERE place > done
                RETURNING treatment),
            logged AS (
                INSERT INTO change_log (app, at, deltas)
                SELECT \(key.app), \(now), jsonb_agg(jsonb_build_object(
                           'source', 'campaign', 'id', \(key.campaign.description), 'run', \(key.run.description),
                           'treatment', treatment::text, 'type', \(OutcomeEvent.type(state: state, reason: reason)),
                           'minute', \(now.seconds.flooredDivision(by: 60)), 'n', n))
                  FROM (SELECT treatment, count(*) AS n FROM ended GROUP BY treatment) AS counts
                HAVING count(*) > 0)
            SELECT count(*) FROM picked
            """
        )
        return try rows[0].get(0)
    }

    /// Notes that a cancelled run has no job any more, and gives back the slots that its messages had. False while it has one.
    package func finish(now: Instant, in session: Session) async throws -> Bool {
        switch ending {
        case .expired:
            break
        case .cancelled:
            let closed = try await session.execute(
                """
                UPDATE runs r SET closed_at = \(now)
                 WHERE r.app = \(key.app) AND r.id = \(key.run) AND r.state = 'CANCELLED'
                   AND NOT EXISTS (SELECT FROM jobs j WHERE j.app = r.app AND j.run = r.id)
                """
            )
            guard closed == 1 else { return false }
        }
        try await session.execute(DomainSlots.giveBack(of: key.app, now: now))
        return true
    }

    private var state: TerminalState {
        switch ending {
        case .cancelled: .suppressed
        case .expired: .expired
        }
    }

    private var reason: OutcomeReason? {
        switch ending {
        case .cancelled: .cancelled
        case .expired: nil
        }
    }
}
