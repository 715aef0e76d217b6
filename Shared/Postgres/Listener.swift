internal import Core
internal import EventLoop

/// LISTEN on a connection of its own: a hint that something may be there, never the truth.
///
/// Notifications that come while the connection is down are lost; after each reconnect every waiter is woken once, so that
/// it looks for itself. Whoever waits polls as well. The connection is made again for ever, with full jitter up to 5 s.
package final class Listener: @unchecked Sendable {
    // SAFETY: everything but the immutable fields is touched on the loop only.
    private let connector: Connector
    private let loop: EventLoop
    private let environment: Environment
    private let channels: [String]
    private var connection: Connection?
    private var isRunning = false
    private var isClosed = false
    private var failures = 0
    /// A hint that nobody has waited for yet.
    private var isPending = false
    private var waiters: [Waiter] = []

    private static let backoff = Backoff(base: .milliseconds(50), cap: .seconds(5))

    private final class Waiter: @unchecked Sendable {
        // SAFETY: touched on the loop only.
        var continuation: CheckedContinuation<Bool, Never>?
        var timer: LoopTimer?
        var isCancelled = false

        func resume(_ wasHinted: Bool) {
            timer?.cancel()
            let continuation = self.continuation
            self.continuation = nil
            continuation?.resume(returning: wasHinted)
        }
    }

    /// Connects with the database's URL and settings, when `start` is called. A channel's name is made of small letters,
    /// digits and underscores.
    package init(_ database: Database, channels: [String]) {
        precondition(
            channels.allSatisfy {
                $0.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
            },
            "a channel's name needs no quotes"
        )
        connector = database.connector
        loop = database.loop
        environment = database.environment
        self.channels = channels
    }

    package func start() {
        onLoop {
            guard !self.isRunning, !self.isClosed else { return }
            self.isRunning = true
            self.connect()
        }
    }

    /// Waits for a hint, `timeout` at most. True for a hint; false when the time is over, the task was cancelled or the
    /// listener is closed. A hint that came since the last call counts. All waiters are woken by one hint.
    package func next(timeout: Duration) async -> Bool {
        let waiter = Waiter()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                onLoop { self.wait(waiter, timeout, continuation) }
            }
        } onCancel: {
            loop.submit {
                waiter.isCancelled = true
                self.end(waiter)
            }
        }
    }

    package func close() {
        onLoop {
            self.isClosed = true
            self.connection?.close()
            self.connection = nil
            self.wake(false)
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.isInLoop { body() } else { loop.submit(body) }
    }

    private func wait(_ waiter: Waiter, _ timeout: Duration, _ continuation: CheckedContinuation<Bool, Never>) {
        waiter.continuation = continuation
        if waiter.isCancelled || isClosed { return waiter.resume(false) }
        if isPending {
            isPending = false
            return waiter.resume(true)
        }
        waiters.append(waiter)
        waiter.timer = loop.schedule(after: timeout) { self.end(waiter) }
    }

    private func end(_ waiter: Waiter) {
        waiters.removeAll { $0 === waiter }
        waiter.resume(false)
    }

    private func hint() {
        if waiters.isEmpty { isPending = true } else { wake(true) }
    }

    private func wake(_ wasHinted: Bool) {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume(wasHinted) }
    }

    // MARK: The connection

    private func connect() {
        connector.connect { result in
            switch result {
            case .success(let connection): self.listen(on: connection)
            case .failure(let fault): self.retry(fault)
            }
        }
    }

    private func listen(on connection: Connection) {
        if isClosed { return connection.close() }
        self.connection = connection
        connection.onLost = { fault in
            self.connection = nil
            self.retry(fault)
        }
        connection.onNotification = { _, _ in self.hint() }
        let text = channels.map { "LISTEN \($0)" }.joined(separator: "; ")
        connection.start(
            SimpleExchange(text) { outcome in
                // A lost connection comes through `onLost`.
                guard outcome.failure == nil else { return }
                self.failures = 0
                self.hint()
            }
        )
    }

    private func retry(_ fault: SQLFault) {
        guard !isClosed else { return }
        environment.log.warning("postgres.listener_lost", ["error": .string(fault.detail)])
        let delay = Listener.backoff.delay(attempt: failures, random: environment.randomWord())
        failures += 1
        loop.schedule(after: delay) { if !self.isClosed { self.connect() } }
    }
}
