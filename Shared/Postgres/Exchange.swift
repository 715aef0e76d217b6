internal import CPostgres

/// One exchange on a connection: what is sent, and when its answer is complete. At most one runs at a time.
///
/// All calls come on the loop. `finish` is called exactly once, after the connection has forgotten the exchange, so the
/// connection may be given to the next waiter inside it.
protocol Exchange: AnyObject, Sendable {
    /// Sends what can be sent at once; false when libpq refuses, which means that the connection is lost.
    func begin(on connection: Connection) -> Bool
    /// False while rows of a COPY are being sent: libpq would answer the same `PGRES_COPY_IN` for ever.
    var expectsResults: Bool { get }
    /// The next result, nil at the end of a command's results. True when the exchange is complete.
    func receive(_ result: QueryResult?, on connection: Connection) -> Bool
    /// The socket takes bytes again and libpq has nothing left: send more. False when the connection is lost.
    func resumeSending(on connection: Connection) -> Bool
    func finish(lost: SQLFault?, transaction: TransactionState)
}

/// What the server's transaction is in, after an exchange.
enum TransactionState: Sendable {
    case idle, open, failed
    /// The connection is lost or out of step: never to be used again.
    case unknown

    init(_ status: PGTransactionStatusType) {
        switch status {
        case PQTRANS_IDLE: self = .idle
        case PQTRANS_INTRANS: self = .open
        case PQTRANS_INERROR: self = .failed
        default: self = .unknown
        }
    }
}

/// What came back.
struct ExchangeOutcome: Sendable {
    /// One per statement; nil where it did not run.
    var results: [QueryResult?]
    var failure: SQLFault?
    var transaction: TransactionState
}
