package import Core
package import Postgres

/// A run's recipients one by one, each in its current state: what a balance sheet counts, with names.
///
/// Read in pages of whole chunks, each a statement of its own, so that neither memory nor a snapshot is held however many there
/// are and however slowly they are read.
package struct LedgerLines: Sendable {
    package struct Line: Sendable, Equatable {
        /// Nil when the person was deleted since: the ledger keeps the place under a random key.
        package var endpointID: String?
        package var userID: String?
        /// −1 is the holdout.
        package var treatment: Int16
        package var state: TerminalState
        package var reason: String?
        package var isPossibleDuplicate: Bool
        package var providerReference: String?
        package var at: Instant
    }

    package struct Filter: Sendable, Equatable {
        package var state: TerminalState?
        package var reason: String?

        package init(state: TerminalState? = nil, reason: String? = nil) {
            self.state = state
            self.reason = reason
        }
    }

    /// Recipients of a page, all filters aside; one chunk more at most.
    private static let recipientsPerPage: Int64 = 10_000
    private static let chunksPerPage = 2000

    let app: AppID
    let run: RunID
    let day: Day
    let filter: Filter
    private var lastChunk: Int32 = .min

    /// Nil when the app has no such run.
    package static func of(_ app: AppID, run: RunID, _ filter: Filter, in session: Session) async throws -> LedgerLines?
    {
        let rows = try await session.query("SELECT run_day FROM runs WHERE app = \(app) AND id = \(run)")
        guard let row = rows.first else { return nil }
        return LedgerLines(app: app, run: run, day: try row.get(0), filter: filter)
    }

    private init(app: AppID, run: RunID, day: Day, filter: Filter) {
        self.app = app
        self.run = run
        self.day = day
        self.filter = filter
    }

    /// The next page in order of chunk and place, perhaps empty; nil when there is none.
    package mutating func next(in session: Session) async throws -> [Line]? {
        let bounds = try await session.query(
            """
            SELECT min(chunk), max(chunk)
              FROM (SELECT chunk, sum(size) OVER (ORDER BY chunk) - size AS before
                      FROM (SELECT chunk, size FROM run_chunks
                             WHERE app = \(app) AND run = \(run) AND chunk > \(lastChunk)
                             ORDER BY chunk LIMIT \(Self.chunksPerPage)) AS ahead) AS counted
             WHERE before < \(Self.recipientsPerPage)
            """
        )
        let (first, last): (Int32?, Int32?) = (try bounds[0].get(0), try bounds[0].get(1))
        guard let first, let last else { return nil }
        lastChunk = last
        let rows = try await session.query(
            """
            SELECT e.external_id, e.user_id, s.treatment, s.outcome, s.reason, s.flags, s.provider_ref, s.at
              FROM (\(Ledger.states(app, run: run, day: day, chunks: first...last))) AS s
              LEFT JOIN endpoints e ON e.app = \(app) AND e.endpoint_key = s.endpoint_key
             WHERE (\(filter.state?.rawValue)::smallint IS NULL OR s.outcome = \(filter.state?.rawValue))
               AND (\(filter.reason)::text IS NULL OR s.reason = \(filter.reason))
             ORDER BY s.chunk, s.ordinal
            """
        )
        return try rows.map { try Line($0) }
    }
}

extension LedgerLines.Line {
    fileprivate init(_ row: Row) throws {
        let word: Int16 = try row.get(3)
        guard let state = TerminalState(rawValue: word) else {
            throw Fault(.integrity, "the ledger has the unknown outcome \(word)")
        }
        let flags: Int16 = try row.get(5)
        self.init(
            endpointID: try row.get(0), userID: try row.get(1), treatment: try row.get(2), state: state,
            reason: try row.get(4), isPossibleDuplicate: flags & SendOutcomeRow.possibleDuplicate != 0,
            providerReference: try row.get(6), at: try row.get(7))
    }
}
