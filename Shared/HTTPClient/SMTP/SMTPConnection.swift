import CLinux
import Core
import EventLoop
import Glibc

/// Waiting times of one connection. Every one is an absolute deadline from the moment the step began, so that a server
/// that dribbles bytes does not hold a message for ever. RFC 5321 §4.5.3.2 suggests minutes; a delivery job's lease is
/// shorter, and giving up after the final dot only makes a message in doubt, never a duplicate.
package struct SMTPTimeouts: Sendable {
    /// Connect, greeting, EHLO, STARTTLS, AUTH together.
    package var handshake: Duration = .seconds(10)
    /// MAIL, RCPT, DATA, RSET.
    package var command: Duration = .seconds(15)
    /// Writing the content and waiting for the reply after the final dot.
    package var final: Duration = .seconds(20)
    package var idle: Duration = .seconds(60)

    package init() {}
}

/// One SMTP session on the loop: moves bytes between the transport and the dialogue and takes its messages from the pool.
/// Loop-confined.
final class SMTPConnection: EventSource, @unchecked Sendable {
    // SAFETY: made and used on the loop's thread only.
    /// One TLS record: so a refused write has put no complete record on the wire.
    private static let writeLimitBytes = 16 << 10
    private static let quitTimeout: Duration = .seconds(2)

    private let transport: SMTPTransport
    private let loop: EventLoop
    private let pool: SMTPPool
    private let timeouts: SMTPTimeouts
    private var dialogue: SMTPDialogue<SMTPTicket>
    private var parser = SMTPReplyParser()
    /// What is being written; untouched while a write is pending (OpenSSL wants the same address again).
    private var sending: [UInt8] = []
    private var sendingOffset = 0
    private var offeredBytes = 0
    private var writtenBytes = 0
    private var watchesWrites = false
    private var isClosed = false
    private var deadline: Int64 = .max
    private var timer: LoopTimer?

    init(transport: SMTPTransport, pool: SMTPPool, loop: EventLoop, timeouts: SMTPTimeouts) {
        self.transport = transport
        self.pool = pool
        self.loop = loop
        self.timeouts = timeouts
        dialogue = SMTPDialogue(capabilities: transport.capabilities, isInTime: \.isInTime)
    }

    /// Can take a message at once.
    var isIdle: Bool { !isClosed && dialogue.isQuiet && dialogue.wantsMessage }

    func open() {
        loop.register(self, fd: transport.fd, events: EPOLLIN.rawValue)
        advance()
    }

    /// Takes what the pool has and writes it.
    func advance() {
        guard !isClosed else { return }
        fill()
        flush()
        guard !isClosed else { return }
        renewDeadline()
    }

    /// QUIT once nothing is outstanding.
    func quit() {
        dialogue.quit()
        flush()
        if !isClosed { renewDeadline() }
    }

    func ready(_ events: UInt32) {
        guard !isClosed else { return }
        receive()
        if !isClosed { advance() }
    }

    // MARK: Reading

    private func receive() {
        var scratch = pool.scratch
        defer { pool.scratch = scratch }
        pool.scratch = []
        while !isClosed {
            let transfer = scratch.withUnsafeMutableBytes { transport.receive($0) }
            switch transfer {
            case .bytes(let count):
                scratch.withUnsafeBytes { parser.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                takeReplies()
                // A TLS session may hold decrypted bytes that epoll cannot see.
                if count < scratch.count && !transport.isEncrypted { return }
            case .wouldBlock: return
            case .end: close("the server closed the connection")
            case .failed(let reason): close(reason)
            }
        }
    }

    private func takeReplies() {
        do throws(SMTPProtocolFault) {
            while !isClosed, let reply = try parser.next() {
                let resolution = dialogue.receive(reply)
                if reply.code == 421 { pool.pauseOpening(reply) }
                if let resolution { pool.settle(resolution.ticket, resolution.result) }
                fill()
            }
        } catch {
            close(error.description)
        }
    }

    // MARK: Writing

    private func fill() {
        while dialogue.wantsMessage, dialogue.begun < pool.server.messagesPerConnection, let ticket = pool.next() {
            if let resolution = dialogue.begin(ticket, ticket.message) { pool.settle(ticket, resolution.result) }
        }
        guard dialogue.isQuiet, !dialogue.isClosing else { return }
        if dialogue.begun >= pool.server.messagesPerConnection || pool.isClosing { dialogue.quit() }
    }

    private func flush() {
        while !isClosed {
            if sendingOffset == sending.count {
                guard !dialogue.output.isEmpty else { break }
                sending = dialogue.takeOutput()
                sendingOffset = 0
            }
            let transfer = sending.withUnsafeBytes { bytes -> SMTPTransport.Transfer in
                let limit = transport.isEncrypted ? Self.writeLimitBytes : bytes.count
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[sendingOffset...].prefix(limit))
                offeredBytes = max(offeredBytes, writtenBytes + chunk.count)
                return transport.send(chunk)
            }
            switch transfer {
            case .bytes(let count):
                sendingOffset += count
                writtenBytes += count
            case .wouldBlock:
                watch(writes: true)
                return
            case .end: close("the server closed the connection")
            case .failed(let reason): close(reason)
            }
        }
        if !isClosed { watch(writes: false) }
        if dialogue.isClosing && dialogue.isQuiet && !isClosed { close("closed") }
    }

    private func watch(writes: Bool) {
        guard writes != watchesWrites else { return }
        watchesWrites = writes
        loop.modify(fd: transport.fd, events: writes ? EPOLLIN.rawValue | EPOLLOUT.rawValue : EPOLLIN.rawValue)
    }

    // MARK: Time

    private func renewDeadline() {
        let limit: Duration
        if dialogue.isClosing {
            limit = Self.quitTimeout
        } else if dialogue.isQuiet {
            limit = timeouts.idle
        } else {
            limit = dialogue.awaitsFinalReply ? timeouts.final : timeouts.command
        }
        deadline = MonotonicClock.now() + limit.microseconds
        if timer == nil { arm(limit) }
    }

    private func arm(_ delay: Duration) {
        timer = loop.schedule(after: delay) { [self] in
            timer = nil
            expire()
        }
    }

    private func expire() {
        guard !isClosed else { return }
        let rest = deadline - MonotonicClock.now()
        if rest > 0 {
            arm(.microseconds(rest))
        } else if dialogue.isQuiet && !dialogue.isClosing {
            quit()
        } else {
            close("no reply in time")
        }
    }

    // MARK: End

    private func close(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        timer = nil
        loop.deregister(fd: transport.fd)
        // Bytes offered to a failed encrypted write may have left; a plain socket says exactly what it took.
        let reached = transport.isEncrypted ? offeredBytes : writtenBytes
        let lost = dialogue.fail(reason, writtenBytes: reached, retryAfter: .seconds(1))
        pool.closed(self, lost: lost.map { ($0.ticket, $0.result) })
    }
}
