package import Core
package import EventLoop
import Glibc
package import Runtime

/// Sessions to one SMTP server. Callers hand over whole windows of messages; every session pulls the next message when it
/// has room, so a slow session delays only what it holds.
///
/// Connection trouble never mixes messages up: each gets its own precise result, and a message whose connection broke
/// before its final dot goes once more on another connection, because it is proven not sent.
package final class SMTPPool: @unchecked Sendable {
    // SAFETY: everything mutable is touched on the loop's thread only; `send` and `close` hop onto it.
    private static let lossesPerMessage = 2
    /// After a 421 nothing new is opened for this long (reference/providers.md §2.1).
    private static let throttlePause: Duration = .seconds(60)
    private static let reconnect = Backoff(base: .milliseconds(200), cap: .seconds(30))

    package let server: SMTPServer
    private let loop: EventLoop
    private let environment: Environment
    private let maximumConnections: Int
    private let timeouts: SMTPTimeouts
    private let counters: SMTPCounters
    private let openConnections: Gauge

    private var domains: SMTPDomainLimit
    private var queue: [SMTPTicket] = []
    private var head = 0
    private var connections: [ObjectIdentifier: SMTPConnection] = [:]
    private var opening = 0
    private var failures = 0
    private var opensAfter: Int64 = 0
    private var lastFailure: SMTPNotSent = .cancelled
    private(set) var isClosing = false
    private var whenClosed: [CheckedContinuation<Void, Never>] = []
    /// One read buffer for all sessions: they run on one thread.
    var scratch = [UInt8](repeating: 0, count: 16 << 10)

    package init(
        server: SMTPServer,
        loop: EventLoop,
        environment: Environment,
        metrics: Metrics,
        maximumConnections: Int = 20,
        connectionsPerDomain: Int? = nil,
        timeouts: SMTPTimeouts = SMTPTimeouts()
    ) {
        self.server = server
        self.loop = loop
        self.environment = environment
        self.maximumConnections = max(1, maximumConnections)
        self.timeouts = timeouts
        domains = SMTPDomainLimit(connectionsPerDomain)
        counters = SMTPCounters(metrics)
        openConnections = metrics.gauge(.smtpConnections)
    }

    /// Sends every message and returns their results in order. Messages that have not begun when the task is cancelled, or at
    /// `startBefore` (µs of `MonotonicClock`), come back as `notSent`, and so does one whose content the server was not ready
    /// for by then; those that have begun are waited for, at most `timeouts.command + timeouts.final`. Refuses inside a
    /// database transaction.
    package func send(_ messages: [SMTPMessage], startBefore: Int64? = nil) async -> [SMTPResult] {
        precondition(!Transaction.isActive, "SMTP inside a database transaction")
        guard !messages.isEmpty else { return [] }
        let batch = SMTPBatch(count: messages.count, startBefore: startBefore, counters: counters)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                batch.begin(continuation)
                onLoop {
                    for (index, message) in messages.enumerated() {
                        self.queue.append(SMTPTicket(message: message, batch: batch, index: index))
                    }
                    if batch.isCancelled { self.dropUnwanted() }
                    self.feed()
                }
            }
        } onCancel: {
            batch.cancel()
            loop.submit { self.dropUnwanted() }
        }
    }

    /// Refuses new messages, lets begun ones finish, says QUIT everywhere.
    package func close() async {
        await withCheckedContinuation { continuation in
            onLoop {
                self.isClosing = true
                self.whenClosed.append(continuation)
                self.failQueue(.cancelled)
                for connection in Array(self.connections.values) where connection.isIdle { connection.quit() }
                self.finishClosing()
            }
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.isInLoop { body() } else { loop.submit(body) }
    }

    // MARK: What sessions call (on the loop)

    /// The next message that may still begin.
    func next() -> SMTPTicket? {
        while head < queue.count {
            let ticket = queue[head]
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            }
            if let reason = unwanted(ticket) {
                ticket.settle(.notSent(reason))
                // It may have been called from aside: who stands behind it there is asked too, or nobody would ever call them.
                if let waiting = domains.skip(ticket) { queue.append(waiting) }
            } else if domains.enter(ticket) {
                return ticket
            }
        }
        return nil
    }

    /// The last word on a message that `next` gave out.
    func settle(_ ticket: SMTPTicket, _ result: SMTPResult) {
        ticket.settle(result)
        if let waiting = domains.leave(ticket) { queue.append(waiting) }
    }

    /// The server said 421: it wants fewer of us.
    func pauseOpening(_ reply: SMTPReply) {
        lastFailure = .connection("\(reply)", retryAfter: Self.throttlePause)
        opensAfter = max(opensAfter, MonotonicClock.now() + Self.throttlePause.microseconds)
    }

    /// `lost` are the messages it was working on.
    func closed(_ connection: SMTPConnection, lost: [(SMTPTicket, SMTPResult)]) {
        connections[ObjectIdentifier(connection)] = nil
        openConnections.add(-1)
        for (ticket, result) in lost {
            if let waiting = domains.leave(ticket) { queue.append(waiting) }
            var again = ticket
            again.losses += 1
            if case .notSent = result, again.losses < Self.lossesPerMessage, !isClosing {
                queue.append(again)
            } else {
                ticket.settle(result)
            }
        }
        if case .notSent(let reason)? = lost.first?.1 { lastFailure = reason }
        feed()
        finishClosing()
    }

    // MARK: Opening

    private var waiting: Int { queue.count - head }

    private func feed() {
        guard !isClosing else { return failQueue(.cancelled) }
        for connection in Array(connections.values) where waiting > 0 && connection.isIdle { connection.advance() }
        guard waiting > 0 else { return }
        if MonotonicClock.now() < opensAfter {
            // Sessions that are alive will take the rest; without one, waiting would only hold the caller's lease.
            if connections.isEmpty && opening == 0 { failQueue(lastFailure) }
            return
        }
        let wanted = min(waiting - opening, maximumConnections - connections.count - opening)
        for _ in 0..<max(0, wanted) { open() }
    }

    private func open() {
        opening += 1
        let (server, timeout) = (server, timeouts.handshake)
        Thread.start(name: "smtp-connect") {
            let result = SMTPHandshake.perform(server, timeout: timeout)
            self.loop.submit { self.opened(result) }
        }
    }

    private func opened(_ result: Result<SMTPTransport, SMTPHandshakeFault>) {
        opening -= 1
        switch result {
        case .success(let transport):
            failures = 0
            let connection = SMTPConnection(transport: transport, pool: self, loop: loop, timeouts: timeouts)
            connections[ObjectIdentifier(connection)] = connection
            openConnections.add(1)
            connection.open()
        case .failure(let fault):
            refused(fault.reason)
        }
        finishClosing()
    }

    private func refused(_ reason: SMTPNotSent) {
        let now = MonotonicClock.now()
        if case .greeting(let reply) = reason, reply.code == 421 {
            opensAfter = max(opensAfter, now + Self.throttlePause.microseconds)
        } else if now >= opensAfter {
            // One step per burst: twenty sessions that fail together are one failure.
            opensAfter = now + Self.reconnect.delay(attempt: failures, random: environment.randomWord()).microseconds
            failures += 1
        }
        lastFailure = reason
        environment.log.warning(
            "smtp.connect_failed", ["server": .string(server.name), "reason": .string("\(reason)")])
        if connections.isEmpty && opening == 0 { failQueue(reason) }
    }

    // MARK: Not sending

    private func unwanted(_ ticket: SMTPTicket) -> SMTPNotSent? {
        if isClosing || ticket.batch.isCancelled { return .cancelled }
        return ticket.isInTime ? nil : .deadline
    }

    private func dropUnwanted() {
        let rest = queue[head...] + domains.takeAside()
        queue = []
        head = 0
        for ticket in rest {
            if let reason = unwanted(ticket) { ticket.settle(.notSent(reason)) } else { queue.append(ticket) }
        }
    }

    private func failQueue(_ reason: SMTPNotSent) {
        let rest = queue[head...] + domains.takeAside()
        queue = []
        head = 0
        for ticket in rest { ticket.settle(.notSent(reason)) }
    }

    private func finishClosing() {
        guard isClosing, connections.isEmpty, opening == 0 else { return }
        let waiters = whenClosed
        whenClosed = []
        for waiter in waiters { waiter.resume() }
    }
}
