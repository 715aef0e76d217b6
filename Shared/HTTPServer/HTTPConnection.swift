import CLinux
import Core
import EventLoop
import Glibc
import Runtime

/// One accepted connection: reads requests, runs the handler, writes answers. Loop only.
///
/// States go reading → running → (streaming | writing) → reading … → lingering → closed; every state but `running` has
/// an absolute deadline.
final class HTTPConnection: EventSource, @unchecked Sendable {
    // SAFETY: everything here is touched on the loop's thread only; the handler's task runs there by its preference.
    enum State {
        case reading
        /// A request is with the handler, or (`yielding`) waits for the next turn behind other connections.
        case running, yielding
        case streaming
        case writing
        /// Answered and shut down for writing; what still comes is thrown away, so that no reset overtakes the answer.
        case lingering
        case closed
    }

    enum Waiting {
        case idle, head, body
    }

    /// What an answer must know of its request.
    struct Exchange {
        var method = "-"
        var isHTTP10 = false
        var keepsAlive = false
        var begin = MonotonicClock.now()
        var requestBodyBytes = 0
        var responseBodyBytes = 0
        var status = 0
    }

    /// Told to `observe` when the client left before its answer was whole (nginx' code for it).
    private static let clientGone = 499
    /// Pipelined requests answered in one turn before other connections get theirs.
    private static let requestsPerTurn = 32

    let fd: Int32
    let server: HTTPServer
    var state = State.reading
    var deadline: Int64
    var exchange = Exchange()
    var task: Task<Void, Never>?
    /// Bytes the socket has not taken yet, from `unsentStart` on.
    var unsent: [UInt8] = []
    var unsentStart = 0
    var writers: [CheckedContinuation<Void, any Error>] = []
    private var parser: HTTPParser
    private var waiting = Waiting.head
    /// Pipelined input behind the request under way; at most one read buffer.
    private var input: [UInt8] = []
    private var isConsuming = false

    init(fd: Int32, remoteAddress: String, server: HTTPServer) {
        self.fd = fd
        self.server = server
        parser = HTTPParser(configuration: server.configuration, remoteAddress: remoteAddress)
        deadline = MonotonicClock.now() + server.configuration.headerDeadline.microseconds
    }

    func start() {
        server.loop.register(self, fd: fd, events: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
    }

    // MARK: Events

    func ready(_ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 { flush() }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { return abort() }
        switch state {
        case .reading: receive()
        case .running, .yielding, .streaming:
            if events & EPOLLRDHUP.rawValue != 0 { return abort() }
            // The next request waits in the kernel. Telling epoll only now keeps ordinary requests free of it.
            if events & EPOLLIN.rawValue != 0 { listen(forInput: false) }
        case .lingering: discard()
        case .writing, .closed: break
        }
    }

    func listen(forInput: Bool) {
        var events = EPOLLRDHUP.rawValue
        switch state {
        case .reading: events |= EPOLLIN.rawValue
        case .running, .yielding: if forInput { events |= EPOLLIN.rawValue }
        case .streaming:
            if forInput { events |= EPOLLIN.rawValue }
            if hasUnsent { events |= EPOLLOUT.rawValue }
        case .writing: events = EPOLLOUT.rawValue
        case .lingering: events = EPOLLIN.rawValue
        case .closed: return
        }
        server.loop.modify(fd: fd, events: events)
    }

    private func receive() {
        let buffer = server.readBuffer
        let count = recv(fd, buffer.baseAddress, buffer.count, 0)
        if count > 0 {
            consume(UnsafeBufferPointer(rebasing: buffer[..<count]))
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            abort()
        }
    }

    private func discard() {
        let count = recv(fd, server.readBuffer.baseAddress, server.readBuffer.count, 0)
        if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { abort() }
    }

    // MARK: Requests

    private func consume(_ bytes: UnsafeBufferPointer<UInt8>) {
        isConsuming = true
        var (position, begun) = (0, 0)
        do {
            while state == .reading, position < bytes.count {
                guard begun < Self.requestsPerTurn else {
                    yieldTurn()
                    break
                }
                switch try parser.parse(bytes.span, &position) {
                case .needsInput: break
                case .head(let parsed): try beginBody(parsed, hasInput: position < bytes.count)
                case .request(let parsed):
                    begun += 1
                    begin(parsed)
                }
            }
        } catch {
            refuse(error)
        }
        isConsuming = false
        switch state {
        case .reading:
            guard waiting == .idle, !parser.isBetweenRequests else { return }
            wait(.head, server.configuration.headerDeadline)
        case .running, .yielding, .streaming, .writing:
            if position < bytes.count { input.append(contentsOf: bytes[position...]) }
        case .lingering, .closed: break
        }
    }

    private func yieldTurn() {
        state = .yielding
        server.loop.submit {
            guard self.state == .yielding else { return }
            self.state = .reading
            self.readOn()
        }
    }

    private func beginBody(_ parsed: ParsedRequest, hasInput: Bool) throws(HTTPParseFault) {
        exchange.method = parsed.request.method
        try parser.acceptBody(limit: server.configuration.bodyLimit(parsed.request))
        wait(.body, server.configuration.bodyDeadline)
        if parsed.expectsContinue, !hasInput { sendContinue() }
    }

    private func begin(_ parsed: ParsedRequest) {
        state = .running
        deadline = .max
        exchange = Exchange(
            method: parsed.request.method,
            isHTTP10: parsed.isHTTP10,
            keepsAlive: parsed.keepsAlive,
            requestBodyBytes: parsed.request.body.count
        )
        let request = parsed.request
        // Runs inline until its first real suspension: most answers are out before this returns.
        let task = Task.immediate(executorPreference: server.loop) {
            await self.answer(await self.server.handler(request))
        }
        if state == .running || state == .streaming { self.task = task }
    }

    /// After an answer on a connection that stays open.
    func awaitNextRequest() {
        state = .reading
        task = nil
        let configuration = server.configuration
        wait(.idle, server.isDraining ? configuration.drainIdleDeadline : configuration.idleDeadline)
        exchange = Exchange()
        if !isConsuming { readOn() }
    }

    private func readOn() {
        let rest = input
        input = []
        if !rest.isEmpty { rest.withUnsafeBufferPointer { consume($0) } }
        if state == .reading { listen(forInput: true) }
    }

    // MARK: Deadlines and ends

    private func wait(_ waiting: Waiting, _ duration: Duration) {
        self.waiting = waiting
        deadline = MonotonicClock.now() + duration.microseconds
    }

    /// The deadline has passed.
    func expire() {
        switch state {
        case .reading where waiting == .body:
            countTimeout("body")
            refuse(HTTPParseFault(408, "The body did not arrive in time"))
        case .reading where !parser.isBetweenRequests:
            countTimeout("header")
            refuse(HTTPParseFault(408, "The header fields did not arrive in time"))
        case .streaming, .writing:
            countTimeout("write")
            abort()
        case .reading, .lingering: abort()
        case .running, .yielding, .closed: break
        }
    }

    private func countTimeout(_ phase: String) {
        server.metrics.counter(.httpTimeouts, phase).increment()
    }

    func serverDrains() {
        guard state == .reading, parser.isBetweenRequests else { return }
        deadline = min(deadline, MonotonicClock.now() + server.configuration.drainIdleDeadline.microseconds)
    }

    func linger() {
        shutdown(fd, Int32(SHUT_WR))
        state = .lingering
        task = nil
        input = []
        deadline = MonotonicClock.now() + server.configuration.lingerDeadline.microseconds
        listen(forInput: true)
    }

    /// Closes at once: the client is gone, or must not believe that the answer was whole.
    func abort() {
        guard state != .closed else { return }
        if state == .running || state == .streaming { report(status: Self.clientGone) }
        state = .closed
        server.loop.deregister(fd: fd)
        close(fd)
        task?.cancel()
        task = nil
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume(throwing: CancellationError()) }
        server.remove(self)
    }
}
