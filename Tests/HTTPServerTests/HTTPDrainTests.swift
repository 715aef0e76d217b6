import EventLoop
import Runtime
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTPDrainTests {
    @Test func `drain under load leaves no partial answer, and slow requests finish`() async throws {
        let body = [UInt8](repeating: 0x61, count: 40_000)
        let begun = Lock(0)
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            begun.withLock { $0 += 1 }
            if request.rawPath == "/slow" { try? await Task.sleep(for: .milliseconds(300)) }
            return HTTPResponse(status: 200, body: .bytes(body))
        }
        try await withServer(handler: handler) { running in
            let tally = Lock((whole: 0, partial: 0, slow: 0, unanswered: 0))
            let finished = Lock(0)
            let address = running.address
            for index in 0..<8 {
                Thread.start(name: "client") {
                    defer { finished.withLock { $0 += 1 } }
                    guard let client = try? RawConnection(address) else { return }
                    let path = index < 2 ? "/slow" : "/"
                    while client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") {
                        guard let response = client.response() else {
                            tally.withLock { $0.unanswered += 1 }
                            return
                        }
                        tally.withLock {
                            if response.isWhole { $0.whole += 1 } else { $0.partial += 1 }
                            if index < 2, response.isWhole { $0.slow += 1 }
                        }
                        if response.headers["connection"] == "close" { return }
                    }
                }
            }
            #expect(await running.eventually { begun.withLock { $0 } > 200 })
            await running.server.drain(grace: .seconds(10))
            #expect(await running.eventually { finished.withLock { $0 } == 8 })
            let result = tally.withLock { $0 }
            #expect(result.partial == 0 && result.unanswered == 0)
            #expect(result.slow >= 2 && result.whole > 200)
            #expect((try? running.connect()) == nil)
        }
    }

    @Test func `an idle connection may still ask while the server drains, and then is closed`() async throws {
        try await withServer({ $0.drainIdleDeadline = .seconds(4) }) { running in
            let (busy, idle) = (try running.connect(), try running.connect())
            for client in [busy, idle] {
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.response()?.headers["connection"] == nil)
            }
            async let drained: Void = running.server.drain(grace: .seconds(10))
            #expect(await running.eventually { (try? running.connect()) == nil }, "draining refuses new connections")
            busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(busy.response()?.headers["connection"] == "close")
            #expect(busy.isAtEnd)
            busy.finishSending()
            #expect(idle.rest().isEmpty)
            await drained
        }
    }

    @Test func `what outlasts the grace is cut`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            try? await Task.sleep(for: .seconds(60))
            return .empty()
        }
        try await withServer(handler: handler) { running in
            let client = try running.connect()
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let gauge = running.metrics.gauge(.httpConnections)
            #expect(await running.eventually { gauge.value == 1 })
            let begin = MonotonicClock.now()
            await running.server.drain(grace: .milliseconds(100))
            #expect(MonotonicClock.now() - begin < 30_000_000)
            #expect(client.rest().isEmpty)
        }
    }
}
