internal import CLinux
internal import CPostgres
internal import Core
internal import EventLoop
internal import Glibc

/// One connection of libpq on the event loop. Runs one exchange at a time; who may start one is decided by the pool's lease.
final class Connection: EventSource, @unchecked Sendable {
    // SAFETY: made on an aside thread, then attached to the loop, on whose thread everything else happens.
    let handle: OpaquePointer
    var statements = StatementCache()
    /// Called once, on the loop, when the connection is gone; not after `close`.
    var onLost: ((SQLFault) -> Void)?
    var onNotification: ((_ channel: String, _ payload: String) -> Void)?
    private(set) var isLost = false
    private let loop: EventLoop
    private let log: Logger
    private var socket: Int32 = -1
    private var exchange: (any Exchange)?
    private var fatal: SQLFault?

    init(handle: OpaquePointer, loop: EventLoop, log: Logger) {
        self.handle = handle
        self.loop = loop
        self.log = log
    }

    deinit {
        if !isLost { PQfinish(handle) }
    }

    func attach() {
        PQsetnonblocking(handle, 1)
        // SAFETY: libpq calls back only inside calls with `handle`, which this object owns and outlives.
        PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().note(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        socket = PQsocket(handle)
        loop.register(self, fd: socket, events: EPOLLIN.rawValue)
    }

    var transaction: TransactionState { isLost ? .unknown : TransactionState(PQtransactionStatus(handle)) }

    /// On the loop only.
    func start(_ exchange: any Exchange) {
        precondition(self.exchange == nil, "two exchanges on one connection")
        guard !isLost else {
            return exchange.finish(lost: fatal ?? .lost("connection lost earlier"), transaction: .unknown)
        }
        self.exchange = exchange
        guard exchange.begin(on: self) else { return lose(.lost(lastError)) }
        flush()
    }

    /// From any thread.
    func submit(_ exchange: any Exchange) {
        if loop.isInLoop { start(exchange) } else { loop.submit { self.start(exchange) } }
    }

    /// Ends the connection on purpose. On the loop, without an exchange.
    func close() {
        guard !isLost else { return }
        isLost = true
        loop.deregister(fd: socket)
        PQfinish(handle)
    }

    // MARK: The socket

    func ready(_ events: UInt32) {
        guard !isLost else { return }
        if events & EPOLLOUT.rawValue != 0 { flush() }
        guard !isLost, events & ~EPOLLOUT.rawValue != 0 else { return }
        let consumed = PQconsumeInput(handle) == 1
        receive()
        guard !isLost else { return }
        if !consumed || PQstatus(handle) == CONNECTION_BAD {
            drainAfterLoss()
            lose(.lost(lastError))
        }
    }

    /// Asks for another call of `resumeSending` when the socket takes bytes.
    func wantTurn() {
        loop.modify(fd: socket, events: EPOLLIN.rawValue | EPOLLOUT.rawValue)
    }

    /// Sends what libpq holds, then lets the exchange add more.
    func flush() {
        switch PQflush(handle) {
        case 0:
            loop.modify(fd: socket, events: EPOLLIN.rawValue)
            guard let exchange else { return }
            guard exchange.resumeSending(on: self) else { return lose(.lost(lastError)) }
            switch PQflush(handle) {
            case 0: break
            case 1: wantTurn()
            default: lose(.lost(lastError))
            }
        case 1: wantTurn()
        default: lose(.lost(lastError))
        }
    }

    private func receive() {
        while !isLost, exchange?.expectsResults ?? true, PQisBusy(handle) == 0 {
            guard let exchange else { break }
            let result = PQgetResult(handle).map(QueryResult.init)
            let isComplete = exchange.receive(result, on: self)
            guard isComplete, !isLost else { continue }
            self.exchange = nil
            exchange.finish(lost: nil, transaction: transaction)
        }
        while !isLost, let notification = PQnotifies(handle) {
            onNotification?(String(cString: notification.pointee.relname), String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
    }

    /// What the server said before it hung up is a better reason than the broken socket.
    private func drainAfterLoss() {
        var rounds = 0
        while !isLost, let exchange, rounds < 64, PQisBusy(handle) == 0, let result = PQgetResult(handle) {
            rounds += 1
            let result = QueryResult(result)
            if result.status == PGRES_FATAL_ERROR, exchange.receive(result, on: self) { break }
        }
    }

    /// Gives the connection up. The waiting exchange gets `reason`, unless the server has said more.
    func lose(_ reason: SQLFault) {
        guard !isLost else { return }
        isLost = true
        loop.deregister(fd: socket)
        PQfinish(handle)
        let reason = fatal ?? reason
        fatal = reason
        let exchange = self.exchange
        self.exchange = nil
        onLost?(reason)
        exchange?.finish(lost: reason, transaction: .unknown)
    }

    private var lastError: String {
        String(cString: PQerrorMessage(handle)).split(separator: "\n").first.map(String.init) ?? "connection closed"
    }

    /// A NOTICE or WARNING; also a FATAL that arrives while nothing is asked (57P01).
    private func note(_ result: OpaquePointer) {
        let notice = SQLFault(result: result, statement: "", index: 0)
        let severity = PQresultErrorField(result, Int32(UInt8(ascii: "V"))).map { String(cString: $0) } ?? ""
        let fields: KeyValuePairs<String, JSON> = [
            "sqlstate": .string(notice.sqlState), "text": .string(notice.detail),
        ]
        switch severity {
        case "FATAL", "PANIC":
            fatal = notice
            log.warning("postgres.connection_ended", fields)
        case "WARNING": log.warning("postgres.notice", fields)
        default: log.debug("postgres.notice", fields)
        }
    }
}
