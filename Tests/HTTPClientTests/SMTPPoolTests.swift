import Core
import EventLoop
import Runtime
import TestKit
import Testing

@testable import HTTPClient

/// The client against servers of other people's making.
@Suite(.timeLimit(.minutes(1))) struct SMTPPoolTests {
    private func withPool<Value: Sendable>(
        _ url: String,
        connections: Int = 4,
        perDomain: Int? = nil,
        timeouts: SMTPTimeouts = SMTPTimeouts(),
        _ body: @escaping @Sendable (SMTPPool) async throws -> Value
    ) async throws -> Value {
        let server = try SMTPServer(url: url)
        return try await TestLoop.run { loop in
            let pool = SMTPPool(
                server: server, loop: loop, environment: TestEnvironment.make(), metrics: Metrics(),
                maximumConnections: connections, connectionsPerDomain: perDomain, timeouts: timeouts)
            let value = try await body(pool)
            await pool.close()
            return value
        }
    }

    private func message(_ recipient: String, _ body: String = "body\r\n") -> SMTPMessage {
        SMTPMessage(sender: "sender@x.test", recipient: recipient, content: Array("Subject: s\r\n\r\n\(body)".utf8))
    }

    private func code(_ result: SMTPResult) -> String {
        switch result {
        case .accepted: "accepted"
        case .refused(let reply, let stage): "\(stage.rawValue) \(reply.code)"
        case .inDoubt: "in doubt"
        case .notSent(let reason):
            switch reason {
            case .connection: "not sent"
            case .authentication: "auth"
            case .greeting(let reply): "greeting \(reply.code)"
            case .cancelled: "cancelled"
            case .deadline: "deadline"
            case .invalidSender, .invalidRecipient, .invalidContent, .tooLarge: "invalid"
            }
        }
    }

    @Test func `a domain gets no more messages at once than its limit, and others do not wait for it`() async throws {
        let peer = try await SMTPPeer.start(["--delay=0.3"])
        let recipients = ["a@slow.test", "b@SLOW.test", "c@slow.test", "d@x.test", "e@y.test", "f@slow.test"]
        let results = try await withPool(
            "smtp://localhost:\(peer.port)?tls=never", connections: 6, perDomain: 1
        ) { pool in
            await pool.send(recipients.map { message($0) })
        }
        #expect(results.map(code) == recipients.map { _ in "accepted" })
        var times: [String: [Double]] = [:]
        for record in try peer.messages() {
            let domain = record["to"]?.array?.first?.string?.split(separator: "@").last?.lowercased() ?? ""
            times[domain, default: []].append(record["received"]?.number ?? 0)
        }
        let slow = times["slow.test", default: []].sorted()
        #expect(slow.count == 4)
        // Each is answered 0.3 s after it came, and only then comes the next.
        #expect(zip(slow, slow.dropFirst()).allSatisfy { $1 - $0 >= 0.29 }, "\(slow)")
        let last = try #require(slow.last)
        #expect((times["x.test", default: []] + times["y.test", default: []]).allSatisfy { last - $0 >= 0.5 })
    }

    @Test func `who stands aside for a domain is told of the deadline and of the end`() async throws {
        let peer = try await SMTPPeer.start(["--delay=2"])
        let results = try await withPool(
            "smtp://localhost:\(peer.port)?tls=never", connections: 3, perDomain: 1
        ) { pool in
            await pool.send(
                (0..<4).map { message("p\($0)@slow.test") }, startBefore: MonotonicClock.now() + 1_500_000)
        }
        #expect(results.map(code) == ["accepted", "deadline", "deadline", "deadline"])
    }

    private static let mixture = [
        "a@x.test", "code-550-5.1.1@x.test", "b@x.test", "data-452-4.2.2@x.test", "c@x.test", "code-421-4.3.2@x.test",
        "d@x.test",
        "drop@x.test", "e@x.test", "bad address@x.test", "f@x.test", "droprcpt@x.test", "g@x.test",
        "data-554-5.7.1@x.test",
    ]
    private static let expected = [
        "accepted", "rcpt 550", "accepted", "final 452", "accepted", "rcpt 421", "accepted",
        "in doubt", "accepted", "invalid", "accepted", "not sent", "accepted", "final 554",
    ]

    @Test(arguments: [[], ["--pipelining"], ["--tls-required", "--pipelining"], ["--tls-required"]])
    func `every message of a mixture gets its own result and nobody else's`(flags: [String]) async throws {
        let peer = try await SMTPPeer.start(flags)
        let url =
            "smtp://localhost:\(peer.port)?ca=\(peer.certificateAuthorityFile)"
            + (flags.contains("--tls-required") ? "&tls=required" : "&tls=never")
        for connections in [1, 3] {
            let before = try peer.messages().count
            let results = try await withPool(url, connections: connections) { pool in
                // 421 pauses new connections for a minute; what runs without it comes first.
                var results: [SMTPResult] = []
                for recipient in Self.mixture where !recipient.hasPrefix("code-421") {
                    results += await pool.send([message(recipient)])
                }
                return results
            }
            var wanted = Self.expected
            wanted.remove(at: 5)
            #expect(results.map(code) == wanted)
            let received = try peer.messages().dropFirst(before)
            #expect(
                received.compactMap { $0["to"]?.array?.first?.string }
                    == ["a", "b", "c", "d", "e", "f", "g"].map { "\($0)@x.test" })
            #expect(received.allSatisfy { $0["tls"] == .bool(flags.contains("--tls-required")) })
        }
    }

    @Test(arguments: [[], ["--pipelining"]])
    func `a window in flight together has the same results in order`(flags: [String]) async throws {
        let peer = try await SMTPPeer.start(flags)
        let recipients = (0..<60).map { index in
            index % 7 == 3 ? "code-550-5.1.1@x.test" : index % 11 == 5 ? "data-452-4.2.2@x.test" : "r\(index)@x.test"
        }
        let results = try await withPool("smtp://127.0.0.1:\(peer.port)?tls=never", connections: 3) { pool in
            await pool.send(recipients.map { message($0) })
        }
        for (recipient, result) in zip(recipients, results) {
            let wanted =
                recipient.hasPrefix("code") ? "rcpt 550" : recipient.hasPrefix("data") ? "final 452" : "accepted"
            #expect(code(result) == wanted, "\(recipient)")
        }
        let received = try peer.messages().compactMap { $0["to"]?.array?.first?.string }
        #expect(received.sorted() == recipients.filter { $0.hasPrefix("r") }.sorted())
    }

    @Test func `a password goes over TLS only, and a wrong one is an authentication fault for every message`()
        async throws
    {
        let peer = try await SMTPPeer.start(["--auth", "--tls-required", "--pipelining"])
        let options = "?ca=\(peer.certificateAuthorityFile)"
        let good = try await withPool("smtp://user:p%40ss%3Aword@localhost:\(peer.port)\(options)") { pool in
            await pool.send([message("a@x.test")])
        }
        #expect(good.map(code) == ["accepted"])
        let bad = try await withPool("smtp://user:wrong@localhost:\(peer.port)\(options)") { pool in
            await pool.send([message("a@x.test"), message("b@x.test")])
        }
        #expect(bad.map(code) == ["auth", "auth"])
        let none = try await withPool("smtp://localhost:\(peer.port)\(options)") { pool in
            await pool.send([message("a@x.test")])
        }
        #expect(none.map(code) == ["mail 530"])
        let plain = try await SMTPPeer.start()
        let refused = try await withPool("smtp://user:x@localhost:\(plain.port)") { pool in
            // Required by default with a password; this peer's certificate is nobody's.
            await pool.send([message("a@x.test")])
        }
        #expect(refused.map(code) == ["not sent"])
        #expect(try plain.messages().isEmpty)
    }

    @Test func `a session is used again and replaced after its share of messages`() async throws {
        let peer = try await SMTPPeer.start(["--pipelining"])
        let results = try await withPool("smtp://127.0.0.1:\(peer.port)?tls=never&reuse=10", connections: 1) { pool in
            await pool.send((0..<35).map { message("r\($0)@x.test") })
        }
        #expect(results.map(code) == Array(repeating: "accepted", count: 35))
        var sessions: [JSON: Int] = [:]
        for message in try peer.messages() { sessions[message["peer"] ?? .null, default: 0] += 1 }
        #expect(sessions.values.sorted() == [5, 10, 10, 10])
    }

    @Test func `421 is a throttle, and nothing new is opened for it`() async throws {
        let peer = try await SMTPPeer.start(["--pipelining"])
        let results = try await withPool("smtp://127.0.0.1:\(peer.port)?tls=never", connections: 1) { pool in
            var results = await pool.send([message("close@x.test")])
            results += await pool.send([message("b@x.test")])
            return results
        }
        #expect(code(results[0]) == "final 421")
        guard case .notSent(.connection(_, let after)) = results[1] else {
            Issue.record("\(results[1])")
            return
        }
        #expect(after == .seconds(60))
        #expect(try peer.messages().isEmpty)
    }

    @Test func `no server, and a server that only listens, are said within the time given`() async throws {
        let port = try FreePort.next()
        let refused = try await withPool("smtp://127.0.0.1:\(port)") { pool in
            await pool.send([message("a@x.test"), message("b@x.test")])
        }
        #expect(refused.map(code) == ["not sent", "not sent"])
        var timeouts = SMTPTimeouts()
        timeouts.handshake = .milliseconds(300)
        let silent = try await ScriptedServer.start(replies: [])
        let late = try await withPool("smtp://127.0.0.1:\(silent.port)?tls=never", timeouts: timeouts) { pool in
            await pool.send([message("a@x.test")])
        }
        #expect(late.map(code) == ["not sent"])
    }

    @Test(
        arguments: [
            (["-f", "rcpt", "-B", "550 5.1.1 unknown"], "rcpt 550"),
            (["-r", "rcpt", "-b", "452 4.2.2 full"], "rcpt 452"),
            (["-f", "mail", "-B", "553 5.1.8 who"], "mail 553"), (["-f", "data", "-B", "554 5.7.1 spam"], "data 554"),
            (["-r", ".", "-b", "451 4.3.0 later"], "final 451"), (["-q", "mail"], "not sent"),
            (["-q", "data"], "not sent"),
            (["-q", "."], "in doubt"), (["-Q", "rcpt", "-b", "421 4.3.2 closing"], "rcpt 421"),
            (["-q", "connect"], "not sent"), (["-p"], "accepted"), (["-e"], "accepted"), (["-N"], "accepted"),
            ([], "accepted"),
        ] as [([String], String)])
    func `smtp-sink's ways to fail have their results`(flags: [String], expected: String) async throws {
        let sink = try await SMTPSink.start(flags)
        let results = try await withPool("smtp://127.0.0.1:\(sink.port)?tls=never", connections: 1) { pool in
            await pool.send([message("a@x.test")])
        }
        #expect(results.map(code) == [expected], "\(results)")
    }

    @Test func `DSN parameters arrive as sent`() async throws {
        let sink = try await SMTPSink.start()
        var rich = message("a+b@x.test", ".dot\r\n..\r\n")
        rich.envelopeID = "token+1"
        rich.requestsFailureReports = true
        let results = try await withPool("smtp://127.0.0.1:\(sink.port)?tls=never") { [rich] pool in
            await pool.send([rich])
        }
        #expect(results.map(code) == ["accepted"])
        let dump = try #require(try sink.dumps().first)
        #expect(dump.contains("X-Mail-Args: <sender@x.test> RET=HDRS ENVID=token+2B1"))
        #expect(dump.contains("X-Rcpt-Args: <a+b@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@x.test"))
        #expect(dump.hasSuffix("Subject: s\n\n.dot\n..\n\n") || dump.contains("Subject: s\n\n.dot\n..\n"))
    }

    @Test func `a reply that never comes ends as the step says`() async throws {
        var timeouts = SMTPTimeouts()
        timeouts.command = .milliseconds(200)
        timeouts.final = .milliseconds(400)
        let sink = try await ScriptedServer.start(replies: [
            "220 x", "250-x\r\n250 PIPELINING", "250 ok\r\n250 ok\r\n354 go",
        ])
        let doubt = try await withPool("smtp://127.0.0.1:\(sink.port)?tls=never", connections: 1, timeouts: timeouts) {
            pool in
            await pool.send([message("a@x.test"), message("b@x.test")])
        }
        // The second one's envelope was behind the first's dot: proven not sent, it went on a new session to the same fate.
        #expect(doubt.map(code) == ["in doubt", "in doubt"])
        let deaf = try await ScriptedServer.start(replies: ["220 x", "250-x\r\n250 PIPELINING", "250 ok\r\n250 ok"])
        let unsent = try await withPool("smtp://127.0.0.1:\(deaf.port)?tls=never", connections: 1, timeouts: timeouts) {
            pool in
            await pool.send([message("a@x.test")])
        }
        #expect(unsent.map(code) == ["not sent"])
    }

    @Test func `what has not begun at the deadline or at cancellation is not sent`() async throws {
        let peer = try await SMTPPeer.start(["--pipelining"])
        let results = try await withPool("smtp://127.0.0.1:\(peer.port)?tls=never") { pool in
            await pool.send([message("a@x.test")], startBefore: MonotonicClock.now())
        }
        #expect(results.map(code) == ["deadline"])
        let cancelled = try await withPool("smtp://127.0.0.1:\(peer.port)?tls=never", connections: 1) { pool in
            await withTaskGroup(of: [SMTPResult].self) { group in
                group.addTask { await pool.send((0..<500).map { self.message("r\($0)@x.test") }) }
                group.cancelAll()
                return await group.next() ?? []
            }
        }
        #expect(cancelled.count == 500)
        #expect(cancelled.allSatisfy { ["accepted", "cancelled"].contains(code($0)) })
        #expect(cancelled.filter { code($0) == "accepted" }.count == (try peer.messages().count))
        #expect(cancelled.contains { code($0) == "cancelled" })
    }
}
