import Core
import EventLoop
import HTTPClient
import Providers
import Runtime
import TestKit
import Testing

@testable import Delivery

/// Composed here, carried by a real SMTP session, read by Python's e-mail parser.
@Suite(.timeLimit(.minutes(1))) struct EmailProviderTests {
    private func delivered(_ messages: [OutgoingEmail], flags: [String] = ["--pipelining"]) async throws -> (
        [SendOutcome], [JSON]
    ) {
        let peer = try await SMTPPeer.start(flags)
        let server = try SMTPServer(url: "smtp://localhost:\(peer.port)?ca=\(peer.certificateAuthorityFile)")
        let outcomes = try await TestLoop.run { loop in
            let pool = SMTPPool(
                server: server, loop: loop, environment: TestEnvironment.make(), metrics: Metrics(),
                maximumConnections: 1)
            let outcomes = await EmailProvider.smtp(pool).deliver(messages)
            await pool.close()
            return outcomes
        }
        return (outcomes, try peer.messages())
    }

    private func email(_ content: EmailContent, to: String = "Jane <jane@y.test>", from: String? = "Shop") throws
        -> OutgoingEmail
    {
        var bytes: [UInt8] = []
        let recipient = try EmailComposerTests.recipient(to)
        let parts = try EmailComposer(layout: EmailComposerTests.layout(from)).append(
            content, for: recipient, to: &bytes)
        return OutgoingEmail(
            sender: "b+tok@x.test", recipient: recipient.to.address, content: bytes, token: recipient.token,
            parts: parts)
    }

    private func header(_ name: String, _ message: JSON) -> [String] {
        (message["headers"]?.array ?? []).compactMap { pair in
            pair.array?.first?.string?.lowercased() == name.lowercased() ? pair.array?.last?.string : nil
        }
    }

    private static let subjects = [
        "Plain", "", " leading and trailing ", "Emoji 🎉 and 日本語の件名", String(repeating: "長い件名🎈", count: 40),
        String(repeating: "many words ", count: 30) + "end", "=?UTF-8?B?bm8=?=",
        "Quotes \" and \\ and <tags>, commas: all",
        String(repeating: "x", count: 950), "two  spaces   three", "%0D%0ABcc: x@y.test", "e\u{301}combining",
    ]

    @Test func `every subject arrives as it was written`() async throws {
        let messages = try Self.subjects.map { try email(EmailContent(subject: Array($0.utf8), text: Array("x".utf8))) }
        let (outcomes, received) = try await delivered(messages)
        #expect(outcomes.count == messages.count)
        #expect(received.count == messages.count)
        for (subject, message) in zip(Self.subjects, received) {
            let value = header("Subject", message).map { $0.drop { $0 == " " && !subject.hasPrefix(" ") } }
            #expect(value.map(String.init) == [subject], "\(subject)")
            #expect(message["defects"]?.array == [])
            let headers = message["headers"]?.array?.compactMap { $0.array?.first?.string } ?? []
            #expect(
                headers == [
                    "Date", "From", "MIME-Version", "Feedback-ID", "To", "Message-ID", "X-Needletail-Reference",
                    "Subject", "List-Unsubscribe",
                    "List-Unsubscribe-Post", "Content-Type", "Content-Transfer-Encoding",
                ])
        }
    }

    private static let bodies = [
        "plain", ".\r\n..\n.leading dots\n\n.\n", "mixed\rline\nends\r\nhere", String(repeating: "long ", count: 2000),
        String(repeating: "é=", count: 700), "日本語の本文です。\n二行目🎉", "trailing blanks \t\n \n", "From the start\nFrom again",
        "--=_nt_tok-EN_1\n--=_nt_tok-EN_1--", String(repeating: "x", count: 3000), "\n\n\nlead", "",
    ]

    @Test(arguments: [false, true])
    func `every body arrives as it was written, alone and as an alternative`(alternative: Bool) async throws {
        let messages = try Self.bodies.map { body in
            try email(
                EmailContent(
                    subject: Array("s".utf8), html: alternative ? Array("<p>\(body)</p>".utf8) : nil,
                    text: Array(body.utf8)))
        }
        let (_, received) = try await delivered(messages)
        #expect(received.count == messages.count)
        for (body, message) in zip(Self.bodies, received) where !(alternative && body.hasPrefix("--")) {
            let parts = message["parts"]?.array ?? []
            #expect(parts.map { $0["type"]?.string } == (alternative ? ["text/plain", "text/html"] : ["text/plain"]))
            #expect(message["defects"]?.array == [])
            let arrived = parts.first?["text"]?.string ?? "none"
            #expect(lines(arrived) == lines(body), "\(body.prefix(20).debugDescription)")
            if alternative {
                let html = parts.last?["text"]?.string ?? ""
                #expect(lines(html).first?.hasPrefix("<p>") == true)
                #expect(html.contains("<img src=\"https://u.test/t/o/tok.gif\""))
            }
        }
    }

    /// Line ends become CRLF on the way and one is added at the end; nothing else may change.
    private func lines(_ text: String) -> [String] {
        var lines: [[UInt8]] = [[]]
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 0x0D || (byte == 0x0A && previous != 0x0D) {
                lines.append([])
            } else if byte != 0x0A {
                lines[lines.count - 1].append(byte)
            }
            previous = byte
        }
        if lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        "Jane Roe", "Roe, Jane \"JR\" (x)", "株式会社ニードルテイル", "Zoë @ Shop; Ltd.", String(repeating: "名", count: 60),
    ])
    func `names arrive as they were written`(name: String) async throws {
        let quoted = "\"" + name.replacing("\"", with: "\\\"") + "\" <jane@y.test>"
        let (_, received) = try await delivered([
            try email(EmailContent(subject: [0x73], text: [0x78]), to: quoted, from: name)
        ])
        let message = try #require(received.first)
        for (field, address) in [("To", "jane@y.test"), ("From", "shop@x.test")] {
            let value = try #require(message["decoded"]?[field]?.string)
            let mailbox = EmailMailbox(value)
            #expect(mailbox?.name == name, "\(value)")
            #expect(mailbox?.address.rawValue == address)
        }
        #expect(message["defects"]?.array == [])
    }

    @Test func `outcomes say what the server said, each message for itself`() async throws {
        let recipients = [
            "a@y.test", "code-550-5.1.1@y.test", "code-550-5.7.1@y.test", "data-452-4.2.2@y.test",
            "data-451-4.7.1@y.test", "drop@y.test", "mail@y.test", "用户@例え.test",
        ]
        let messages = try recipients.map { try email(EmailContent(subject: [0x73], text: [0x78]), to: $0) }
        let (outcomes, received) = try await delivered(messages)
        guard case .accepted(let reference) = outcomes[0] else {
            Issue.record("\(outcomes[0])")
            return
        }
        #expect(reference.hasPrefix("Ok: queued as "))
        #expect(outcomes[1] == .rejected(.address, detail: "550 5.1.1 scripted", isAddressDead: true))
        #expect(outcomes[2] == .rejected(.content, detail: "550 5.7.1 scripted", isAddressDead: false))
        #expect(outcomes[3] == .retry(after: .zero, isThrottle: false, detail: "452 4.2.2 scripted"))
        #expect(outcomes[4] == .retry(after: .seconds(300), isThrottle: false, detail: "451 4.7.1 scripted"))
        guard case .unknown = outcomes[5], case .accepted = outcomes[6], case .accepted = outcomes[7] else {
            Issue.record("\(outcomes[5...])")
            return
        }
        // What was behind the dropped connection went again, on another one.
        let arrived = received.compactMap { $0["to"]?.array?.first?.string }
        #expect(Set(arrived) == ["a@y.test", "mail@y.test", "用户@例え.test"] && arrived.count == 3)
        #expect(received.first?["from"] == "b+tok@x.test")
    }

    @Test func `results that never reached a server map to outcomes`() {
        let table = SMTPReplyTable.standard
        func outcome(_ reason: SMTPNotSent) -> SendOutcome { SendOutcome(.notSent(reason), table: table) }
        #expect(
            outcome(.invalidRecipient("is bad"))
                == .rejected(.address, detail: "the address is bad", isAddressDead: false))
        #expect(
            outcome(.greeting(SMTPReply(code: 421, text: "busy")))
                == .retry(after: .seconds(60), isThrottle: true, detail: "421 busy"))
        #expect(outcome(.greeting(SMTPReply(code: 554, text: "no"))) == .notSent(.connection, detail: "554 no"))
        #expect(outcome(.authentication("535 no")) == .notSent(.authentication, detail: "535 no"))
        #expect(outcome(.cancelled) == .notSent(.cancelled, detail: "stopped before its turn"))
        let long = SMTPReply(code: 550, text: String(repeating: "x", count: 1024))
        guard case .rejected(_, let detail, _) = SendOutcome(.refused(long, at: .final), table: table) else {
            Issue.record("not rejected")
            return
        }
        #expect(detail.utf8.count == 1024)
    }
}
