internal import CPostgres
package import Core
internal import EventLoop

/// A leased connection, inside a transaction or not. Lives as long as the closure that received it.
///
/// Deliberately not Sendable: it cannot escape into a task, so statements of one connection never interleave.
/// A statement that was sent is always waited for, also when the task is cancelled; `statement_timeout` (30 s) bounds it.
package final class Session {
    private enum Stage {
        /// The transaction's BEGIN goes out with its first statement.
        case beginPending(SQL)
        case active, ended
    }

    private let connection: Connection
    private let metrics: DatabaseMetrics
    private var stage: Stage
    private var transaction: TransactionState = .idle
    private var isCommitted = false

    init(connection: Connection, metrics: DatabaseMetrics, begin: SQL? = nil) {
        self.connection = connection
        self.metrics = metrics
        stage = begin.map(Stage.beginPending) ?? .active
    }

    /// One statement, one round trip; prepared on first use.
    package func query(_ sql: SQL) async throws -> [Row] {
        try await run([sql], followedBy: nil)[0]?.rows ?? []
    }

    /// As `query`; the number of rows inserted, updated, deleted or selected.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int {
        try await run([sql], followedBy: nil)[0]?.affectedRows ?? 0
    }

    /// Several statements in one round trip, in order. The first that fails ends the batch (`SQLFault.statementIndex`); outside
    /// a transaction the others are undone too. No COPY.
    @discardableResult
    package func batch(_ statements: [SQL]) async throws -> [[Row]] {
        guard !statements.isEmpty else { return [] }
        return try await run(statements, followedBy: nil).map { $0?.rows ?? [] }
    }

    /// The last statements of a transaction together with its COMMIT in one round trip: COMMIT is skipped when one of them fails.
    /// Nothing can be sent afterwards; `Database.transaction` then sends no COMMIT of its own.
    ///
    /// BEGIN travels with the first statement anyway, so BEGIN + statements + COMMIT can be a single round trip, and
    /// BEGIN + COPY, then statements + COMMIT three.
    @discardableResult
    package func commit(with statements: [SQL]) async throws -> [[Row]] {
        if case .active = stage, transaction == .idle {
            throw Fault(.internalError, "commit(with:) outside a transaction")
        }
        let results = try await run(statements, followedBy: "COMMIT")
        return results.prefix(statements.count).map { $0?.rows ?? [] }
    }

    /// Rows into a table by binary COPY: `COPY t (a, b) FROM STDIN (FORMAT binary)`. Answers the number of rows.
    ///
    /// An error (23505 …) undoes the whole COPY, and inside a transaction all of it; the connection stays usable.
    /// Two round trips, one of them shared with BEGIN.
    @discardableResult
    package func copyIn(_ statement: SQL, _ writer: CopyWriter) async throws -> Int {
        let rows = try writer.finished()
        guard statement.binds.isEmpty else { throw Fault(.internalError, "COPY takes no parameters") }
        let outcome = try await simple(statement.text, rows: rows)
        return outcome.results.last??.affectedRows ?? 0
    }

    /// Statements without parameters or results, in one text, as a migration has them. One that may not be part of a
    /// transaction (CREATE INDEX CONCURRENTLY) must be alone.
    package func script(_ text: String) async throws {
        _ = try await simple(text, rows: nil)
    }

    // MARK: Exchanges

    private func run(_ statements: [SQL], followedBy last: SQL?) async throws -> [QueryResult?] {
        let first = try takeBegin()
        var encoded: [EncodedStatement] = []
        encoded.reserveCapacity(statements.count + 2)
        do {
            if let first { encoded.append(try EncodedStatement(first)) }
            for statement in statements { encoded.append(try EncodedStatement(statement)) }
            if let last { encoded.append(try EncodedStatement(last)) }
        } catch {
            if let first { stage = .beginPending(first) }
            throw error
        }
        let outcome = await exchange { PipelineExchange(encoded, completion: $0) }
        transaction = outcome.transaction
        let shift = first == nil ? 0 : 1
        if var fault = outcome.failure {
            fault.statementIndex = max(0, fault.statementIndex - shift)
            throw last != nil && fault.isConnectionLost ? SQLFault.outcomeUnknown(fault) : fault
        }
        if last != nil { try noteCommit(outcome.results.last ?? nil) }
        return Array(outcome.results.dropFirst(shift))
    }

    private func simple(_ text: String, rows: GrowingBytes?) async throws -> ExchangeOutcome {
        if text.utf8.contains(0) { throw Fault.embeddedNUL }
        let begin = try takeBegin()
        let whole = begin.map { "\($0.text); \(text)" } ?? text
        let outcome = await exchange { SimpleExchange(whole, rows: rows, completion: $0) }
        transaction = outcome.transaction
        if var fault = outcome.failure {
            fault.statementIndex -= begin == nil ? 0 : 1
            throw fault
        }
        return outcome
    }

    private func exchange(
        _ make: (@escaping (ExchangeOutcome) -> Void) -> any Exchange
    ) async -> ExchangeOutcome {
        let start = MonotonicClock.now()
        let outcome = await withCheckedContinuation { continuation in
            connection.submit(make { continuation.resume(returning: $0) })
        }
        metrics.note(outcome, since: start)
        return outcome
    }

    private func takeBegin() throws(Fault) -> SQL? {
        switch stage {
        case .ended: throw Fault(.internalError, "a session was used after its end")
        case .active: return nil
        case .beginPending(let begin):
            stage = .active
            return begin
        }
    }

    // MARK: The end of a transaction

    /// A COMMIT of a transaction that had failed before answers ROLLBACK: the body has swallowed an error.
    private func noteCommit(_ result: QueryResult?) throws(SQLFault) {
        stage = .ended
        guard result?.commandTag == "COMMIT" else {
            throw SQLFault(
                sqlState: "25P02", detail: "an earlier statement of the transaction had failed; it was rolled back")
        }
        isCommitted = true
    }

    /// Nothing to do when no statement was sent.
    func finishTransaction() async throws {
        if isCommitted { return }
        if case .beginPending = stage { return end() }
        _ = try await run([], followedBy: "COMMIT")
    }

    /// Ends whatever transaction is open. When that fails too, the pool sees it and closes the connection.
    func rollBack() async {
        switch transaction {
        case .idle, .unknown: break
        case .open, .failed:
            stage = .active
            _ = try? await run(["ROLLBACK"], followedBy: nil)
        }
    }

    func abandon() async {
        await rollBack()
        end()
    }

    func end() { stage = .ended }
}

@available(*, unavailable)
extension Session: Sendable {}
