import LMTP
import Testing

/// The server's side of the dialogue, without sockets.
@Suite struct LMTPDialogueTests {
    /// Feeds a session in pieces and answers as told; returns what went over the wire and what was delivered.
    struct Session {
        var dialogue = LMTPDialogue(hostName: "us.test")
        var wire = ""
        var delivered: [LMTPMessage] = []
        var accept: (String) -> LMTPReply = { _ in .accepted }
        var store: (LMTPMessage) -> [LMTPReply] = { $0.recipients.map { _ in .stored } }

        mutating func say(_ text: String) { say(Array(text.utf8), pieces: .max) }

        mutating func say(_ bytes: [UInt8], pieces: Int) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(pieces))
                rest = rest.dropFirst(pieces)
                piece.withUnsafeBytes { dialogue.append($0) }
                while let action = dialogue.next() { perform(action) }
            }
        }

        private mutating func perform(_ action: LMTPDialogue.Action) {
            switch action {
            case .reply(let text): wire += text
            case .askRecipient(let address): perform(dialogue.recipientIs(accept(address)))
            case .askForRoom: perform(dialogue.beginData())
            case .deliver(let message):
                delivered.append(message)
                perform(dialogue.deliveryIs(store(message)))
            }
        }

        var codes: [String] { wire.split(separator: "\r\n").map { String($0.prefix(4)).filter(\.isNumber) } }
    }

    static let begin = "LHLO mx.test\r\nMAIL FROM:<a@x.test> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<b@y.test>\r\n"

    @Test(arguments: [1, 2, 3, 7, 64, Int.max])
    func `a pipelined session is answered in order, whatever pieces it comes in`(pieces: Int) {
        var session = Session()
        session.accept = { $0.hasPrefix("no") ? .unknown : .accepted }
        let text =
            "LHLO mx.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<no@y.test>\r\nrcpt to:<c@y.test>\r\nDATA\r\n"
            + "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"
        session.say(Array(text.utf8), pieces: pieces)
        #expect(
            session.codes == [
                "250", "250", "250", "250", "250", "250", "250", "250", "550", "250", "354", "250", "250", "221",
            ])
        #expect(
            session.delivered == [
                LMTPMessage(
                    sender: "", recipients: ["b@y.test", "c@y.test"], content: Array("Subject: x\r\n\r\n.dot\r\n".utf8))
            ])
    }

    @Test func `each recipient has a reply of its own, and a missing one is trouble`() {
        var session = Session()
        session.store = { _ in [.stored, .trouble] }
        session.say(Self.begin + "RCPT TO:<c@y.test>\r\nRCPT TO:<d@y.test>\r\nDATA\r\nx\r\n.\r\n")
        #expect(session.codes.suffix(3) == ["250", "451", "451"])
    }

    /// What some servers take for the end of a message, so that a second one is smuggled in behind it.
    @Test(arguments: ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r\n.\r\r\n"])
    func `only CRLF dot CRLF ends a message`(end: String) throws {
        var session = Session()
        session.say(Self.begin + "DATA\r\nfirst" + end + "MAIL FROM:<evil@x.test>\r\n\r\n.\r\n")
        let message = try #require(session.delivered.first)
        #expect(session.delivered.count == 1)
        #expect(String(decoding: message.content, as: UTF8.self).contains("MAIL FROM"))
    }

    @Test(arguments: [
        ("MAIL FROM:<a@x>\r\n", "503"), ("EHLO x\r\n", "500"), ("LHLO\r\n", "501"),
        ("LHLO x\r\nRCPT TO:<a@b>\r\n", "503"),
        ("LHLO x\r\nMAIL FROM:a@b\r\n", "501"), ("LHLO x\r\nMAIL FROM:<a@b> RET=FULL\r\n", "555"),
        ("LHLO x\r\nMAIL FROM:<a@b> SIZE=99999999\r\n", "552"),
        ("LHLO x\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n", "503"),
        ("LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<>\r\n", "501"), ("LHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\n", "503"),
        ("LHLO x\r\nDATA now\r\n", "501"), ("NOOP\n", "500"), ("\r\n", "500"), ("WIZ\r\n", "500"),
        ("LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b> NOTIFY=NEVER\r\n", "555"), ("N\u{0}OP\r\n", "500"),
    ])
    func `what is out of order is refused`(text: String, code: String) {
        var session = Session()
        session.say(text)
        #expect(session.codes.last == code)
        #expect(session.delivered.isEmpty)
    }

    @Test func `a message that is too long is thrown away and its session goes on`() {
        var limits = LMTPLimits()
        limits.messageBytes = 1000
        var session = Session(dialogue: LMTPDialogue(hostName: "us.test", limits: limits))
        session.say("LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@b>\r\nDATA\r\n")
        for _ in 0..<1000 { session.say("0123456789\r\n") }
        #expect(session.dialogue.heldBytes < 3000)
        session.say(".\r\nNOOP\r\n")
        #expect(session.codes.suffix(3) == ["552", "552", "250"])
        #expect(session.delivered.isEmpty)
    }

    @Test func `lines, recipients and errors have a limit`() {
        var session = Session()
        session.say("LHLO x\r\nMAIL FROM:<a@b>\r\n")
        for number in 0..<101 { session.say("RCPT TO:<r\(number)@b>\r\n") }
        #expect(session.codes.last == "452")
        session.say("RSET\r\n")
        for _ in 0..<20 { session.say("WIZ\r\n") }
        #expect(session.codes.last == "421")
        #expect(session.dialogue.isClosed)
        var endless = Session()
        endless.say(String(repeating: "x", count: 5000))
        #expect(endless.dialogue.isClosed)
    }

    @Test func `a path may be quoted or routed, and nothing else`() {
        var session = Session()
        var asked: [String] = []
        for path in ["<\"a>b\"@y.test>", "<@r.test,@s.test:b@y.test>", "<b@y.test", "b@y.test>"] {
            session.say("RSET\r\nLHLO x\r\nMAIL FROM:<>\r\n")
            session.accept = {
                asked.append($0)
                return .accepted
            }
            session.say("RCPT TO:\(path)\r\n")
        }
        #expect(asked == ["\"a>b\"@y.test", "b@y.test"])
    }
}
