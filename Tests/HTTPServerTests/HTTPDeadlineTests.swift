import EventLoop
import Runtime
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTPDeadlineTests {
    /// Sends one byte after the other until the server answers; every pause is far below the deadline.
    private func dribble(_ text: String, after head: String = "", to running: RunningServer) async throws
        -> RawConnection.Response?
    {
        let client = try running.connect()
        client.send(head)
        let begin = MonotonicClock.now()
        for byte in text.utf8 {
            guard MonotonicClock.now() - begin < 1_500_000, client.send([byte]) else { break }
            try await running.loop.sleep(for: .milliseconds(20))
            if running.exchanges.withLock({ !$0.isEmpty }) { break }
        }
        let response = client.response()
        #expect(client.isAtEnd)
        return response
    }

    @Test func `dribbled header fields end in 408 at an absolute deadline`() async throws {
        try await withServer({ $0.headerDeadline = .milliseconds(200) }) { running in
            let text = "GET / HTTP/1.1\r\nX-A: \(String(repeating: "a", count: 500))"
            let response = try await dribble(text, to: running)
            #expect(response?.status == 408)
            #expect(running.metrics.counter(.httpTimeouts, "header").value == 1)
        }
    }

    @Test func `a dribbled body ends in 408 at an absolute deadline`() async throws {
        try await withServer({ $0.bodyDeadline = .milliseconds(200) }) { running in
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"
            let body = String(repeating: "a", count: 500)
            let response = try await dribble(body, after: head, to: running)
            #expect(response?.status == 408)
            #expect(running.metrics.counter(.httpTimeouts, "body").value == 1)
        }
    }

    @Test func `a length that never comes ends in 408, not in a handler`() async throws {
        try await withServer({ $0.bodyDeadline = .milliseconds(100) }) { running in
            let client = try running.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            #expect(client.response()?.status == 408)
            #expect(running.exchanges.withLock { $0.map(\.status) } == [408])
        }
    }

    @Test func `an endless chunked body is refused at its limit while it is still sent`() async throws {
        try await withServer { running in
            let client = try running.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<400 where client.send("5\r\nhello\r\n") {}
            #expect(client.response()?.status == 413)
            #expect(running.exchanges.withLock { $0.map(\.status) } == [413])
        }
    }

    @Test func `a refused upload gets its answer although it goes on sending`() async throws {
        try await withServer { running in
            let client = try running.connect()
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
            client.send([UInt8](repeating: 0x61, count: 300_000))
            let response = try #require(client.response())
            #expect(response.status == 413 && response.isWhole)
        }
    }

    @Test func `a client that never closes is not waited for`() async throws {
        try await withServer({ $0.lingerDeadline = .milliseconds(100) }) { running in
            let client = try running.connect()
            client.send("nonsense\r\n\r\n")
            #expect(client.response()?.status == 400)
            let gauge = running.metrics.gauge(.httpConnections)
            #expect(await running.eventually { gauge.value == 0 })
        }
    }

    @Test func `idle connections are closed without a word`() async throws {
        try await withServer({ ($0.idleDeadline, $0.headerDeadline) = (.milliseconds(100), .milliseconds(150)) }) {
            running in
            let used = try running.connect()
            used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(used.response()?.status == 200)
            #expect(used.rest().isEmpty)
            let unused = try running.connect()
            #expect(unused.rest().isEmpty)
        }
    }

    @Test func `a client that does not read is cut at the write deadline`() async throws {
        let large = [UInt8](repeating: 0x61, count: 16 << 20)
        try await withServer(
            { $0.writeDeadline = .milliseconds(200) },
            handler: { _ in HTTPResponse(status: 200, body: .bytes(large)) }
        ) { running in
            let client = try running.connect(receiveBuffer: 4096)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let timeouts = running.metrics.counter(.httpTimeouts, "write")
            #expect(await running.eventually { timeouts.value == 1 })
            #expect(client.response()?.isWhole == false)
        }
    }
}
