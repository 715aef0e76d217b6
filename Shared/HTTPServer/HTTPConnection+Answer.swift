import CLinux
import Core
import EventLoop
import Glibc
import Runtime

extension HTTPConnection {
    /// A stream's producer waits while more than this is unsent.
    private static let unsentLimit = 64 << 10
    /// Bodies up to this size are copied behind their head: cheaper than a second buffer for the kernel.
    private static let copyLimit = 16 << 10

    var hasUnsent: Bool { unsentStart < unsent.count }

    // MARK: Whole answers

    /// Sends what the handler made. Without effect when the client is gone.
    func answer(_ response: HTTPResponse) async {
        guard state == .running else { return }
        switch response.body {
        case .bytes(let body): send(response, body)
        case .stream(let produce):
            if exchange.method == "HEAD" {
                send(response, [])
            } else {
                await stream(response, produce)
            }
        }
    }

    /// Answers what cannot be read, and closes.
    func refuse(_ fault: HTTPParseFault) {
        state = .running
        exchange.keepsAlive = false
        exchange.begin = MonotonicClock.now()
        server.metrics.counter(.httpBadRequests, String(fault.status)).increment()
        let response = server.configuration.errorBody(fault.status, fault.reason)
        if case .bytes(let body) = response.body { send(response, body) } else { send(response, []) }
    }

    func sendContinue() {
        let line: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
        // A fresh socket buffer takes 25 bytes; if it does not, the client sends its body after its own timeout.
        line.withUTF8Buffer { _ = Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func send(_ response: HTTPResponse, _ body: [UInt8]) {
        let isBodyless = response.status < 200 || response.status == 204 || response.status == 304
        var isStream = false
        if case .stream = response.body { isStream = true }
        writeHead(response, isBodyless || isStream ? .none : .length(body.count))
        let payload = isBodyless || exchange.method == "HEAD" ? [] : body
        exchange.responseBodyBytes = payload.count
        transmit(payload)
    }

    private func writeHead(_ response: HTTPResponse, _ framing: ResponseHead.Framing) {
        if server.isDraining || response.headers.asksToClose { exchange.keepsAlive = false }
        if case .untilClose = framing { exchange.keepsAlive = false }
        exchange.status = response.status
        let head = ResponseHead(
            status: response.status,
            framing: framing,
            keepsAlive: exchange.keepsAlive,
            isHTTP10: exchange.isHTTP10
        )
        server.clearWriteBuffer()
        head.write(response.headers, dateLine: server.currentDateLine(), into: &server.writeBuffer)
    }

    /// Sends the write buffer and `body`; what the socket does not take waits for it.
    private func transmit(_ body: [UInt8]) {
        let headCount = server.writeBuffer.count
        if body.count <= Self.copyLimit {
            server.writeBuffer.append(contentsOf: body)
            guard let sent = push(server.writeBuffer, from: 0) else { return abort() }
            keep(server.writeBuffer, from: sent)
        } else {
            guard let sent = pushTogether(server.writeBuffer, body) else { return abort() }
            if sent >= headCount {
                keep(body, from: sent - headCount)
            } else {
                keep(server.writeBuffer + body, from: sent)
            }
        }
        guard hasUnsent else { return finishAnswer() }
        state = .writing
        deadline = MonotonicClock.now() + server.configuration.writeDeadline.microseconds
        listen(forInput: false)
    }

    private func keep(_ bytes: [UInt8], from start: Int) {
        guard start < bytes.count else { return }
        unsent = bytes
        unsentStart = start
    }

    /// How many bytes the socket took; `nil` when the connection is broken.
    private func push(_ bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            return Self.taken(Glibc.send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL)))
        }
    }

    private static func taken(_ sent: Int) -> Int? {
        if sent >= 0 { return sent }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    private func pushTogether(_ head: [UInt8], _ body: [UInt8]) -> Int? {
        head.withUnsafeBytes { head in
            body.withUnsafeBytes { body in
                // SAFETY: the kernel only reads through these pointers, and only during the call.
                var parts = (
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
                )
                return withUnsafeMutablePointer(to: &parts) { pointer in
                    pointer.withMemoryRebound(to: iovec.self, capacity: 2) { vector in
                        var message = msghdr()
                        message.msg_iov = vector
                        message.msg_iovlen = 2
                        return Self.taken(sendmsg(fd, &message, Int32(MSG_NOSIGNAL)))
                    }
                }
            }
        }
    }

    func flush() {
        guard hasUnsent else { return }
        guard let sent = push(unsent, from: unsentStart) else { return abort() }
        unsentStart += sent
        if unsent.count - unsentStart <= Self.unsentLimit, !writers.isEmpty {
            extendDeadline()
            resumeWriters()
        }
        guard !hasUnsent else { return }
        unsent = []
        unsentStart = 0
        if state == .writing {
            finishAnswer()
        } else if state == .streaming {
            deadline = .max
            listen(forInput: false)
        }
    }

    private func finishAnswer() {
        report(status: exchange.status)
        if exchange.keepsAlive { awaitNextRequest() } else { linger() }
    }

    /// The path is not told: endpoint ids may be addresses, and tracking paths are tokens.
    func report(status: Int) {
        let told = HTTPExchange(
            method: exchange.method,
            status: status,
            duration: .microseconds(MonotonicClock.now() - exchange.begin),
            requestBodyBytes: exchange.requestBodyBytes,
            responseBodyBytes: exchange.responseBodyBytes
        )
        server.observe(told)
        guard server.environment.log.isEnabled(.debug) else { return }
        server.environment.log.debug(
            "http.request",
            [
                "method": .string(told.method),
                "status": .integer(Int64(status)),
                "microseconds": .integer(told.duration.microseconds),
                "requestBytes": .integer(Int64(told.requestBodyBytes)),
                "responseBytes": .integer(Int64(told.responseBodyBytes)),
            ]
        )
    }

    // MARK: Streams

    private func stream(
        _ response: HTTPResponse,
        _ produce: @Sendable (HTTPBodyWriter) async throws -> Void
    ) async {
        writeHead(response, exchange.isHTTP10 ? .untilClose : .chunked)
        state = .streaming
        sendPiece([])
        do {
            let server = server
            try await produce(
                HTTPBodyWriter(isDraining: { server.isDraining }, { try await self.write($0) }))
        } catch {
            if state == .streaming, !(error is CancellationError) {
                server.environment.log.error("http.stream_failed", error)
            }
            return abort()
        }
        guard state == .streaming else { return }
        server.clearWriteBuffer()
        if !exchange.isHTTP10 { server.writeBuffer.append("0\r\n\r\n") }
        sendPiece([])
        guard state == .streaming else { return }
        guard hasUnsent else { return finishAnswer() }
        state = .writing
        listen(forInput: false)
    }

    private func write(_ piece: [UInt8]) async throws {
        precondition(server.loop.isInLoop, "a stream is written on its loop")
        guard state == .streaming else { throw CancellationError() }
        guard !piece.isEmpty else { return }
        exchange.responseBodyBytes += piece.count
        server.clearWriteBuffer()
        if !exchange.isHTTP10 {
            server.writeBuffer.append(contentsOf: String(piece.count, radix: 16).utf8)
            server.writeBuffer.append("\r\n")
        }
        sendPiece(piece)
        guard state == .streaming else { throw CancellationError() }
        guard unsent.count - unsentStart > Self.unsentLimit else { return }
        try await withCheckedThrowingContinuation { writers.append($0) }
    }

    /// Sends the write buffer, then `piece` (with the line end of its chunk), behind what is unsent.
    private func sendPiece(_ piece: [UInt8]) {
        server.writeBuffer.append(contentsOf: piece)
        if !piece.isEmpty, !exchange.isHTTP10 { server.writeBuffer.append("\r\n") }
        if hasUnsent {
            // The deadline stands: small pieces, such as heartbeats, give nobody more time who takes none.
            unsent.removeSubrange(..<unsentStart)
            unsentStart = 0
            unsent.append(contentsOf: server.writeBuffer)
        } else {
            guard let sent = push(server.writeBuffer, from: 0) else { return abort() }
            keep(server.writeBuffer, from: sent)
            if hasUnsent { extendDeadline() }
        }
        if hasUnsent { listen(forInput: false) }
    }

    private func extendDeadline() {
        deadline = MonotonicClock.now() + server.configuration.writeDeadline.microseconds
    }

    private func resumeWriters() {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume() }
    }
}

extension HTTPHeaders {
    fileprivate var asksToClose: Bool {
        self["Connection"].map { HTTPBytes.equalsIgnoringCase(Array($0.utf8), "close") } ?? false
    }
}
