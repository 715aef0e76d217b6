import Core
import Postgres

extension LedgerProof {
    /// Nobody is in a run twice; where events made the recipients, no event is.
    static func uniquenessChecks(_ app: AppID, run: RunID, day: Day) -> [Check] {
        [
            Check(
                name: "double recipient",
                unit: "endpoints in more than one place of the run, or of a chunk that events made",
                sql: """
                    SELECT count(*) FROM (
                        SELECT 1 FROM send_outcomes o
                          LEFT JOIN run_chunks c ON c.app = o.app AND c.run = o.run AND c.chunk = o.chunk
                         WHERE o.run_day = \(day) AND o.app = \(app) AND o.run = \(run)
                         GROUP BY o.endpoint_key, CASE WHEN c.causes IS NULL THEN -1 ELSE o.chunk END
                        HAVING count(DISTINCT (o.chunk, o.ordinal)) > 1) AS twice
                    """
            ),
            Check(
                name: "double event",
                unit: "events that are in more than one place of the campaign",
                sql: """
                    SELECT count(*) FROM (
                        SELECT 1 FROM runs r
                          JOIN run_chunks c ON c.app = r.app AND c.run = r.id, unnest(c.causes) AS cause
                         WHERE r.app = \(app)
                           AND r.campaign = (SELECT campaign FROM runs WHERE app = \(app) AND id = \(run))
                         GROUP BY cause
                        HAVING count(*) > 1 AND bool_or(r.id = \(run))) AS twice
                    """
            ),
            Check(
                name: "event without a place",
                unit: "chunks that have not one event for each recipient",
                sql: """
                    SELECT count(*) FROM run_chunks
                     WHERE app = \(app) AND run = \(run) AND cardinality(causes) <> size
                    """
            ),
        ]
    }
}
