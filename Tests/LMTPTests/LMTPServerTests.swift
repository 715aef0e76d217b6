import Core
import EventLoop
import HTTPServer
import LMTP
import Runtime
import TestKit
import Testing

/// Over real sockets, against Python's LMTP client.
@Suite struct LMTPServerTests {
    @Test func `another program's client is served, and hears of each recipient`() async throws {
        let loop = try EventLoop(name: "lmtp")
        loop.start()
        defer { loop.stop() }
        let delivered = Lock<[LMTPMessage]>([])
        let server = LMTPServer(
            loop: loop, hostName: "us.test", environment: TestEnvironment.make(), metrics: Metrics(),
            handler: LMTPHandler(
                accept: { address in
                    try? await loop.sleep(for: .milliseconds(2))
                    return address.hasPrefix("unknown") ? .unknown : .accepted
                },
                deliver: { message in
                    try? await loop.sleep(for: .milliseconds(5))
                    delivered.withLock { $0.append(message) }
                    return message.recipients.map { $0.hasPrefix("fails") ? .trouble : .stored }
                }))
        guard case .tcp(_, let port) = try await server.listen(.tcp(host: "127.0.0.1", port: 0)) else {
            throw TestKitError("not listening on TCP")
        }
        let client = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/lmtp_session.py", "\(port)"])
        try await client.waitForLine("done")
        #expect(
            Array(client.output) == [
                "lhlo 250 True 10485760", "rcpt 250 550 250", "data 354", "good 250", "fails 451", "noop 250",
                "second 250", "pipelined 220,250,250,250,250,354,250,250,221", "done",
            ])
        await server.drain()
        let messages = delivered.withLock { $0 }
        #expect(messages.map(\.sender) == ["sender@x.test", "", "p@x.test"])
        #expect(messages.map(\.recipients.count) == [2, 1, 2])
        #expect(messages.first?.content == Array("From: a@x.test\r\nSubject: hi\r\n\r\n.leading dot\r\nbody\r\n".utf8))
        #expect(messages.dropFirst().first?.content.count == 16 + 70_000 + 2)
    }
}
