import Core
import Crypto
import Mail
import Model
import Providers
import Testing

@Suite struct InboundMailTests {
    static let references: SendReferences = {
        guard let key = try? MasterKey(bytes: [UInt8](repeating: 7, count: 32)) else { preconditionFailure("32 bytes") }
        return SendReferences(masterKey: key)
    }()
    static let token = references.mint(
        SendReference(run: RunID(high: 1, low: 2), chunk: 3, ordinal: 4, endpointKey: 5, treatment: 0))
    static let other = references.mint(
        SendReference(run: RunID(high: 9, low: 9), chunk: 0, ordinal: 0, endpointKey: 9, treatment: 0))
    static let at = Instant(seconds: 1_790_000_000)

    static func events(_ raw: String, from: String? = "jo@x.test", to: [String]) -> [InboundEvent] {
        InboundMail.events(
            raw: Array(raw.utf8), mailFrom: from, rcptTo: to, references: references, at: at)
    }

    static func receipts(_ events: [InboundEvent]) -> [Receipt] {
        events.compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } }
    }

    static func replies(_ events: [InboundEvent]) -> [Reply] {
        events.compactMap { if case .reply(let reply) = $0 { reply } else { nil } }
    }

    /// A report as Postfix writes it.
    static func report(_ groups: String, id: String = "<1@mx.test>", returned: String = "Message-ID: <x@y.test>")
        -> String
    {
        """
        From: MAILER-DAEMON@mx.test (Mail Delivery System)
        Message-Id: \(id)
        Content-Type: MULTIPART/Report; Report-Type=Delivery-Status;
        \tboundary="AB/mx.test"

        --AB/mx.test
        Content-Type: text/plain

        I'm sorry.
        --AB/mx.test
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.test
        Original-Envelope-Id: unknown

        \(groups)

        --AB/mx.test
        Content-Type: text/rfc822-headers

        \(returned)
        --AB/mx.test--
        """
    }

    static func group(_ action: String, _ status: String, _ diagnostic: String = "") -> String {
        "Final-Recipient: rfc822; jo@y.test\nAction: \(action)\nStatus: \(status)"
            + (diagnostic.isEmpty ? "" : "\nDiagnostic-Code: smtp; \(diagnostic)")
    }

    static let classes: [(action: String, status: String, diagnostic: String, kind: Receipt.Kind)] = [
        ("failed", "5.1.1", "550 5.1.1 <jo@y.test>: Recipient address rejected", .hardBounce),
        ("failed", "5.1.1 (bad destination mailbox address)", "", .hardBounce),
        ("Failed", "5.0.0", "550-5.1.1 The email account that you tried to\n reach does not exist", .hardBounce),
        ("failed", "5.0.0", "550 no such user here", .hardBounce),
        ("failed", "5.0.0", "550 go away", .rejected),
        ("failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", .hardBounce),
        ("failed", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", .hardBounce),
        ("failed", "5.4.1", "", .softBounce), ("failed", "5.2.1", "550 5.2.1 disabled", .hardBounce),
        ("failed", "5.2.2", "552 5.2.2 mailbox full", .softBounce), ("failed", "4.2.2", "452 4.2.2 full", .softBounce),
        ("failed", "4.4.7", "", .softBounce), ("failed", "5.4.4", "", .softBounce),
        ("failed", "5.1.2", "", .softBounce),
        ("failed", "5.7.1", "554 5.7.1 spam", .rejected), ("failed", "5.3.4", "552 5.3.4 too big", .rejected),
        ("failed", "5.7.26", "550-5.7.26 unauthenticated", .rejected), ("failed", "5.1.8", "", .rejected),
        ("delayed", "4.4.1", "connect timed out", .buffered), ("delivered", "2.0.0", "250 ok", .delivered),
        ("relayed", "2.1.9", "", .sent), ("expanded", "2.1.5", "", .sent),
    ]

    @Test(arguments: classes)
    func `a report is judged like a refusal while sending`(
        action: String, status: String, diagnostic: String, kind: Receipt.Kind
    ) throws {
        let raw = Self.report(Self.group(action, status, diagnostic))
        let receipts = Self.receipts(Self.events(raw, from: "", to: ["B+\(Self.token.uppercased())@bounce.test"]))
        let receipt = try #require(receipts.first)
        #expect(receipts.count == 1)
        #expect(receipt.kind == kind)
        #expect(receipt.reference == Self.token)
        #expect(receipt.channel == "EMAIL")
        // Whoever writes the report writes the address.
        #expect(receipt.address == nil)
        #expect(receipt.at == Self.at)
    }

    @Test func `a report names what the other server said`() throws {
        let raw = Self.report(Self.group("failed", "5.0.0", "550-5.1.1 no\n such box"))
        let receipt = try #require(Self.receipts(Self.events(raw, from: "", to: ["b+\(Self.token)@bounce.test"])).first)
        #expect(receipt.attributes["status"] == "5.1.1")
        #expect(receipt.attributes["bounce_class"] == "addr")
        #expect(receipt.detail == "550-5.1.1 no such box")
        #expect(receipt.key == "1@mx.test:HARD_BOUNCE")
    }

    @Test(arguments: [
        "Message-ID: <\(token)@x.test>", "Return-Path: <b+\(token)@bounce.test>",
        "List-Unsubscribe: <https://n.test/u/abc>, <mailto:u+\(token)@r.test?subject=unsub>",
        "Feedback-ID: c:\(token):email:needletail",
    ])
    func `a report to another address is recognised by the message it returns`(header: String) {
        let raw = Self.report(Self.group("failed", "5.1.1"), returned: header)
        let receipts = Self.receipts(Self.events(raw, from: "", to: ["postmaster@bounce.test"]))
        #expect(receipts.map(\.reference) == [Self.token])
    }

    @Test func `without a reference that is ours nothing is told`() {
        let forged = String(Self.token.dropLast()) + (Self.token.hasSuffix("a") ? "b" : "a")
        for address in ["b+\(forged)@bounce.test", "b+@bounce.test", "b+x@bounce.test", "bounces@bounce.test"] {
            let raw = Self.report(Self.group("failed", "5.1.1"), returned: "Message-ID: <\(forged)@x.test>")
            #expect(Self.events(raw, from: "", to: [address]).isEmpty)
        }
    }

    @Test func `while a member of a list is reached the address is alive`() {
        let groups = [Self.group("failed", "5.1.1"), Self.group("delivered", "2.0.0")].joined(separator: "\n\n")
        let receipts = Self.receipts(Self.events(Self.report(groups), from: "", to: ["b+\(Self.token)@bounce.test"]))
        #expect(receipts.map(\.kind) == [.delivered])
    }

    @Test(
        arguments: [
            (
                "Hi. This is the qmail-send program at y.test.\n\n<jo@y.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
                .hardBounce, "5.1.1"
            ),
            (
                "The following address failed:\n\n  jo@y.test\n    host mx.y.test said: 550 Unknown user\n",
                .hardBounce, nil
            ),
            ("Remote host said: 452 4.2.2 over quota\n", .softBounce, "4.2.2"),
            ("SMTP error from remote mail server after end of data: 554 5.7.1 looks like spam\n", .rejected, "5.7.1"),
            ("Something went wrong with your letter of 2026.\n", .softBounce, nil),
        ] as [(String, Receipt.Kind, String?)])
    func `a bounce in plain words is read as far as it goes`(text: String, kind: Receipt.Kind, status: String?) throws {
        let raw = "From: MAILER-DAEMON@y.test\nSubject: failure notice\nMessage-ID: <7@y>\n\n\(text)"
        let events = Self.events(raw, from: "", to: ["b+\(Self.token)@bounce.test"])
        let receipt = try #require(Self.receipts(events).first)
        #expect(events.count == 1)
        #expect(receipt.kind == kind)
        #expect(receipt.attributes["status"] == status)
    }

    // MARK: Complaints

    static func complaint(_ type: String, _ returned: String, fields: String = "") -> String {
        """
        From: fbl@isp.test
        Message-ID: <c1@isp.test>
        Content-Type: multipart/report; report-type=feedback-report; boundary=f

        --f
        Content-Type: text/plain

        This is an abuse report.
        --f
        Content-Type: message/feedback-report

        Feedback-Type: \(type)
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Rcpt-To: redacted@isp.test
        \(fields)
        --f
        Content-Type: message/rfc822

        \(returned)
        Subject: sale

        body
        --f--
        """
    }

    @Test(arguments: ["abuse", "Fraud", "virus"])
    func `a feedback report is a complaint`(type: String) throws {
        let raw = Self.complaint(type, "Message-ID: <\(Self.token)@x.test>\nTo: somebody@isp.test")
        let receipt = try #require(Self.receipts(Self.events(raw, to: ["fbl@bounce.test"])).first)
        #expect(receipt.kind == .complaint)
        #expect(receipt.reference == Self.token)
        #expect(receipt.attributes["feedback_type"] == type.lowercased())
    }

    @Test func `the original's envelope sender is enough`() {
        let raw = Self.complaint(
            "abuse", "Message-ID: <x@x>", fields: "Original-Mail-From: <b+\(Self.token)@bounce.test>")
        #expect(Self.receipts(Self.events(raw, to: ["fbl@bounce.test"])).map(\.reference) == [Self.token])
    }

    @Test(arguments: ["not-spam", "auth-failure", "other"])
    func `other feedback opts nobody out`(type: String) {
        #expect(Self.events(Self.complaint(type, "Message-ID: <\(Self.token)@x>"), to: ["fbl@b.test"]).isEmpty)
    }

    // MARK: Opt-outs and replies

    @Test func `a mail to the unsubscribe address opts out`() {
        let events = Self.events("From: jo@x.test\nSubject: unsub\n\n", to: ["<u+\(Self.token)@r.test>"])
        #expect(Self.receipts(events).map(\.kind) == [.optOut])
        #expect(Self.events("Subject: unsub\n\n", from: "", to: ["u+\(Self.token)@r.test"]).isEmpty)
    }

    @Test func `a reply has its new text and what it answers`() throws {
        let raw = """
            From: =?utf-8?q?J=C3=B6?= <Jo@x.test>
            Subject: Re: sale
            Message-ID: <r1@x.test>
            In-Reply-To: <\(Self.token)@shop.test>
            References: <old@shop.test> <\(Self.token)@shop.test>

            Yes!

            On 2 Nov 2026, Shop wrote:
            > Sale?
            """
        let reply = try #require(
            Self.replies(Self.events(raw, to: ["r+\(Self.other)@reply.test", "r+\(Self.other)@reply.test"])).first)
        #expect(reply.text == "Yes!")
        #expect(reply.from == "Jo@x.test")
        #expect(reply.to == "r+\(Self.other)@reply.test")
        #expect(reply.subject == "Re: sale")
        #expect(reply.messageID == "r1@x.test")
        #expect(reply.inReplyTo == ["\(Self.token)@shop.test", "old@shop.test"])
        #expect(reply.reference == Self.other, "the address comes before the thread")
        #expect(!reply.isAutomatic)
        let toUs = try #require(Self.replies(Self.events(raw, to: ["hello@reply.test"])).first)
        #expect(toUs.reference == Self.token)
        #expect(Self.events(raw, to: ["r+\(Self.other)@a.test", "r+\(Self.other)@b.test"]).count == 1)
    }

    @Test(arguments: [
        ("Auto-Submitted: auto-replied", true), ("Precedence: bulk", true), ("Subject: Out of office", true),
        ("Subject: Out of office\nIn-Reply-To: <a@b>", false), ("Subject: Re: hello", false),
    ])
    func `what a program wrote is marked`(head: String, isAutomatic: Bool) throws {
        let events = Self.events("From: jo@x.test\n\(head)\n\nI am away.", to: ["r+\(Self.token)@reply.test"])
        #expect(try #require(Self.replies(events).first).isAutomatic == isAutomatic)
    }

    @Test func `an absence note to the bounce address is no bounce`() throws {
        let raw = "From: jo@x.test\nAuto-Submitted: auto-replied\nSubject: Away\n\nBack on Monday, room 550."
        let events = Self.events(raw, from: "", to: ["b+\(Self.token)@bounce.test"])
        #expect(try #require(Self.replies(events).first).isAutomatic)
    }

    @Test func `a letter to the bounce address is a reply`() throws {
        let events = Self.events("From: jo@x.test\nSubject: Re: x\n\nHello", to: ["b+\(Self.token)@bounce.test"])
        #expect(try #require(Self.replies(events).first).text == "Hello")
    }

    @Test func `our own message come back is nothing`() {
        let raw = "From: shop@x.test\nMessage-ID: <\(Self.token)@x.test>\n\nSale!"
        #expect(Self.events(raw, to: ["r+\(Self.token)@reply.test"]).isEmpty)
        let circles = String(repeating: "Received: from a by b\n", count: 101) + "From: jo@x.test\n\nHi"
        #expect(Self.events(circles, to: ["r+\(Self.token)@reply.test"]).isEmpty)
    }

    @Test func `the same mail again has the same key`() throws {
        let first = Self.events(
            "Received: a\nFrom: jo@x.test\nMessage-ID: <m@x>\n\nHi", to: ["r+\(Self.token)@reply.test"])
        let again = Self.events(
            "Received: b\nFrom: jo@x.test\nMessage-ID: <m@x>\n\nHi", to: ["r+\(Self.token)@reply.test"])
        #expect(first == again)
        let nameless = Self.events("From: jo@x.test\n\nHi", to: ["r+\(Self.token)@reply.test"])
        #expect(try #require(Self.replies(nameless).first).key.count == 32)
    }
}
