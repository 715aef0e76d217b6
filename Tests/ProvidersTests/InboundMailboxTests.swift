import Core
import Crypto
import HTTPServer
import Model
import Testing

@testable import Providers

@Suite struct InboundMailboxTests {
    private static let secret = "a-secret-of-enough-characters"
    private static let now = Instant(seconds: 1_790_000_000)
    private let mailbox = InboundMailbox(
        secrets: [secret, "the-previous-one-of-them"], references: InboundMailTests.references)
    private let body = Array("From: jo@x.test\nMessage-ID: <a@x>\n\nHello".utf8)

    private func call(
        _ headers: [(String, String)], query: String? = nil, type: String = "message/rfc822", what: String = "mime"
    ) -> InboundCall {
        InboundCall(
            what: what, url: "",
            query: query ?? "mail_from=jo%40x.test&rcpt_to=r%2B\(InboundMailTests.token)@reply.test",
            headers: [("content-type", type)] + headers.map { (name: $0.0, value: $0.1) }, body: body,
            receivedAt: Self.now)
    }

    private func signature(_ call: InboundCall, at seconds: Int64 = now.seconds, secret: String = secret) -> (
        String, String
    ) {
        let signed = Array("\(seconds).\(call.query).".utf8) + call.body
        let mac = Hex.lowercase(HMACSHA256.authenticate(signed, key: Array(secret.utf8)))
        return ("x-needletail-signature", "t=\(seconds), v1=\(mac)")
    }

    @Test func `a bearer secret or a signature is believed`() async throws {
        try await mailbox.verify(call([("authorization", "Bearer \(Self.secret)")]))
        try await mailbox.verify(call([("authorization", "bearer the-previous-one-of-them")]))
        try await mailbox.verify(call([signature(call([]))]))
        try await mailbox.verify(call([signature(call([]), secret: "the-previous-one-of-them")]))
    }

    @Test func `everything else is not`() async throws {
        let signed = signature(call([]))
        var forged = call([signed])
        forged.body.append(0)
        for call in [
            call([]), call([("authorization", "Bearer ")]), call([("authorization", "Bearer \(Self.secret)x")]),
            call([("authorization", "Basic \(Self.secret)")]), call([signature(call([]), at: Self.now.seconds - 301)]),
            call([signature(call([]), at: Self.now.seconds + 301)]),
            call([signature(call([]), secret: "another-secret-here")]),
            call([signed], query: "mail_from=&rcpt_to=other@reply.test"), call([("x-needletail-signature", "t=,v1=")]),
            forged,
        ] {
            await #expect(throws: InboundRefusal.untrusted("neither bearer secret nor signature is right")) {
                try await mailbox.verify(call)
            }
        }
        await #expect(throws: InboundRefusal.self) {
            try await InboundMailbox(secrets: [], references: InboundMailTests.references)
                .verify(call([("authorization", "Bearer ")]))
        }
    }

    @Test(arguments: ["mail_from=a@b", "mail_from=a@b&rcpt_to=", "", "rcpt_to=%zz"])
    func `a call without recipients is refused`(query: String) async {
        await #expect(throws: InboundRefusal.self) {
            try await mailbox.verify(call([("authorization", "Bearer \(Self.secret)")], query: query))
        }
    }

    @Test func `another type or place is refused`() async {
        for call in [
            call([("authorization", "Bearer \(Self.secret)")], type: "application/json"),
            call([("authorization", "Bearer \(Self.secret)")], what: "receipts"),
        ] {
            await #expect(throws: InboundRefusal.self) { try await mailbox.verify(call) }
        }
    }

    @Test func `a mail is read with its envelope`() throws {
        let events = try mailbox.events(in: call([]))
        #expect(InboundMailTests.replies(events).map(\.reference) == [InboundMailTests.token])
        #expect(InboundMailTests.replies(events).map(\.text) == ["Hello"])
    }

    @Test(arguments: [("", ["b+x@y.test"]), ("a b&c=d%@x.test", ["ü@y.test", "\"q,q\"@y.test", "r+1@y.test"])])
    func `an envelope survives its query`(sender: String, recipients: [String]) throws {
        let stored = call([], query: InboundMailbox.query(sender: sender, recipients: recipients))
        let envelope = try InboundMailbox.envelope(stored)
        #expect(envelope.sender == sender)
        #expect(envelope.recipients == recipients)
    }

    @Test(arguments: [
        ("bounce.test, reply.test", true), ("UPPER.test", true), ("", false), ("a b@c", false), ("ü.test", false),
    ])
    func `domains are checked`(text: String, isRight: Bool) {
        #expect((MailDomains.complaint(text) == nil) == isRight)
    }
}
