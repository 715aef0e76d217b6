import Testing

@testable import HTTPClient

@Suite struct SMTPDialogueTests {
    private typealias Dialogue = SMTPDialogue<Int>

    private func dialogue(pipelining: Bool = true, _ change: (inout SMTPCapabilities) -> Void = { _ in }) -> Dialogue {
        var capabilities = SMTPCapabilities()
        capabilities.pipelining = pipelining
        change(&capabilities)
        return Dialogue(capabilities: capabilities)
    }

    private func message(_ recipient: String, _ content: String = "A: b\r\n\r\nbody\r\n") -> SMTPMessage {
        SMTPMessage(sender: "s@x.test", recipient: recipient, content: Array(content.utf8))
    }

    private func written(_ dialogue: inout Dialogue) -> String {
        String(decoding: dialogue.takeOutput(), as: UTF8.self)
    }

    private func ok(_ text: String = "ok") -> SMTPReply { SMTPReply(code: 250, text: text) }
    private let go = SMTPReply(code: 354, text: "go")

    @Test func `the next envelope goes out behind the final dot in one write`() {
        var dialogue = dialogue()
        #expect(dialogue.begin(1, message("one@x.test")) == nil)
        #expect(written(&dialogue) == "MAIL FROM:<s@x.test>\r\nRCPT TO:<one@x.test>\r\nDATA\r\n")
        #expect(!dialogue.wantsMessage)
        for reply in [ok(), ok(), go] { #expect(dialogue.receive(reply) == nil) }
        #expect(dialogue.wantsMessage)
        _ = dialogue.begin(2, message("two@x.test"))
        #expect(
            written(&dialogue)
                == "A: b\r\n\r\nbody\r\n.\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<two@x.test>\r\nDATA\r\n")
        let first = dialogue.receive(ok("queued"))
        #expect(first?.ticket == 1)
        #expect(first?.result == .accepted(ok("queued")))
        for reply in [ok(), ok(), go] { #expect(dialogue.receive(reply) == nil) }
        #expect(written(&dialogue) == "A: b\r\n\r\nbody\r\n.\r\n")
        #expect(
            dialogue.receive(SMTPReply(code: 554, text: "spam"))?.result
                == .refused(SMTPReply(code: 554, text: "spam"), at: .final))
        #expect(dialogue.isQuiet)
    }

    @Test func `without pipelining every command waits for its reply`() {
        var dialogue = dialogue(pipelining: false)
        _ = dialogue.begin(1, message("one@x.test"))
        #expect(written(&dialogue) == "MAIL FROM:<s@x.test>\r\n")
        _ = dialogue.receive(ok())
        #expect(written(&dialogue) == "RCPT TO:<one@x.test>\r\n")
        _ = dialogue.receive(ok())
        #expect(written(&dialogue) == "DATA\r\n")
        _ = dialogue.receive(go)
        #expect(!dialogue.wantsMessage)
        #expect(written(&dialogue) == "A: b\r\n\r\nbody\r\n.\r\n")
        #expect(dialogue.receive(ok())?.ticket == 1)
        #expect(dialogue.wantsMessage)
    }

    @Test(arguments: [true, false])
    func `a refused recipient is that message's result, and RSET comes before the next`(pipelining: Bool) {
        var dialogue = dialogue(pipelining: pipelining)
        let refusal = SMTPReply(code: 550, text: "no")
        _ = dialogue.begin(1, message("one@x.test"))
        #expect(dialogue.receive(ok()) == nil)
        var result = dialogue.receive(refusal)
        if pipelining {
            #expect(result == nil)
            result = dialogue.receive(SMTPReply(code: 503, text: "no recipients"))
        }
        #expect(result?.result == .refused(refusal, at: .rcpt))
        _ = dialogue.takeOutput()
        _ = dialogue.begin(2, message("two@x.test"))
        #expect(written(&dialogue).hasPrefix("RSET\r\n"))
        #expect(dialogue.receive(ok()) == nil)
        if !pipelining { #expect(written(&dialogue) == "MAIL FROM:<s@x.test>\r\n") }
        for reply in [ok(), ok(), go] { #expect(dialogue.receive(reply) == nil) }
        #expect(dialogue.receive(ok())?.ticket == 2)
    }

    @Test func `DATA granted without a recipient is ended by a lone dot whose reply means nothing`() {
        var dialogue = dialogue()
        let refusal = SMTPReply(code: 550, text: "no")
        _ = dialogue.begin(1, message("one@x.test"))
        _ = dialogue.takeOutput()
        _ = dialogue.receive(ok())
        _ = dialogue.receive(refusal)
        #expect(dialogue.receive(go)?.result == .refused(refusal, at: .rcpt))
        _ = dialogue.begin(2, message("two@x.test"))
        #expect(written(&dialogue).hasPrefix(".\r\nMAIL FROM"))
        for reply in [ok("taken?"), ok(), ok(), go] { #expect(dialogue.receive(reply) == nil) }
        #expect(dialogue.receive(ok())?.ticket == 2)
    }

    @Test func `a refused sender decides, not the replies that follow from it`() {
        var dialogue = dialogue()
        let refusal = SMTPReply(code: 451, text: "later")
        _ = dialogue.begin(1, message("one@x.test"))
        _ = dialogue.receive(refusal)
        _ = dialogue.receive(SMTPReply(code: 503, text: "need MAIL"))
        #expect(dialogue.receive(SMTPReply(code: 503, text: "need RCPT"))?.result == .refused(refusal, at: .mail))
    }

    /// Every prefix of the stream is a place to break at; only from the final dot on is the message in doubt.
    @Test func `a broken connection leaves exactly what the final dot reached in doubt`() {
        let body = "A: b\r\n\r\nbody\r\n"
        for written in 0...400 {
            var dialogue = dialogue()
            _ = dialogue.begin(1, message("one@x.test", body))
            let envelope = dialogue.producedBytes
            for reply in [ok(), ok(), go] { _ = dialogue.receive(reply) }
            _ = dialogue.begin(2, message("two@x.test", body))
            guard written <= dialogue.producedBytes else { break }
            let lost = dialogue.fail("broken", writtenBytes: written)
            #expect(lost.map(\.ticket) == [1, 2])
            let isInDoubt = written > envelope + body.utf8.count
            #expect(
                lost[0].result == (isInDoubt ? .inDoubt("broken") : .notSent(.connection("broken", retryAfter: .zero))))
            #expect(lost[1].result == .notSent(.connection("broken", retryAfter: .zero)))
            #expect(dialogue.isClosing && dialogue.isQuiet)
        }
    }

    @Test func `421 ends the session, and a refusal already read stands`() {
        var dialogue = dialogue()
        let busy = SMTPReply(code: 421, text: "busy")
        _ = dialogue.begin(1, message("one@x.test"))
        _ = dialogue.receive(busy)
        #expect(dialogue.isClosing && !dialogue.wantsMessage)
        #expect(dialogue.fail("closed", writtenBytes: 1000).map(\.result) == [.refused(busy, at: .mail)])
    }

    @Test func `lines that begin with a dot are stuffed and a missing last line end is added`() {
        var dialogue = dialogue()
        _ = dialogue.begin(1, message("one@x.test", ".a\r\n..b\r\n.\r\nc."))
        _ = dialogue.takeOutput()
        for reply in [ok(), ok(), go] { _ = dialogue.receive(reply) }
        #expect(written(&dialogue) == "..a\r\n...b\r\n..\r\nc.\r\n.\r\n")
    }

    @Test(arguments: ["", "a\nb\r\n", "a\rb\r\n", "a\r\r\n", "a\r\n.\n\r\n", "a\u{0}b\r\n", "\n", "a\r"])
    func `content that servers could read differently never leaves`(content: String) {
        var dialogue = dialogue()
        guard case .notSent(.invalidContent) = dialogue.begin(1, message("one@x.test", content))?.result else {
            Issue.record("taken: \(content.debugDescription)")
            return
        }
        #expect(dialogue.output.isEmpty)
    }

    @Test func `lines may have 998 bytes and no more`() {
        var dialogue = dialogue()
        let line = String(repeating: "x", count: 998)
        #expect(
            dialogue.begin(1, message("one@x.test", line + "x\r\n"))?.result
                == .notSent(.invalidContent("the message has a line of more than 998 bytes")))
        #expect(dialogue.begin(1, message("one@x.test", line + "\r\n")) == nil)
    }

    @Test(arguments: [
        "a@x.test\r\nRCPT TO:<b@x.test>", "a b@x.test", "a@x.test>", "<a@x.test", "a\u{0}@x.test", "a\t@x.test",
    ])
    func `an address cannot end its command`(address: String) {
        var dialogue = dialogue()
        guard case .notSent(.invalidRecipient) = dialogue.begin(1, message(address))?.result else {
            Issue.record("taken")
            return
        }
        var sender = message("one@x.test")
        sender.sender = address
        guard case .notSent(.invalidSender) = dialogue.begin(1, sender)?.result else {
            Issue.record("taken")
            return
        }
        #expect(dialogue.output.isEmpty)
    }

    @Test func `SIZE, DSN and UTF-8 parameters appear only where offered`() {
        var rich = message("tanaka+a=b@x.test")
        rich.envelopeID = "t+k=1"
        rich.requestsFailureReports = true
        var plain = dialogue()
        _ = plain.begin(1, rich)
        #expect(written(&plain) == "MAIL FROM:<s@x.test>\r\nRCPT TO:<tanaka+a=b@x.test>\r\nDATA\r\n")
        var full = dialogue {
            $0.dsn = true
            $0.offersSize = true
            $0.smtpUTF8 = true
            $0.eightBitMIME = true
        }
        _ = full.begin(1, rich)
        #expect(
            written(&full) == "MAIL FROM:<s@x.test> SIZE=14 RET=HDRS ENVID=t+2Bk+3D1\r\n"
                + "RCPT TO:<tanaka+a=b@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;tanaka+2Ba+3Db@x.test\r\nDATA\r\n")
    }

    @Test func `addresses and bodies outside ASCII need an offer`() {
        var plain = dialogue()
        #expect(
            plain.begin(1, message("田中@x.test"))?.result
                == .notSent(.invalidRecipient("needs SMTPUTF8, which the server does not offer")))
        #expect(
            plain.begin(1, message("a@x.test", "ü\r\n"))?.result
                == .notSent(.invalidContent("the server takes 7-bit messages only")))
        var full = dialogue {
            $0.smtpUTF8 = true
            $0.eightBitMIME = true
        }
        _ = full.begin(1, message("田中@x.test", "ü\r\n"))
        #expect(written(&full).hasPrefix("MAIL FROM:<s@x.test> BODY=8BITMIME SMTPUTF8\r\n"))
    }

    @Test func `a message over the announced size is refused without a byte`() {
        var small = dialogue {
            $0.offersSize = true
            $0.sizeLimitBytes = 10
        }
        #expect(small.begin(1, message("a@x.test"))?.result == .notSent(.tooLarge(limitBytes: 10)))
        #expect(small.output.isEmpty)
    }
}
