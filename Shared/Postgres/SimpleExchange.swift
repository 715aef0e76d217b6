internal import CPostgres

/// A text of one or more statements in the simple protocol: for COPY (which no pipeline carries) and for migrations.
///
/// `BEGIN; COPY …` in one text saves COPY the round trip of its BEGIN.
final class SimpleExchange: Exchange, @unchecked Sendable {
    // SAFETY: made by one task, then handed to the loop, which alone touches it.
    private let text: String
    private let rows: GrowingBytes?
    private let completion: (ExchangeOutcome) -> Void
    private var results: [QueryResult?] = []
    private var failure: SQLFault?
    private var sending = Sending.notAsked

    private enum Sending {
        case notAsked, rows(offset: Int), done
    }

    /// Small enough to leave libpq's buffer and the loop's turn short, large enough to make the calls cheap.
    private static let chunkBytes = 128 << 10
    /// After this many bytes the other sockets of the loop get their turn.
    private static let turnBytes = 1 << 20

    init(_ text: String, rows: GrowingBytes? = nil, completion: @escaping (ExchangeOutcome) -> Void) {
        self.text = text
        self.rows = rows
        self.completion = completion
    }

    func begin(on connection: Connection) -> Bool {
        let handle = connection.handle
        if PQpipelineStatus(handle) != PQ_PIPELINE_OFF, PQexitPipelineMode(handle) == 0 { return false }
        return PQsendQuery(handle, text) == 1
    }

    var expectsResults: Bool {
        if case .rows = sending { false } else { true }
    }

    func receive(_ result: QueryResult?, on connection: Connection) -> Bool {
        guard let result else { return true }
        switch result.status {
        case PGRES_COPY_IN: return startCopy(on: connection)
        case PGRES_FATAL_ERROR:
            if failure == nil { failure = SQLFault(result: result.pointer, statement: text, index: results.count) }
        case PGRES_COPY_OUT, PGRES_COPY_BOTH:
            connection.lose(.lost("COPY TO is not supported here"))
        default: results.append(result)
        }
        return false
    }

    private func startCopy(on connection: Connection) -> Bool {
        if rows == nil || failure != nil {
            sending = .done
            if PQputCopyEnd(connection.handle, "no rows were given") != 1 {
                connection.lose(.lost("COPY could not be ended"))
            }
        } else {
            sending = .rows(offset: 0)
        }
        connection.flush()
        return false
    }

    func resumeSending(on connection: Connection) -> Bool {
        guard case .rows(var offset) = sending, let rows else { return true }
        var turn = 0
        while offset < rows.count {
            if turn >= SimpleExchange.turnBytes {
                connection.wantTurn()
                sending = .rows(offset: offset)
                return true
            }
            let size = min(SimpleExchange.chunkBytes, rows.count - offset)
            let chunk = (rows.base + offset).assumingMemoryBound(to: CChar.self)
            switch PQputCopyData(connection.handle, chunk, Int32(size)) {
            case 1: offset += size
            case 0: break
            default: return false
            }
            turn += size
            switch PQflush(connection.handle) {
            case 0: continue
            case 1:
                connection.wantTurn()
                sending = .rows(offset: offset)
                return true
            default: return false
            }
        }
        sending = .done
        // File trailer: a field count of −1.
        let trailer: [CChar] = [-1, -1]
        guard PQputCopyData(connection.handle, trailer, 2) == 1, PQputCopyEnd(connection.handle, nil) == 1 else {
            return false
        }
        return true
    }

    func finish(lost: SQLFault?, transaction: TransactionState) {
        completion(ExchangeOutcome(results: results, failure: failure ?? lost, transaction: transaction))
    }
}
