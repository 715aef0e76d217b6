package import Core
package import Postgres

/// Recounts the ledger from its raw rows: what the balance sheet shows and what `needletail prove` checks.
///
/// Reads one partition (`run_day`) and sorts a run's outcomes once: about a second per million recipients.
package enum Ledger {
    /// Nil when the app has no such run.
    package static func balance(_ app: AppID, run: RunID, in session: Session) async throws -> BalanceSheet? {
        let rows = try await session.query("SELECT state, run_day FROM runs WHERE app = \(app) AND id = \(run)")
        guard let row = rows.first else { return nil }
        let day: Day = try row.get(1)
        let planned = try await session.query(
            """
            SELECT treatment, sum(size)::bigint FROM run_chunks WHERE app = \(app) AND run = \(run)
             GROUP BY treatment ORDER BY treatment
            """
        )
        let lines = try await session.query(
            """
            WITH states AS (\(states(app, run: run, day: day)))
            SELECT treatment, outcome, reason, count(*) FROM states
             GROUP BY treatment, outcome, reason ORDER BY treatment, outcome, reason
            """
        )
        let duplicates = try await session.query(
            """
            SELECT count(*) FROM send_outcomes
             WHERE run_day = \(day) AND app = \(app) AND run = \(run)
               AND outcome = \(TerminalState.accepted.rawValue)
               AND flags & \(SendOutcomeRow.possibleDuplicate) <> 0
            """
        )
        var sheet = BalanceSheet(
            run: run,
            state: try row.get(0),
            planned: try planned.map { .init(treatment: try $0.get(0), count: try $0.get(1)) },
            lines: try lines.compactMap(line),
            open: 0,
            possibleDuplicates: try duplicates[0].get(0)
        )
        sheet.open = try await openRecipients(app, run: run, in: session)
        return sheet
    }

    /// The current state of each recipient: its outcome of highest rank.
    static func states(_ app: AppID, run: RunID, day: Day, chunks: ClosedRange<Int32>? = nil) -> SQL {
        let within: SQL = chunks.map { "AND chunk BETWEEN \($0.lowerBound) AND \($0.upperBound)" } ?? .empty
        return """
            SELECT DISTINCT ON (chunk, ordinal) chunk, ordinal, endpoint_key, treatment, outcome, reason, flags, provider_ref, at
              FROM send_outcomes
             WHERE run_day = \(day) AND app = \(app) AND run = \(run) \(within)
             ORDER BY chunk, ordinal,
                      CASE outcome WHEN \(TerminalState.accepted.rawValue) THEN 0
                                   WHEN \(TerminalState.unknown.rawValue) THEN 2 ELSE 1 END, at
            """
    }

    private static func openRecipients(_ app: AppID, run: RunID, in session: Session) async throws -> Int64 {
        let rows = try await session.query(
            """
            SELECT coalesce(sum(cardinality(recipients) - done), 0)::bigint FROM jobs
             WHERE app = \(app) AND run = \(run)
            """
        )
        return try rows[0].get(0)
    }

    private static func line(_ row: Row) throws -> BalanceSheet.Line? {
        guard let state = TerminalState(rawValue: try row.get(1)) else { return nil }
        return BalanceSheet.Line(treatment: try row.get(0), state: state, reason: try row.get(2), count: try row.get(3))
    }
}
