package import Core
package import EventLoop
import Glibc
package import Runtime

/// A strict HTTP/1.1 server (RFC 9112) on one event loop. TLS, HTTP/2 and the public edge are the gateway's.
///
/// One request at a time per connection: pipelined ones wait, so answers are in order by construction. A client that
/// half-closes its side counts as gone: its handler is cancelled, and it may lose its answer.
package final class HTTPServer: @unchecked Sendable {
    // SAFETY: every `var` is touched on the loop's thread only; `listen` and `drain` hop there.
    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let environment: Environment
    let metrics: Metrics
    private let connectionGauge: Gauge
    let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    let observe: @Sendable (HTTPExchange) -> Void
    /// Shared by all connections: each turn uses up or copies what it read.
    let readBuffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 << 10)
    var writeBuffer: [UInt8] = []
    private var dateLine = DateLine()
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private var listeners: [HTTPListener] = []
    private var tick: LoopTimer?
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// `handler` runs on the loop, one task per request, started at once; it must not block. Its task is cancelled when
    /// the client goes away. `observe` is called on the loop once per answer.
    package init(
        loop: EventLoop,
        configuration: HTTPServerConfiguration,
        environment: Environment,
        metrics: Metrics,
        observe: @escaping @Sendable (HTTPExchange) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.loop = loop
        self.configuration = configuration
        self.environment = environment
        self.metrics = metrics
        connectionGauge = metrics.gauge(.httpConnections)
        self.observe = observe
        self.handler = handler
    }

    deinit { readBuffer.deallocate() }

    /// Starts to accept; callable from any thread. Returns the address with the port that was really taken. Throws a
    /// `Fault` that names the address when it is occupied; a Unix socket file that nobody answers on is replaced.
    package func listen(_ address: ListenAddress) async throws -> ListenAddress {
        let (fd, bound) = try ListeningSocket.open(address)
        await withCheckedContinuation { continuation in
            loop.submit {
                let listener = HTTPListener(fd: fd, address: bound, server: self)
                self.listeners.append(listener)
                listener.start()
                continuation.resume()
            }
        }
        return bound
    }

    // MARK: Connections (on the loop only)

    var hasRoom: Bool { connections.count < configuration.connections }

    func add(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = connection
        connectionGauge.set(connections.count)
        connection.start()
        scheduleTick()
    }

    func remove(_ connection: HTTPConnection) {
        let wasFull = !hasRoom
        connections[ObjectIdentifier(connection)] = nil
        connectionGauge.set(connections.count)
        if wasFull { resumeListeners(after: .zero) }
        if isDraining, connections.isEmpty { finishDrain() }
    }

    func resumeListeners(after delay: Duration) {
        loop.schedule(after: delay) { for listener in self.listeners { listener.resume() } }
    }

    /// Deadlines are checked this often: coarse, so that a request costs no timer.
    private var tickInterval: Duration {
        let shortest = min(
            configuration.headerDeadline,
            configuration.bodyDeadline,
            configuration.writeDeadline,
            configuration.idleDeadline,
            configuration.lingerDeadline,
            configuration.drainIdleDeadline
        )
        return max(.milliseconds(10), min(.milliseconds(500), shortest / 4))
    }

    private func scheduleTick() {
        guard tick == nil else { return }
        tick = loop.schedule(after: tickInterval) {
            self.tick = nil
            let now = MonotonicClock.now()
            for connection in self.connections.values.filter({ $0.deadline <= now }) { connection.expire() }
            if !self.connections.isEmpty { self.scheduleTick() }
        }
    }

    /// Keeps the buffer for the next answer, unless a large piece of a stream has blown it up.
    func clearWriteBuffer() {
        writeBuffer.removeAll(keepingCapacity: writeBuffer.capacity <= 256 << 10)
    }

    func currentDateLine() -> [UInt8] { dateLine.at(environment.realNow()) }

    // MARK: Draining

    /// Stops accepting, answers what is in flight with `Connection: close`, closes idle connections after about a
    /// second (at once would race with requests under way), and cuts what is left after `grace`.
    package func drain(grace: Duration) async {
        await withCheckedContinuation { continuation in
            loop.submit { self.beginDrain(grace, continuation) }
        }
    }

    private func beginDrain(_ grace: Duration, _ continuation: CheckedContinuation<Void, Never>) {
        drained.append(continuation)
        isDraining = true
        for listener in listeners { listener.stop() }
        listeners = []
        guard !connections.isEmpty else { return finishDrain() }
        for connection in connections.values { connection.serverDrains() }
        loop.schedule(after: grace) {
            let left = Array(self.connections.values)
            if !left.isEmpty {
                self.environment.log.warning("http.drain_cut", ["connections": .integer(Int64(left.count))])
            }
            for connection in left { connection.abort() }
        }
    }

    private func finishDrain() {
        let waiting = drained
        drained = []
        for continuation in waiting { continuation.resume() }
    }
}

/// What a server tells of one answer: for metrics.
package struct HTTPExchange: Sendable {
    /// As sent by the client; `-` when the request could not be read.
    package var method: String
    package var status: Int
    /// From the last byte of the request to the last byte handed to the kernel.
    package var duration: Duration
    package var requestBodyBytes: Int
    package var responseBodyBytes: Int
}
