import TestKit
import Testing

@testable import HTTPClient

@Suite struct SMTPReplyTests {
    private func replies(_ text: String, chunk: Int = .max) throws -> [SMTPReply] {
        var parser = SMTPReplyParser()
        var replies: [SMTPReply] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            part.withUnsafeBytes { parser.append($0) }
            while let reply = try parser.next() { replies.append(reply) }
        }
        return replies
    }

    @Test func `a reply has a code, an enhanced status and a text`() throws {
        let reply = try #require(try replies("550 5.1.1 <a@b>: User unknown\r\n").first)
        #expect(reply.code == 550)
        #expect(reply.enhanced == EnhancedStatus(permanence: 5, subject: 1, detail: 1))
        #expect(reply.text == "<a@b>: User unknown")
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `lines of one reply are joined however the bytes arrive`(chunk: Int) throws {
        let text = "250-2.1.0 one\r\n250 2.1.0 two\r\n354\r\n421 closing\n"
        #expect(
            try replies(text, chunk: chunk) == [
                SMTPReply(code: 250, enhanced: EnhancedStatus(permanence: 2, subject: 1, detail: 0), text: "one two"),
                SMTPReply(code: 354, text: ""),
                SMTPReply(code: 421, text: "closing"),
            ])
    }

    @Test(arguments: ["550 5.1 text", "550 5.1.1234 text", "550 3.1.1 text", "550 5.1.1text", "550 .1.1 text"])
    func `what only looks like an enhanced status stays text`(line: String) throws {
        let reply = try #require(try replies(line + "\r\n").first)
        #expect(reply.enhanced == nil)
        #expect(reply.text == line.dropFirst(4))
    }

    @Test(arguments: ["hello\r\n", "99 no\r\n", "999 no\r\n", "250-a\r\n251 b\r\n", "12a x\r\n", "\r\n"])
    func `what is no reply is a fault`(text: String) {
        #expect(throws: SMTPProtocolFault.self) { try replies(text) }
    }

    @Test func `a line or a reply without end is a fault`() {
        #expect(throws: SMTPProtocolFault.self) { try replies("250 " + String(repeating: "x", count: 5000)) }
        #expect(throws: SMTPProtocolFault.self) { try replies(String(repeating: "250-x\r\n", count: 65)) }
    }

    @Test func `text is bounded and free of control characters`() throws {
        let reply = try #require(try replies("550 a\u{7}b" + String(repeating: "x", count: 2000) + "\r\n").first)
        #expect(reply.text.hasPrefix("a b"))
        #expect(reply.text.utf8.count == 1024)
    }

    @Test func `the last EHLO counts`() {
        let capabilities = SMTPCapabilities(handshake: [
            "220 mx.test ESMTP", "250-mx.test", "250-PIPELINING", "250-DSN", "250 SIZE 10", "220 2.0.0 Ready",
            "250-mx.test", "250-SIZE 35882577", "250-8BITMIME", "250 smtputf8", "334 ", "235 2.7.0 ok",
        ])
        var expected = SMTPCapabilities()
        expected.offersSize = true
        expected.sizeLimitBytes = 35_882_577
        expected.eightBitMIME = true
        expected.smtpUTF8 = true
        #expect(capabilities == expected)
    }

    @Test func `a server without ESMTP offers nothing`() {
        #expect(SMTPCapabilities(handshake: ["220 PIPELINING", "502 no", "250 PIPELINING"]) == SMTPCapabilities())
    }
}

@Suite struct SMTPReplyTableTests {
    @Test(arguments: [
        ("550 5.1.1 unknown", SMTPStage.rcpt, SMTPReplyTable.Class.addr, true),
        ("550 5.1.10 null MX", .rcpt, .addr, true),
        ("550 No such user here", .rcpt, .addr, true),
        ("550 Mailbox unavailable", .rcpt, .addr, true),
        ("550 blocked by policy", .rcpt, .content, false),
        ("550 5.4.1 Recipient address rejected: Access denied", .rcpt, .addr, true),
        ("550 5.4.1 no answer", .rcpt, .mailbox, false),
        ("550 5.1.2 no such domain", .rcpt, .addr, false),
        ("550 5.2.1 disabled", .rcpt, .addr, true),
        ("450 4.2.1 disabled", .rcpt, .transient, false),
        ("452 4.2.2 mailbox full", .final, .transient, false),
        ("552 5.2.2 mailbox full", .final, .mailbox, false),
        ("552 message too big", .final, .content, false),
        ("552 5.3.4 too big", .mail, .content, false),
        ("554 5.7.1 spam", .final, .content, false),
        ("550 5.7.26 DMARC", .final, .content, false),
        ("553 5.1.8 sender domain", .mail, .config, false),
        ("535 5.7.8 bad credentials", .auth, .auth, false),
        ("530 5.7.0 authentication required", .mail, .auth, false),
        ("454 4.7.0 later", .auth, .transient, false),
        ("421 4.7.0 too many", .mail, .throttle, false),
        ("452 4.5.3 too many recipients", .rcpt, .throttle, false),
        ("451 4.3.2 system not accepting", .final, .throttle, false),
        ("554 no service", .connect, .config, false),
        ("450 anything else", .rcpt, .transient, false),
        ("599 anything else", .final, .content, false),
    ])
    func `a reply has the class its code, stage and text say`(
        line: String, stage: SMTPStage, expected: SMTPReplyTable.Class, dead: Bool
    ) throws {
        var parser = SMTPReplyParser()
        Array((line + "\r\n").utf8).withUnsafeBytes { parser.append($0) }
        let reply = try #require(try parser.next())
        let verdict = SMTPReplyTable.standard.verdict(on: reply, at: stage)
        #expect(verdict.class == expected)
        #expect(verdict.isAddressDead == dead)
    }

    @Test func `greylisting waits five minutes and a throttle one`() {
        let table = SMTPReplyTable.standard
        #expect(table.verdict(on: SMTPReply(code: 451, text: "Greylisted"), at: .rcpt).retryAfter == .seconds(300))
        #expect(table.verdict(on: SMTPReply(code: 421, text: ""), at: .mail).retryAfter == .seconds(60))
    }

    @Test func `the compiled-in table is readable and whole`() throws {
        let lines = SMTPReplyData.table.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(try SMTPReplyTable(text: SMTPReplyData.table).count == lines.count - 1)
        #expect(SMTPReplyTable.standard.count == lines.count - 1)
        #expect(lines.count > 40)
    }

    @Test func `the compiled-in table is the file's`() async throws {
        let check = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/ops/codegen/embed_smtp_replies.py", "--check"])
        #expect(try await check.waitForExit() == 0, "\(check.output)")
    }

    @Test(arguments: [
        "h\nrcpt\t550\t*\t*\taddr\tyes", "h\nrcpt\t250\t*\t*\taddr\tyes\t0", "h\nrcpt\t550\t5.1\t*\taddr\tyes\t0",
        "h\nrcpt\t550\t*\t*\tnope\tyes\t0", "h\nrcpt\t550\t*\t*\taddr\tmaybe\t0", "h\nnope\t550\t*\t*\taddr\tyes\t0",
    ])
    func `a broken row is a fault`(text: String) {
        #expect(throws: SMTPReplyTable.TableFault.self) { try SMTPReplyTable(text: text) }
    }
}
