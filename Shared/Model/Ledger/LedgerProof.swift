package import Core
package import Postgres

/// What `needletail prove` found wrong with a run. None is the only good number.
package enum LedgerProof {
    package struct Violation: Sendable, Equatable, CustomStringConvertible {
        package var name: String
        package var detail: String
        package var description: String { "\(name): \(detail)" }
    }

    /// Checks every promise of the ledger for one run, from raw rows only.
    package static func violations(
        _ sheet: BalanceSheet,
        app: AppID,
        in session: Session
    ) async throws -> [Violation] {
        let rows = try await session.query(
            "SELECT run_day, planned, frozen->>'delivery_policy' FROM runs WHERE app = \(app) AND id = \(sheet.run)"
        )
        guard let row = rows.first else { return [Violation(name: "run", detail: "does not exist")] }
        let day: Day = try row.get(0)
        let planned: Int64 = try row.get(1)
        var found: [Violation] = []
        if planned != sheet.plannedTotal {
            found.append(.init(name: "planned", detail: "the run says \(planned), its chunks \(sheet.plannedTotal)"))
        }
        if !sheet.balances {
            let booked = sheet.lines.reduce(0) { $0 + $1.count }
            found.append(
                .init(name: "balance", detail: "planned \(sheet.plannedTotal), booked \(booked), open \(sheet.open)")
            )
        }
        for check in checks(app, run: sheet.run, day: day) + uniquenessChecks(app, run: sheet.run, day: day) {
            let rows = try await session.query(check.sql)
            let count: Int64 = try rows[0].get(0)
            if count > 0 { found.append(.init(name: check.name, detail: "\(count) \(check.unit)")) }
        }
        return found
    }

    struct Check {
        let name: String
        let unit: String
        let sql: SQL
    }

    private static func checks(_ app: AppID, run: RunID, day: Day) -> [Check] {
        let accepted = TerminalState.accepted.rawValue
        return [
            Check(
                name: "double acceptance",
                unit: "recipients accepted more than once without a flag",
                sql: """
                    SELECT count(*) FROM (
                        SELECT 1 FROM send_outcomes
                         WHERE run_day = \(day) AND app = \(app) AND run = \(run) AND outcome = \(accepted)
                           AND flags & \(SendOutcomeRow.possibleDuplicate | SendOutcomeRow.sameKey) = 0
                         GROUP BY chunk, ordinal HAVING count(*) > 1) AS twice
                    """
            ),
            Check(
                name: "outcome outside its chunk",
                unit: "outcomes whose ordinal or treatment is not their chunk's",
                sql: """
                    SELECT count(*) FROM send_outcomes o
                      LEFT JOIN run_chunks c ON c.app = o.app AND c.run = o.run AND c.chunk = o.chunk
                     WHERE o.run_day = \(day) AND o.app = \(app) AND o.run = \(run)
                       AND (c.chunk IS NULL OR o.ordinal NOT BETWEEN 0 AND c.size - 1 OR o.treatment <> c.treatment)
                    """
            ),
            Check(
                name: "outcome and open job",
                unit: "recipients with a terminal outcome and an unfinished place in a job",
                sql: """
                    WITH open AS (
                        SELECT j.chunk, coalesce(j.ordinals[n], n - 1) AS ordinal
                          FROM jobs j, generate_series(j.done + 1, cardinality(j.recipients)) AS n
                         WHERE j.app = \(app) AND j.run = \(run) AND NOT j.possible_duplicate
                           AND NOT coalesce((j.payload->'same_key')::boolean, false))
                    SELECT count(*) FROM open
                      JOIN (\(Ledger.states(app, run: run, day: day))) s USING (chunk, ordinal)
                    """
            ),
            Check(
                name: "digest",
                unit: "finished chunks whose recipients are not the ones planned",
                sql: """
                    WITH states AS (\(Ledger.states(app, run: run, day: day))),
                         booked AS (SELECT chunk, count(*) AS size,
                                           sha256(string_agg(int8send(endpoint_key), ''::bytea ORDER BY ordinal)) AS digest
                                      FROM states GROUP BY chunk)
                    SELECT count(*) FROM run_chunks c JOIN booked b USING (chunk)
                     WHERE c.app = \(app) AND c.run = \(run) AND b.size = c.size AND b.digest <> c.digest
                    """
            ),
            Check(
                name: "chunk overlap",
                unit: "pairs of chunks of one treatment, slot and lane whose key ranges overlap",
                sql: """
                    SELECT count(*) FROM (
                        SELECT first_key <= lag(last_key) OVER
                                   (PARTITION BY treatment, slot, lane ORDER BY first_key) AS collides
                          FROM run_chunks WHERE app = \(app) AND run = \(run) AND causes IS NULL) AS pairs
                     WHERE collides
                    """
            ),
        ]
    }
}
