internal import Core
internal import EventLoop
internal import Runtime

/// Connections of one loop: opened when first needed, handed out first come, first served.
///
/// A connection that was lost is replaced when somebody wants one; after a failed attempt the next waits with full jitter,
/// 5 s at most, while the waiters wait out their own limit.
final class ConnectionPool: @unchecked Sendable {
    // SAFETY: everything but the immutable fields is touched on the loop only.
    private let connector: Connector
    private let size: Int
    private let metrics: DatabaseMetrics
    private let loop: EventLoop
    private let environment: Environment
    private var idle: [Connection] = []
    /// Open or being opened.
    private var total = 0
    private var connecting = 0
    private var waiters: [Waiter] = []
    private var failures = 0
    private var isBackingOff = false
    private var isClosed = false
    private var lastFailure: SQLFault?
    private var closing: [CheckedContinuation<Void, Never>] = []

    private static let backoff = Backoff(base: .milliseconds(50), cap: .seconds(5))
    private static let waitLimit = Duration.seconds(10)
    private static let waitersLimit = 4096

    /// Used on the loop only.
    private final class Waiter: @unchecked Sendable {
        // SAFETY: touched on the loop only.
        var continuation: CheckedContinuation<Connection, any Error>?
        var timer: LoopTimer?
        var isCancelled = false
        let since = MonotonicClock.now()

        func resume(_ result: Result<Connection, any Error>) {
            timer?.cancel()
            let continuation = self.continuation
            self.continuation = nil
            continuation?.resume(with: result)
        }
    }

    init(connector: Connector, size: Int, metrics: DatabaseMetrics) {
        self.metrics = metrics
        self.connector = connector
        self.size = max(1, size)
        loop = connector.loop
        environment = connector.environment
    }

    /// Throws `CancellationError` when the task is cancelled, `.unavailable` after 10 s without a connection.
    func lease() async throws -> Connection {
        try Task.checkCancellation()
        if loop.isInLoop, waiters.isEmpty, !isClosed, let connection = idle.popLast() { return connection }
        let waiter = Waiter()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Connection, any Error>) in
                onLoop { self.enqueue(waiter, continuation) }
            }
        } onCancel: {
            loop.submit { self.cancel(waiter) }
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.isInLoop { body() } else { loop.submit(body) }
    }

    private func enqueue(_ waiter: Waiter, _ continuation: CheckedContinuation<Connection, any Error>) {
        waiter.continuation = continuation
        if waiter.isCancelled { return waiter.resume(.failure(CancellationError())) }
        if isClosed { return waiter.resume(.failure(Fault(.unavailable, "The database pool is closed"))) }
        guard waiters.count < ConnectionPool.waitersLimit else {
            return waiter.resume(
                .failure(Fault(.unavailable, "Too many requests wait for the database", isRetryable: true)))
        }
        waiters.append(waiter)
        waiter.timer = loop.schedule(after: ConnectionPool.waitLimit) { self.expire(waiter) }
        serve()
    }

    private func cancel(_ waiter: Waiter) {
        waiter.isCancelled = true
        remove(waiter)
        waiter.resume(.failure(CancellationError()))
    }

    private func expire(_ waiter: Waiter) {
        remove(waiter)
        let message = "No database connection was free within \(ConnectionPool.waitLimit.components.seconds) s"
        waiter.resume(.failure(Fault(.unavailable, message, isRetryable: true, cause: lastFailure)))
    }

    private func remove(_ waiter: Waiter) {
        waiters.removeAll { $0 === waiter }
        metrics.waiting.set(waiters.count)
    }

    /// Gives connections to the first waiters, and opens more while some are left.
    private func serve() {
        while !waiters.isEmpty, let connection = idle.popLast() {
            let waiter = waiters.removeFirst()
            metrics.waitSeconds.observe(.microseconds(MonotonicClock.now() - waiter.since))
            waiter.resume(.success(connection))
        }
        while waiters.count > connecting, total < size, !isBackingOff { open() }
        metrics.waiting.set(waiters.count)
    }

    private func open() {
        total += 1
        connecting += 1
        connector.connect { result in self.opened(result) }
    }

    private func opened(_ result: Result<Connection, SQLFault>) {
        connecting -= 1
        switch result {
        case .success(let connection):
            failures = 0
            lastFailure = nil
            metrics.connections.add(1)
            if isClosed {
                connection.close()
                return gone()
            }
            connection.onLost = { [weak connection] fault in
                if let connection { self.lost(connection, fault) }
            }
            idle.append(connection)
            serve()
        case .failure(let fault):
            total -= 1
            lastFailure = fault
            environment.log.warning("postgres.connect_failed", ["error": .string(fault.detail)])
            if isClosed { return finishClosing() }
            backOff()
        }
    }

    private func backOff() {
        guard !isBackingOff else { return }
        isBackingOff = true
        let delay = ConnectionPool.backoff.delay(attempt: failures, random: environment.randomWord())
        failures += 1
        loop.schedule(after: delay) {
            self.isBackingOff = false
            self.serve()
        }
    }

    private func lost(_ connection: Connection, _ fault: SQLFault) {
        environment.log.warning("postgres.connection_lost", ["error": .string(fault.detail)])
        metrics.reconnects.increment()
        guard let index = idle.firstIndex(where: { $0 === connection }) else { return }
        // A leased one is counted out when it comes back.
        idle.remove(at: index)
        gone()
    }

    private func gone() {
        total -= 1
        metrics.connections.add(-1)
        if isClosed { finishClosing() } else { serve() }
    }

    /// Takes a connection back, from any thread. One that is lost, or whose transaction is not over, is not used again.
    func release(_ connection: Connection) {
        onLoop {
            if connection.transaction == .idle, !self.isClosed {
                self.idle.append(connection)
                self.serve()
            } else {
                connection.close()
                self.gone()
            }
        }
    }

    /// Closes what is idle and waits for what is leased.
    func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            onLoop {
                self.isClosed = true
                self.closing.append(continuation)
                for waiter in self.waiters {
                    waiter.resume(.failure(Fault(.unavailable, "The database pool is closed")))
                }
                self.waiters = []
                let idle = self.idle
                self.idle = []
                for connection in idle { connection.close() }
                for _ in idle { self.gone() }
                self.finishClosing()
            }
        }
    }

    private func finishClosing() {
        guard total == 0 else { return }
        let done = closing
        closing = []
        for continuation in done { continuation.resume() }
    }
}
