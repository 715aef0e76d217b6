import CLinux
package import Core
package import EventLoop
import Glibc
package import HTTPServer
package import Runtime

/// Takes mail from a mail server beside us over LMTP (RFC 2033). It has no login: listen on loopback, a Unix socket, or a network of
/// mail servers only.
package final class LMTPServer: @unchecked Sendable {
    // SAFETY: every `var` is touched on the loop's thread only; `run` hops there.
    let loop: EventLoop
    let hostName: String
    let limits: LMTPLimits
    let handler: LMTPHandler
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private let environment: Environment
    private let gauge: Gauge
    private var connections: [ObjectIdentifier: LMTPConnection] = [:]
    private var listener: LMTPListener?
    private var tick: LoopTimer?
    private(set) var isDraining = false
    private var drained: [CheckedContinuation<Void, Never>] = []

    package init(
        loop: EventLoop, hostName: String, limits: LMTPLimits = LMTPLimits(), environment: Environment,
        metrics: Metrics,
        handler: LMTPHandler
    ) {
        self.loop = loop
        self.hostName = hostName
        self.limits = limits
        self.environment = environment
        self.handler = handler
        gauge = metrics.gauge(.lmtpConnections)
    }

    deinit { readBuffer.deallocate() }

    /// Starts to accept; returns the address with the port that was really taken.
    package func listen(_ address: ListenAddress) async throws -> ListenAddress {
        let (fd, bound) = try ListeningSocket.open(address)
        await withCheckedContinuation { continuation in
            loop.submit {
                let listener = LMTPListener(fd: fd, address: bound, server: self)
                self.listener = listener
                self.isDraining = false
                listener.start()
                continuation.resume()
            }
        }
        environment.log.info("lmtp.listening", ["address": .string(bound.description)])
        return bound
    }

    /// Stops to accept, lets messages under way end within `grace`, and closes the rest: their senders try again.
    package func drain(grace: Duration = .seconds(10)) async {
        await withCheckedContinuation { continuation in
            loop.submit {
                self.listener?.stop()
                self.listener = nil
                self.isDraining = true
                self.drained.append(continuation)
                for connection in Array(self.connections.values) { connection.drain() }
                guard !self.connections.isEmpty else { return self.finishDrain() }
                self.loop.schedule(after: grace) {
                    for connection in Array(self.connections.values) { connection.expire() }
                }
            }
        }
    }

    private func finishDrain() {
        let waiting = drained
        drained = []
        for continuation in waiting { continuation.resume() }
    }

    // MARK: On the loop

    var hasRoomForConnection: Bool { connections.count < limits.connections }

    /// Counted as it is: messages grow, so the bound is passed by at most what the others have under way.
    var hasRoomForMessage: Bool {
        connections.values.reduce(0) { $0 + $1.heldBytes } < limits.heldBytes
    }

    func add(_ fd: Int32) {
        let connection = LMTPConnection(fd: fd, server: self)
        connections[ObjectIdentifier(connection)] = connection
        gauge.set(connections.count)
        connection.start()
        scheduleTick()
    }

    func remove(_ connection: LMTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
        gauge.set(connections.count)
        listener?.resume()
        if isDraining, connections.isEmpty { finishDrain() }
    }

    private func scheduleTick() {
        guard tick == nil else { return }
        tick = loop.schedule(after: .seconds(1)) {
            self.tick = nil
            let now = MonotonicClock.now()
            for connection in self.connections.values.filter({ $0.deadline <= now }) { connection.expire() }
            if !self.connections.isEmpty { self.scheduleTick() }
        }
    }
}

/// Accepts connections. Loop only.
private final class LMTPListener: EventSource, @unchecked Sendable {
    // SAFETY: touched on the loop's thread only.
    private let fd: Int32
    private let address: ListenAddress
    private unowned let server: LMTPServer
    private var isPaused = false

    init(fd: Int32, address: ListenAddress, server: LMTPServer) {
        self.fd = fd
        self.address = address
        self.server = server
    }

    func start() { server.loop.register(self, fd: fd, events: EPOLLIN.rawValue) }

    func ready(_ events: UInt32) {
        for _ in 0..<16 {
            guard server.hasRoomForConnection else { return pause() }
            let accepted = accept4(fd, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            if accepted >= 0 {
                server.add(accepted)
            } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                // A level-triggered listener that cannot accept would spin.
                pause()
                server.loop.schedule(after: .milliseconds(200)) { self.resume() }
                return
            } else if errno != EINTR, errno != ECONNABORTED {
                return
            }
        }
    }

    /// New connections wait in the kernel's backlog.
    private func pause() {
        isPaused = true
        server.loop.modify(fd: fd, events: 0)
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        server.loop.modify(fd: fd, events: EPOLLIN.rawValue)
    }

    func stop() {
        server.loop.deregister(fd: fd)
        close(fd)
        if case .unix(let path) = address { unlink(path) }
    }
}
