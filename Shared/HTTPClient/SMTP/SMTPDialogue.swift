/// The client's half of SMTP after the handshake, without any I/O: replies in, bytes and results out.
///
/// With PIPELINING (RFC 2920) an envelope is one group MAIL, RCPT, DATA, and **the next message's envelope is written right
/// behind the final dot**, so a message costs one round trip. The next message's content still waits for its own 354;
/// therefore a broken connection leaves at most one message in doubt. Without PIPELINING every command waits for its reply.
///
/// `Ticket` is whatever the owner recognises a message by.
struct SMTPDialogue<Ticket> {
    struct Resolution {
        let ticket: Ticket
        let result: SMTPResult
    }

    private enum Expected {
        case rset, mail, rcpt, data, quit
        /// The reply to a lone dot after DATA was granted to an envelope without a recipient; it means nothing.
        case loneDot
        case final(Ticket, dotOffset: Int)
    }

    private struct Envelope {
        let ticket: Ticket
        let commands: SMTPEnvelope
        let content: SMTPContent
        var refusal: (reply: SMTPReply, stage: SMTPStage)?
    }

    let capabilities: SMTPCapabilities
    /// Asked when the server is ready for the content; an envelope that was written ahead may have waited behind a slow message.
    private let isInTime: (Ticket) -> Bool
    /// Bytes to write next; the owner empties it with `takeOutput`.
    private(set) var output: [UInt8] = []
    /// Bytes ever put into `output`.
    private(set) var producedBytes = 0
    /// Messages begun on this connection.
    private(set) var begun = 0
    /// The server said 421 or something senseless, or we said QUIT: no further message.
    private(set) var isClosing = false
    private var expected: [Expected] = []
    private var envelope: Envelope?
    private var needsReset = false

    init(capabilities: SMTPCapabilities, isInTime: @escaping (Ticket) -> Bool = { _ in true }) {
        self.capabilities = capabilities
        self.isInTime = isInTime
    }

    /// Nothing is outstanding: the connection may idle, quit or be dropped.
    var isQuiet: Bool { expected.isEmpty && envelope == nil }
    /// Whether the oldest outstanding reply is the one after a final dot (servers may take their time there).
    var awaitsFinalReply: Bool { if case .final = expected.first { true } else { false } }
    /// A further message may begin now.
    var wantsMessage: Bool {
        !isClosing && envelope == nil && (capabilities.pipelining || expected.isEmpty)
    }

    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Writes the envelope, or says at once why this server can never be given the message.
    mutating func begin(_ ticket: Ticket, _ message: SMTPMessage) -> Resolution? {
        precondition(wantsMessage, "begin without room")
        let next: Envelope
        do throws(SMTPContentFault) {
            let content = try SMTPContent(message.content)
            do throws(SMTPEnvelopeFault) {
                let commands = try SMTPEnvelope(message, content: content, capabilities: capabilities)
                next = Envelope(ticket: ticket, commands: commands, content: content)
            } catch {
                return Resolution(ticket: ticket, result: .notSent(error.reason))
            }
        } catch {
            return Resolution(ticket: ticket, result: .notSent(.invalidContent(error.description)))
        }
        begun += 1
        envelope = next
        if needsReset {
            write(Array("RSET\r\n".utf8), expecting: .rset)
            needsReset = false
            guard capabilities.pipelining else { return nil }
        }
        write(next.commands.mail, expecting: .mail)
        if capabilities.pipelining {
            write(next.commands.recipient, expecting: .rcpt)
            write(Self.data, expecting: .data)
        }
        return nil
    }

    /// Ends the dialogue politely once it is quiet.
    mutating func quit() {
        guard isQuiet, !isClosing else { return }
        write(Array("QUIT\r\n".utf8), expecting: .quit)
        isClosing = true
    }

    /// Takes one reply; returns the message it decides, if it decides one.
    mutating func receive(_ reply: SMTPReply) -> Resolution? {
        guard !expected.isEmpty else {
            // A reply nobody asked for: 421 before closing. Nothing sensible can follow.
            isClosing = true
            return nil
        }
        let answered = expected.removeFirst()
        if reply.code == 421 { isClosing = true }
        switch answered {
        case .rset: return afterReset(reply)
        case .mail: return afterMail(reply)
        case .rcpt: return afterRecipient(reply)
        case .data: return afterData(reply)
        case .loneDot, .quit: return nil
        case .final(let ticket, _):
            return Resolution(ticket: ticket, result: reply.isPositive ? .accepted(reply) : .refused(reply, at: .final))
        }
    }

    /// The connection is gone. `writtenBytes` is how much of what was produced may have reached the server: a message whose
    /// final dot is among it is in doubt, every other one is proven not sent.
    mutating func fail(_ reason: String, writtenBytes: Int, retryAfter: Duration = .zero) -> [Resolution] {
        var resolutions: [Resolution] = []
        for entry in expected {
            guard case .final(let ticket, let dotOffset) = entry else { continue }
            let result: SMTPResult =
                writtenBytes > dotOffset
                ? .inDoubt(reason) : .notSent(.connection(reason, retryAfter: retryAfter))
            resolutions.append(Resolution(ticket: ticket, result: result))
        }
        if let envelope {
            let result: SMTPResult
            if let (reply, stage) = envelope.refusal {
                result = .refused(reply, at: stage)
            } else {
                result = .notSent(.connection(reason, retryAfter: retryAfter))
            }
            resolutions.append(Resolution(ticket: envelope.ticket, result: result))
        }
        expected = []
        envelope = nil
        isClosing = true
        return resolutions
    }

    // MARK: Replies

    private mutating func afterReset(_ reply: SMTPReply) -> Resolution? {
        if !reply.isPositive { isClosing = true }
        if !capabilities.pipelining, !isClosing, let envelope { write(envelope.commands.mail, expecting: .mail) }
        return nil
    }

    private mutating func afterMail(_ reply: SMTPReply) -> Resolution? {
        if !reply.isPositive { return refuse(reply, .mail) }
        if !capabilities.pipelining, let envelope { write(envelope.commands.recipient, expecting: .rcpt) }
        return nil
    }

    private mutating func afterRecipient(_ reply: SMTPReply) -> Resolution? {
        if !reply.isPositive { return refuse(reply, .rcpt) }
        if !capabilities.pipelining, envelope?.refusal == nil { write(Self.data, expecting: .data) }
        return nil
    }

    /// Remembers the first refusal. With PIPELINING the replies behind it still come; without, the message is decided.
    private mutating func refuse(_ reply: SMTPReply, _ stage: SMTPStage) -> Resolution? {
        if envelope?.refusal == nil { envelope?.refusal = (reply, stage) }
        return capabilities.pipelining ? nil : endEnvelope(resets: true)
    }

    private mutating func afterData(_ reply: SMTPReply) -> Resolution? {
        guard let envelope else { return nil }
        guard reply.code == 354 else {
            if envelope.refusal == nil { self.envelope?.refusal = (reply, .data) }
            return endEnvelope(resets: true)
        }
        guard envelope.refusal == nil else {
            write(Array(".\r\n".utf8), expecting: .loneDot)
            return endEnvelope(resets: false)
        }
        guard isInTime(envelope.ticket) else {
            // The server takes nothing but content now: only the end of the connection says that there is none.
            self.envelope = nil
            isClosing = true
            return Resolution(ticket: envelope.ticket, result: .notSent(.deadline))
        }
        // With room for the next envelope behind it.
        output.reserveCapacity(output.count + envelope.content.wire.count + 256)
        append(envelope.content.wire)
        let dotOffset = producedBytes
        write(Array(".\r\n".utf8), expecting: .final(envelope.ticket, dotOffset: dotOffset))
        self.envelope = nil
        return nil
    }

    private mutating func endEnvelope(resets: Bool) -> Resolution? {
        guard let ended = envelope, let (reply, stage) = ended.refusal else { return nil }
        envelope = nil
        needsReset = resets
        return Resolution(ticket: ended.ticket, result: .refused(reply, at: stage))
    }

    // MARK: Output

    private static var data: [UInt8] { Array("DATA\r\n".utf8) }

    private mutating func write(_ bytes: [UInt8], expecting reply: Expected) {
        append(bytes)
        expected.append(reply)
    }

    private mutating func append(_ bytes: [UInt8]) {
        output.append(contentsOf: bytes)
        producedBytes += bytes.count
    }
}
