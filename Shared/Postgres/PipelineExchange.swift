internal import CPostgres

/// Statements in one pipeline with one sync: one round trip, whatever their number.
///
/// The first error ends it: the server skips the rest, and outside a transaction it undoes what came before (an implicit
/// transaction). A statement that the connection has not prepared yet is prepared in the same trip.
final class PipelineExchange: Exchange, @unchecked Sendable {
    // SAFETY: made by one task, then handed to the loop, which alone touches it.
    private enum Expected {
        case prepare(index: Int, name: String)
        case execute(index: Int)
        case deallocate
        case sync
    }

    private let statements: [EncodedStatement]
    private let completion: (ExchangeOutcome) -> Void
    private var expected: [Expected] = []
    private var head = 0
    private var results: [QueryResult?]
    private var failure: SQLFault?
    private var emptyAnswers = 0

    init(_ statements: [EncodedStatement], completion: @escaping (ExchangeOutcome) -> Void) {
        self.statements = statements
        self.completion = completion
        results = Array(repeating: nil, count: statements.count)
    }

    func begin(on connection: Connection) -> Bool {
        let handle = connection.handle
        if PQpipelineStatus(handle) == PQ_PIPELINE_OFF, PQenterPipelineMode(handle) == 0 { return false }
        guard deallocateEvicted(on: connection) else { return false }
        var named: [StatementKey: String] = [:]
        for (index, statement) in statements.enumerated() {
            let name: String
            if let known = connection.statements.name(for: statement.key) ?? named[statement.key] {
                name = known
            } else {
                name = connection.statements.makeName()
                named[statement.key] = name
                guard statement.sendPrepare(name, on: handle) else { return false }
                expected.append(.prepare(index: index, name: name))
            }
            guard statement.sendPrepared(name, on: handle) else { return false }
            expected.append(.execute(index: index))
        }
        expected.append(.sync)
        return PQpipelineSync(handle) == 1
    }

    /// In a sync of its own, so that it is no part of the statements' implicit transaction.
    private func deallocateEvicted(on connection: Connection) -> Bool {
        guard !connection.statements.evicted.isEmpty, PQtransactionStatus(connection.handle) == PQTRANS_IDLE else {
            return true
        }
        for name in connection.statements.takeEvicted() {
            let text = "DEALLOCATE \(name)"
            guard PQsendQueryParams(connection.handle, text, 0, nil, nil, nil, nil, 1) == 1 else { return false }
            expected.append(.deallocate)
        }
        expected.append(.sync)
        return PQpipelineSync(connection.handle) == 1
    }

    func receive(_ result: QueryResult?, on connection: Connection) -> Bool {
        guard let result else {
            // One nil follows each command; more in a row would mean that we wait for what never comes.
            emptyAnswers += 1
            if emptyAnswers > 4 { connection.lose(.lost("pipeline out of step")) }
            return false
        }
        emptyAnswers = 0
        guard head < expected.count else {
            connection.lose(.lost("unexpected result in a pipeline"))
            return false
        }
        switch result.status {
        case PGRES_PIPELINE_SYNC:
            head += 1
            return head == expected.count
        case PGRES_PIPELINE_ABORTED:
            head += 1
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            accept(result, on: connection)
            head += 1
        case PGRES_FATAL_ERROR:
            refuse(result, on: connection)
            head += 1
        default:
            // COPY and streaming results do not belong here; the stream cannot be brought back in step.
            connection.lose(.lost("a statement of a batch started a COPY; use copyIn"))
        }
        return false
    }

    private func accept(_ result: QueryResult, on connection: Connection) {
        switch expected[head] {
        case .prepare(let index, let name): connection.statements.insert(statements[index].key, name: name)
        case .execute(let index): results[index] = result
        case .deallocate, .sync: break
        }
    }

    private func refuse(_ result: QueryResult, on connection: Connection) {
        switch expected[head] {
        case .prepare(let index, _), .execute(let index):
            let fault = SQLFault(result: result.pointer, statement: statements[index].key.text, index: index)
            // The plan's tables changed (0A000), or the statement is gone (26000): prepare again next time.
            if fault.sqlState == "0A000" || fault.sqlState == "26000" {
                connection.statements.forget(statements[index].key)
            }
            if failure == nil { failure = fault }
        case .deallocate, .sync:
            // The connection itself failed, or the name was gone already.
            if PQstatus(connection.handle) == CONNECTION_BAD, failure == nil {
                failure = SQLFault(result: result.pointer, statement: "", index: 0)
            }
        }
    }

    var expectsResults: Bool { true }

    func resumeSending(on connection: Connection) -> Bool { true }

    func finish(lost: SQLFault?, transaction: TransactionState) {
        completion(ExchangeOutcome(results: results, failure: failure ?? lost, transaction: transaction))
    }
}
