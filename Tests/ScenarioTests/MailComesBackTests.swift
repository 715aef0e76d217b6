import Core
import Crypto
import Model
import Postgres
import TestKit
import Testing

/// Bounces, complaints, opt-outs and replies by a real Postfix, from its report to the state of the people.
@Suite(.scenario, .database) struct MailComesBackTests {

    @Test func `a hard bounce suppresses, a complaint and an opt-out opt out, and a reply lands`() async throws {
        let lmtp = try FreePort.next()
        let refusing = try await SMTPSink.start(["-f", "rcpt", "-B", "550 5.1.1 unknown user"])
        let postfix = try await PostfixPeer.start(
            relay: refusing.port, lmtp: ["bounce.test": lmtp, "reply.test": lmtp])
        try await RunningSuite.with(
            settings: ["NEEDLETAIL_LMTP_LISTEN": "127.0.0.1:\(lmtp)"],
            services: RunningSuite.Service.ofEmail.union([.inbound])
        ) { suite in
            let story = try await suite.drive("mail_in_story.py", ["before", "bounce.test, reply.test"])
            guard let app = story.values(after: "app").first, let run = story.values(after: "run").first,
                let segment = story.values(after: "segment").first,
                let inbound = story.values(after: "inbound").first, let secret = story.values(after: "secret").first
            else { throw TestKitError("the story ended early: \(story.suffix(5))") }
            let references = try await Self.references(run)
            func reference(_ name: String) throws -> String { try #require(references[name]) }

            // What the campaign's provider relays: refused by the next server, and reported to the envelope's sender.
            try await Self.send(
                postfix, from: "b+\(reference("bounces"))@bounce.test", to: "bounces@example.com",
                "From: shop@example.com\\nSubject: first\\n\\nHi")
            try await Self.send(
                postfix, from: "fbl@isp.test", to: "feedback@bounce.test",
                Self.complaint(about: try reference("complains")))
            try await Self.send(
                postfix, from: "leaves@example.com", to: "u+\(reference("leaves"))@reply.test",
                "From: leaves@example.com\\nSubject: unsub\\n\\n")
            let reply =
                "From: Answers <answers@example.com>\\nMessage-ID: <reply-1@example.com>\\nSubject: Re: first\\n\\n"
                + "Yes please!\\n\\nOn Monday 2 November, shop wrote:\\n> Hi"
            try await Self.send(
                postfix, from: "answers@example.com", to: "r+\(reference("answers"))@reply.test", reply)
            try await Self.wait(for: ["COMPLAINT", "HARD_BOUNCE", "UNSUBSCRIBE"], calls: 4)

            // The same reply again, by the pipe: taken, and counted once.
            try await Self.pipe(
                reply, to: "r+\(reference("answers"))@reply.test", inbound: inbound, secret: secret, expecting: 0)
            try await Self.pipe(
                reply, to: "r+x@reply.test", inbound: inbound, secret: "a-wrong-secret-a", expecting: 75)
            try await Self.wait(for: ["COMPLAINT", "HARD_BOUNCE", "UNSUBSCRIBE"], calls: 5)
            let events = try await Self.count("SELECT count(*) FROM inbound_events")
            #expect(events == 4)
            try await suite.drive("mail_in_story.py", ["after", app, segment, suite.sink.messagesFile])
        }
        try await postfix.stop()
        try await refusing.stop()
    }

    /// By endpoint, as the messages of the run carry them.
    private static func references(_ run: String) async throws -> [String: String] {
        let minter = SendReferences(masterKey: try MasterKey(bytes: Array("0123456789abcdef0123456789ABCDEF".utf8)))
        let id = try #require(RunID(run))
        let rows = try await TestDatabase.current.database.withSession { session in
            try await session.query(
                """
                SELECT e.external_id, s.chunk, s.ordinal, s.endpoint_key, s.treatment
                  FROM send_outcomes s
                  JOIN endpoints e ON e.endpoint_key = s.endpoint_key
                 WHERE s.run = \(id)
                """)
        }
        var references: [String: String] = [:]
        for row in rows {
            references[try row.get(0)] = minter.mint(
                SendReference(
                    run: id, chunk: try row.get(1), ordinal: try row.get(2), endpointKey: try row.get(3),
                    treatment: try row.get(4)))
        }
        return references
    }

    private static func count(_ query: SQL) async throws -> Int64 {
        try await TestDatabase.current.database.withSession { try await $0.query(query).first?.get(0) ?? -1 }
    }

    private static func wait(for reasons: [String], calls: Int64) async throws {
        try await eventually(within: .seconds(60), "the books say \(reasons)") {
            let rows = try await TestDatabase.current.database.withSession {
                try await $0.query("SELECT reason FROM suppressions ORDER BY reason")
            }
            let found: [String] = try rows.map { try $0.get(0) }
            let done = try await count("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'")
            return found == reasons && done == calls
        }
    }

    private static func complaint(about reference: String) -> String {
        [
            "From: fbl@isp.test", "Subject: complaint", "Message-ID: <c1@isp.test>",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=f", "", "--f",
            "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "User-Agent: Test/1", "Version: 1", "",
            "--f", "Content-Type: message/rfc822", "", "Message-ID: <\(reference)@example.com>", "Subject: first", "",
            "Hi", "--f--",
        ].joined(separator: "\\n")
    }

    private static func send(
        _ postfix: PostfixPeer, from sender: String, to recipient: String, _ message: String
    ) async throws {
        let client = try ChildProcess(
            "python3",
            [
                "\(BuildPaths.repository)/Tests/peers/send_mail.py", "\(postfix.port)", sender, recipient, message,
                "--dsn",
            ])
        #expect(try await client.waitForExit() == 0, "\(client.output)")
    }

    /// As Postfix' pipe(8) runs it.
    private static func pipe(
        _ message: String, to recipient: String, inbound: String, secret: String, expecting status: Int32
    ) async throws {
        let folder = try ScratchDirectory()
        try folder.write("mail.eml", message.replacing("\\n", with: "\r\n"))
        try folder.write("header", "Authorization: Bearer \(secret)\n")
        let pipe = try ChildProcess(
            "/bin/sh",
            [
                "-c", "exec \"$0\" \"$@\" <\(folder.path)/mail.eml",
                "\(BuildPaths.repository)/ops/postfix/needletail-mail",
                "\(inbound)mime", "\(folder.path)/header", "answers@example.com", recipient,
            ])
        #expect(try await pipe.waitForExit() == status, "\(pipe.output)")
    }
}
