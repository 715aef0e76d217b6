import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Runtime
import TestKit
import Testing

@testable import Providers

/// SES and SNS as moto plays them: it checks our signatures with its own SigV4, and signs notifications with a key of its own.
@Suite(.timeLimit(.minutes(2))) struct SESTests {
    struct Peer: Sendable {
        let directory: ScratchDirectory
        let process: ChildProcess
        let url: String
        /// Of the peer's own little server.
        let own: String
        let key: (id: String, secret: String)
        let topic: String

        static func start() async throws -> Peer {
            let directory = try ScratchDirectory()
            let process = try ChildProcess(
                "python3", ["\(BuildPaths.repository)/Tests/peers/aws_mail_peer.py", directory.path])
            let words = try await process.waitForLine("port ", within: .seconds(60)).split(separator: " ").map(
                String.init)
            guard words.count == 9 else { throw TestKitError("no port from aws_mail_peer.py: \(words)") }
            return Peer(
                directory: directory, process: process, url: "http://127.0.0.1:\(words[1])",
                own: "http://127.0.0.1:\(words[3])", key: (words[5], words[6]), topic: words[8])
        }
    }

    private static func ses(_ peer: Peer, secret: String? = nil, _ tools: ProviderTools) throws -> EmailProvider {
        let make = try #require(SES.kind.email)
        return try make(
            MailFixtures.setup(
                "ses", settings: ["Region": "us-east-1", "Url": .string(peer.url)],
                secrets: ["AccessKeyId": .string(peer.key.id), "SecretAccessKey": .string(secret ?? peer.key.secret)]),
            tools)
    }

    @Test func `messages arrive at SES as they were composed, signed so that it believes them`() async throws {
        let peer = try await Peer.start()
        let email = try MailFixtures.email()
        var stranger = email
        stranger.parts = try OutgoingEmail.Parts(
            from: #require(EmailMailbox("nobody@other.test")), to: email.parts.to, subject: [], html: nil, text: [0x78])
        stranger.content = Array(
            String(decoding: email.content, as: UTF8.self).replacing("shop@example.com", with: "nobody@other.test").utf8
        )
        let messages = [email, stranger]
        try await TestLoop.run { loop in
            // SigV4 takes the real time.
            let tools = try MailFixtures.tools(loop, at: SystemEnvironment.realNow())
            let outcomes = try await Self.ses(peer, tools).deliver(messages)
            guard case .accepted(let id) = outcomes[0], case .rejected(_, let detail, false) = outcomes[1]
            else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(!id.isEmpty && detail.contains("MessageRejected"))
            let refused = try await Self.ses(peer, secret: "wrong", tools).deliver([email])
            guard case .notSent(.authentication, _) = refused[0] else {
                Issue.record("\(refused)")
                return
            }
            let sent = try await tools.client.send(ClientRequest(url: "\(peer.own)/sent"))
            let taken = try JSON.parse(sent.body).array ?? []
            #expect(taken.count == 1)
            let raw = try #require(taken.first?["raw"]?.string.flatMap { Base64.decode($0) })
            #expect(raw == email.content)
            tools.client.close()
        }
    }

    @Test func `a notification of SNS is believed, and of no other topic, text or signer`() async throws {
        let peer = try await Peer.start()
        let events = try MailFixtures.json("ses/events.json")
        let bounce = try #require(events["permanent"])
        try await TestLoop.run { loop in
            let now = SystemEnvironment.realNow()
            let tools = try MailFixtures.tools(loop, at: now)
            _ = try await tools.client.send(
                ClientRequest(method: "POST", url: "\(peer.own)/publish", body: bounce.serialized))
            try await eventually("the notification") { try !peer.directory.lines(of: "notifications").isEmpty }
            let posted = try #require(try peer.directory.lines(of: "notifications").first)
            let body = try #require(Base64.decode(posted))
            // moto makes its certificate with the first message; one that is not valid yet is none.
            let heard = SystemEnvironment.realNow()
            // moto serves the certificate to those who sign for SNS, at its own address.
            let fetch: SNSReceiver.Fetch = { (url) async throws(ClientFault) -> ClientResponse in
                let path = url.split(separator: "/").last ?? ""
                return try await tools.client.send(
                    ClientRequest(
                        url: "\(peer.url)/\(path)",
                        headers: [
                            (
                                "Authorization",
                                "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0"
                            )
                        ]))
            }
            func isBelieved(_ body: [UInt8], _ topic: String) async -> Bool {
                let receiver = SNSReceiver(topics: [topic], base: nil, certificates: tools.certificates, fetch: fetch)
                do throws(InboundRefusal) {
                    try await receiver.verify(MailFixtures.call(body, what: "sns", at: heard))
                    return true
                } catch {
                    return false
                }
            }
            #expect(await isBelieved(body, peer.topic))
            #expect(await !isBelieved(body, "\(peer.topic)-other"))
            var changed = try #require(try JSON.parse(body).object)
            changed["Message"] = "{}"
            #expect(await !isBelieved(JSON.object(changed).serialized, peer.topic))
            let inbound = SESInbound(
                receiver: SNSReceiver(topics: [peer.topic], base: nil, certificates: tools.certificates, fetch: fetch),
                references: nil)
            let receipt = try #require(try inbound.events(in: MailFixtures.call(body, what: "sns")).receipts.first)
            #expect(receipt.kind == .hardBounce && receipt.reference == "ref" && receipt.address == "a@y.test")
            tools.client.close()
        }
    }

    // MARK: Events

    private static func envelope(_ message: JSON) -> [UInt8] {
        let json: JSON = [
            "Type": "Notification", "MessageId": "n1", "TopicArn": .string(SNSTests.topic),
            "Message": .string(message.text), "Timestamp": "2026-01-02T03:04:05.678Z", "SignatureVersion": "2",
            "Signature": "", "SigningCertURL": "",
        ]
        return json.serialized
    }

    private func inbound() throws -> SESInbound {
        SESInbound(
            receiver: SNSReceiver(
                topics: [], base: nil, certificates: SNSCertificates(),
                fetch: { (_) async throws(ClientFault) in
                    ClientResponse(status: 500, headers: [], body: [], httpVersion: "1.1")
                }),
            references: try MailFixtures.references())
    }

    @Test func `events are told as what they mean`() throws {
        let kinds: [String: Receipt.Kind] = [
            "permanent": .hardBounce, "suppressed": .hardBounce, "full": .softBounce, "content": .rejected,
            "undetermined": .softBounce, "complaint": .complaint, "delivery": .delivered, "delay": .buffered,
            "send": .sent, "reject": .rejected, "open": .open, "click": .click, "rendering": .rejected,
        ]
        let events = try #require(try MailFixtures.json("ses/events.json").object)
        #expect(events.count == kinds.count + 1)
        for member in events.members {
            let receipts = try inbound().events(in: MailFixtures.call(Self.envelope(member.value))).receipts
            #expect(receipts.first?.kind == kinds[member.key], "\(member.key)")
            #expect(
                receipts.allSatisfy {
                    $0.reference == "ref" && $0.providerReference == "0100-a" && $0.address == "a@y.test"
                })
        }
        let greeting = Self.envelope(.string("x"))
        let text = String(decoding: greeting, as: UTF8.self)
            .replacing("\\\"x\\\"", with: "Successfully validated SNS topic for Amazon SES event publishing.")
        #expect(try inbound().events(in: MailFixtures.call(Array(text.utf8))) == [])
    }

    @Test(arguments: [true, false])
    func `mail that SES received is read`(isEncoded: Bool) throws {
        let token = try MailFixtures.references().mint(MailFixtures.reference)
        let address = "r+\(token)@reply.example.com"
        let raw = "From: a@y.test\r\nTo: \(address)\r\nMessage-ID: <x@y.test>\r\n\r\nYes\r\n"
        let message: JSON = [
            "notificationType": "Received", "mail": ["source": "a@y.test", "destination": [.string(address)]],
            "receipt": [
                "recipients": [.string(address)],
                "action": isEncoded ? ["type": "SNS", "encoding": "BASE64"] : ["type": "SNS"],
            ],
            "content": .string(isEncoded ? Base64.encode(Array(raw.utf8)) : raw),
        ]
        let reply = try inbound().events(in: MailFixtures.call(Self.envelope(message))).replies.first
        #expect(reply?.text == "Yes" && reply?.reference == token && reply?.to == address)
    }
}
