import Core
import Crypto
import EventLoop
import HTTPServer
import LMTP
import Model
import Providers
import Runtime
import TestKit
import Testing

/// A real mail server before and behind us: what it refuses comes back as its own report, and what it brings it brings until we
/// have it.
@Suite struct PostfixTests {
    private final class Mailbox: Sendable {
        let messages = Lock<[LMTPMessage]>([])
        let troubles = Lock(0)
        let loop: EventLoop
        let server: LMTPServer
        let port: UInt16

        /// Says 451 to the first `troubles` messages.
        init(troubles: Int) async throws {
            self.troubles.withLock { $0 = troubles }
            loop = try EventLoop(name: "mailbox")
            loop.start()
            let (messages, left) = (messages, self.troubles)
            server = LMTPServer(
                loop: loop, hostName: "us.test", environment: TestEnvironment.make(), metrics: Metrics(),
                handler: LMTPHandler(
                    accept: { $0.hasPrefix("nobody") ? .unknown : .accepted },
                    deliver: { message in
                        let isTrouble = left.withLock { left in
                            defer { left -= 1 }
                            return left > 0
                        }
                        guard !isTrouble else { return message.recipients.map { _ in .trouble } }
                        messages.withLock { $0.append(message) }
                        return message.recipients.map { _ in .stored }
                    }))
            guard case .tcp(_, let port) = try await server.listen(ListenAddress.tcp(host: "127.0.0.1", port: 0)) else {
                throw TestKitError("not listening on TCP")
            }
            self.port = port
        }

        func next() async throws -> LMTPMessage {
            try await eventually("a message comes") { !self.messages.withLock(\.isEmpty) }
            return try #require(messages.withLock(\.first))
        }

        func close() async {
            await server.drain()
            loop.stop()
        }
    }

    private let references: SendReferences
    private let token: String

    init() throws {
        references = SendReferences(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32)))
        token = references.mint(
            SendReference(run: RunID(high: 1, low: 2), chunk: 3, ordinal: 4, endpointKey: 5, treatment: 0))
    }

    private func events(_ message: LMTPMessage) -> [InboundEvent] {
        InboundMail.events(
            raw: message.content, mailFrom: message.sender, rcptTo: message.recipients, references: references,
            at: Instant(seconds: 1))
    }

    private func send(_ postfix: PostfixPeer, from sender: String, to recipient: String, _ message: String) async throws
    {
        let client = try ChildProcess(
            "python3",
            [
                "\(BuildPaths.repository)/Tests/peers/send_mail.py", "\(postfix.port)", sender, recipient, message,
                "--dsn",
            ])
        #expect(try await client.waitForExit() == 0, "\(client.output)")
    }

    @Test(
        arguments: [
            ("550 5.1.1 unknown user", .hardBounce, "5.1.1"), ("550 5.2.2 mailbox full", .softBounce, "5.2.2"),
            ("554 5.7.1 we think it is spam", .rejected, "5.7.1"), ("550 user unknown", .hardBounce, "5.0.0"),
        ] as [(String, Receipt.Kind, String)])
    func `a refusal comes back to its address as a bounce of its class`(
        reply: String, kind: Receipt.Kind, status: String
    ) async throws {
        let mailbox = try await Mailbox(troubles: 0)
        let sink = try await SMTPSink.start(["-f", "rcpt", "-B", reply])
        let postfix = try await PostfixPeer.start(relay: sink.port, lmtp: ["bounce.test": mailbox.port])
        try await send(
            postfix, from: "b+\(token)@bounce.test", to: "jo@y.test",
            "From: shop@x.test\\nMessage-ID: <\(token)@x.test>\\nSubject: Sale\\n\\nBuy")
        let message = try await mailbox.next()
        #expect(message.sender == "")
        #expect(message.recipients == ["b+\(token)@bounce.test"])
        let receipts = events(message).compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } }
        #expect(receipts.map(\.kind) == [kind])
        #expect(receipts.map(\.reference) == [token])
        #expect(receipts.map { $0.attributes["status"] } == [status])
        try await expectAgreement(on: message)
        try await postfix.stop()
        try await sink.stop()
        await mailbox.close()
    }

    /// Another reader of bounces sees one too.
    private func expectAgreement(on message: LMTPMessage) async throws {
        let folder = try ScratchDirectory()
        try folder.write("bounce.eml", String(decoding: message.content, as: UTF8.self))
        let reader = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/bounce_verdicts.py", "\(folder.path)/bounce.eml"])
        let line = try await reader.waitForLine("\"permanent\"")
        #expect(try JSON.parse(line)["permanent"]?.array?.compactMap(\.string) == ["jo@y.test"])
    }

    @Test func `mail comes again until it is taken, and is refused where nobody is`() async throws {
        let mailbox = try await Mailbox(troubles: 2)
        let sink = try await SMTPSink.start()
        let postfix = try await PostfixPeer.start(
            relay: sink.port, lmtp: ["reply.test": mailbox.port, "bounce.test": mailbox.port])
        try await send(
            postfix, from: "jo@y.test", to: "r+\(token)@reply.test",
            "From: Jo <jo@y.test>\\nSubject: Re: Sale\\n\\nYes!")
        let message = try await mailbox.next()
        guard case .reply(let reply)? = events(message).first else { throw TestKitError("no reply") }
        #expect(reply.text == "Yes!")
        #expect(reply.reference == token)
        #expect(!reply.isAutomatic)
        #expect(mailbox.troubles.withLock { $0 } < 0, "two refusals came before")
        // Nobody there: the sender has its message back.
        try await send(postfix, from: "jo@y.test", to: "nobody@reply.test", "From: jo@y.test\\n\\nHello?")
        try await eventually("the sender hears of it") {
            try sink.dumps().contains { $0.contains("delivery-status") && $0.contains("Status: 5.1.1") }
        }
        #expect(mailbox.messages.withLock(\.count) == 1)
        try await postfix.stop()
        try await sink.stop()
        await mailbox.close()
    }
}
