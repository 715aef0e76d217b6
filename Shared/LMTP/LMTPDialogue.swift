/// The server's side of a session (RFC 2033) as a value: bytes in, actions out, no sockets.
///
/// Strict where mail is smuggled: only CRLF `.` CRLF ends a message; a bare LF never begins a line. Pipelined commands wait while the
/// owner decides (`isWaiting`).
package struct LMTPDialogue: Sendable {
    package enum Action: Sendable, Equatable {
        case reply(String)
        /// Asks for `recipientIs`.
        case askRecipient(String)
        /// Asks for `beginData` or `refuseData`.
        case askForRoom
        /// Asks for `deliveryIs`.
        case deliver(LMTPMessage)
    }

    private enum State {
        case greeting, ready, mail, data, closed
    }

    private let hostName: String
    private let limits: LMTPLimits
    private var state = State.greeting
    private var input: [UInt8] = []
    private var start = 0
    private var sender = ""
    private var recipients: [String] = []
    private var asked: String?
    private var content: [UInt8] = []
    private var isTooLarge = false
    private var isAtLineStart = true
    private var isDelivering = false
    private var errors = 0

    package init(hostName: String, limits: LMTPLimits = LMTPLimits()) {
        self.hostName = hostName
        self.limits = limits
    }

    package var greeting: String { "220 \(hostName) LMTP\r\n" }
    package var isWaiting: Bool { asked != nil || isDelivering }
    package var isReceivingData: Bool { state == .data && !isDelivering }
    /// Between two messages: nothing is lost by ending here.
    package var isIdle: Bool { (state == .greeting || state == .ready) && !isWaiting }
    package var heldBytes: Int { content.count + input.count - start }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == input.count {
            input.removeAll(keepingCapacity: input.capacity <= 256 << 10)
            start = 0
        }
        input.append(contentsOf: bytes)
    }

    /// The next thing to do; nil when more input is needed or an answer of the owner.
    package mutating func next() -> Action? {
        guard !isWaiting, state != .closed else { return nil }
        if state == .data { return receive() }
        guard let end = input[start...].firstIndex(of: 0x0A) else {
            guard input.count - start <= limits.lineBytes else { return hangUp("500 5.5.2 Line too long") }
            return nil
        }
        let line = input[start..<end]
        start = end + 1
        guard line.count <= limits.lineBytes else { return hangUp("500 5.5.2 Line too long") }
        guard line.last == 0x0D, !line.dropLast().contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return fail(LMTPReply(500, "5.5.2", "A line ends with CRLF and has no control characters"))
        }
        return command(String(decoding: line.dropLast(), as: UTF8.self))
    }

    // MARK: Answers of the owner

    package mutating func recipientIs(_ reply: LMTPReply) -> Action {
        if let asked, reply.isPositive { recipients.append(asked) }
        asked = nil
        return .reply("\(reply)\r\n")
    }

    /// One reply per recipient (RFC 2033 §4.2). What is missing is our trouble.
    package mutating func deliveryIs(_ replies: [LMTPReply]) -> Action {
        let count = recipients.count
        isDelivering = false
        reset()
        return .reply(
            (0..<count).map { "\($0 < replies.count ? replies[$0] : .trouble)\r\n" }.joined())
    }

    /// Ends the session for a reason of ours.
    package mutating func shutDown() -> String {
        state = .closed
        return "421 4.3.2 \(hostName) closes\r\n"
    }

    // MARK: Commands

    private mutating func command(_ line: String) -> Action {
        let verb = line.prefix { $0 != " " }.uppercased()
        let rest = line.dropFirst(verb.count)
        switch verb {
        case "LHLO": return hello(rest)
        case "MAIL": return mail(rest)
        case "RCPT": return recipient(rest)
        case "DATA": return data(rest)
        case "RSET":
            reset()
            return .reply("250 2.0.0 Ok\r\n")
        case "NOOP": return .reply("250 2.0.0 Ok\r\n")
        case "VRFY": return .reply("252 2.5.0 Send it and see\r\n")
        case "QUIT":
            state = .closed
            return .reply("221 2.0.0 Bye\r\n")
        case "HELO", "EHLO": return fail(LMTPReply(500, "5.5.1", "This is LMTP: say LHLO"))
        default: return fail(LMTPReply(500, "5.5.2", "Unknown command"))
        }
    }

    private mutating func hello(_ rest: Substring) -> Action {
        guard rest.contains(where: { $0 != " " }) else { return fail(LMTPReply(501, "5.5.4", "LHLO needs a name")) }
        state = .ready
        reset()
        let lines = [
            hostName, "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE \(limits.messageBytes)",
        ]
        return .reply(
            lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)\r\n" }.joined())
    }

    private mutating func mail(_ rest: Substring) -> Action {
        guard state == .ready else {
            return fail(LMTPReply(503, "5.5.1", state == .greeting ? "LHLO first" : "One message at a time"))
        }
        guard let (path, parameters) = MailPath.read(rest, after: "FROM:") else {
            return fail(LMTPReply(501, "5.5.4", "MAIL FROM:<address> is expected"))
        }
        for parameter in parameters {
            let upper = parameter.uppercased()
            if upper.hasPrefix("SIZE="), let size = Int(upper.dropFirst(5)), size >= 0 {
                guard size <= limits.messageBytes else {
                    return fail(LMTPReply(552, "5.3.4", "At most \(limits.messageBytes) bytes are taken"))
                }
            } else if upper != "BODY=7BIT", upper != "BODY=8BITMIME", upper != "SMTPUTF8" {
                return fail(LMTPReply(555, "5.5.4", "Unknown parameter of MAIL"))
            }
        }
        sender = path
        state = .mail
        return .reply("250 2.1.0 Ok\r\n")
    }

    private mutating func recipient(_ rest: Substring) -> Action {
        guard state == .mail else { return fail(LMTPReply(503, "5.5.1", "MAIL first")) }
        guard let (path, parameters) = MailPath.read(rest, after: "TO:"), !path.isEmpty else {
            return fail(LMTPReply(501, "5.5.4", "RCPT TO:<address> is expected"))
        }
        guard parameters.isEmpty else { return fail(LMTPReply(555, "5.5.4", "Unknown parameter of RCPT")) }
        guard recipients.count < limits.recipients else {
            return .reply("452 4.5.3 At most \(limits.recipients) recipients\r\n")
        }
        asked = path
        return .askRecipient(path)
    }

    private mutating func data(_ rest: Substring) -> Action {
        guard rest.isEmpty else { return fail(LMTPReply(501, "5.5.4", "DATA has no parameter")) }
        // RFC 2033 §4.2: without a recipient there is nobody to answer for.
        guard state == .mail, !recipients.isEmpty else {
            return fail(LMTPReply(503, "5.5.1", "No recipient was accepted"))
        }
        return .askForRoom
    }

    package mutating func beginData() -> Action {
        state = .data
        isAtLineStart = true
        return .reply("354 End with CRLF . CRLF\r\n")
    }

    /// Memory is short: the message is tried again later.
    package mutating func refuseData() -> Action {
        reset()
        return .reply("452 4.3.1 Too much mail at once\r\n")
    }

    private mutating func reset() {
        if state != .greeting, state != .closed { state = .ready }
        sender = ""
        recipients = []
        content = []
        isTooLarge = false
    }

    private mutating func fail(_ reply: LMTPReply) -> Action {
        errors += 1
        return errors < limits.errors ? .reply("\(reply)\r\n") : hangUp("421 4.7.0 Too many errors")
    }

    private mutating func hangUp(_ line: String) -> Action {
        state = .closed
        return .reply("\(line)\r\n")
    }

    package var isClosed: Bool { state == .closed }

    // MARK: Content

    private mutating func receive() -> Action? {
        while start < input.count {
            let end = input[start...].firstIndex(of: 0x0A).map { $0 + 1 }
            // Of a line without an end so far, enough is kept back to see a lone dot and a CR.
            guard let end else {
                guard input.count - start > limits.lineBytes else { return nil }
                keep(start..<(input.count - 1))
                start = input.count - 1
                isAtLineStart = false
                return nil
            }
            let isWhole = end - start >= 2 && input[end - 2] == 0x0D
            if isAtLineStart, end - start == 3, input[start] == 0x2E, isWhole {
                start = end
                return finish()
            }
            keep(start..<end)
            start = end
            isAtLineStart = isWhole
        }
        return nil
    }

    private mutating func keep(_ range: Range<Int>) {
        let isStuffed = isAtLineStart && input[range.lowerBound] == 0x2E
        let piece = input[(range.lowerBound + (isStuffed ? 1 : 0))..<range.upperBound]
        guard !isTooLarge, content.count + piece.count <= limits.messageBytes else {
            isTooLarge = true
            content = []
            return
        }
        content.append(contentsOf: piece)
    }

    private mutating func finish() -> Action {
        isDelivering = true
        if isTooLarge {
            let reply = LMTPReply(552, "5.3.4", "At most \(limits.messageBytes) bytes are taken")
            return deliveryIs(recipients.map { _ in reply })
        }
        let message = LMTPMessage(sender: sender, recipients: recipients, content: content)
        content = []
        return .deliver(message)
    }
}

/// `FROM:<path> PARAMETER=VALUE` (RFC 5321 §4.1.2).
enum MailPath {
    static let limitBytes = 320

    /// Without angle brackets and source route; empty for `<>`.
    static func read(_ text: Substring, after keyword: String) -> (path: String, parameters: [Substring])? {
        let text = text.drop { $0 == " " }
        guard text.prefix(keyword.count).uppercased() == keyword else { return nil }
        let rest = text.dropFirst(keyword.count).drop { $0 == " " }
        guard rest.first == "<", let close = close(rest) else { return nil }
        var path = rest[rest.index(after: rest.startIndex)..<close]
        if path.first == "@", let colon = path.firstIndex(of: ":") { path = path[path.index(after: colon)...] }
        let parameters = rest[rest.index(after: close)...]
        guard path.utf8.count <= limitBytes, !path.contains("<"), parameters.isEmpty || parameters.first == " " else {
            return nil
        }
        return (String(path), parameters.split(separator: " "))
    }

    /// The `>` outside of quotes.
    private static func close(_ text: Substring) -> Substring.Index? {
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ">", !isQuoted {
                return index
            }
        }
        return nil
    }
}
