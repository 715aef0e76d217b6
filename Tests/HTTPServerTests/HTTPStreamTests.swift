import Core
import EventLoop
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTPStreamTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `a stream is chunked, and the connection stays open`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    for index in 0..<5 {
                        try await writer.write(Array("piece \(index);".utf8))
                        try await writer.write([])
                        await Task.yield()
                    }
                }
            )
        }
        try await withServer(handler: handler) { running in
            let client = try running.connect()
            for _ in 0..<2 {
                client.send(Self.get)
                let response = try #require(client.response())
                #expect(response.headers["transfer-encoding"] == "chunked" && response.isWhole)
                #expect(response.text == "piece 0;piece 1;piece 2;piece 3;piece 4;")
            }
            client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response(isHead: true)?.status == 200)
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let old = try #require(client.response())
            #expect(old.headers["connection"] == "close" && old.headers["transfer-encoding"] == nil)
            #expect(old.text == "piece 0;piece 1;piece 2;piece 3;piece 4;")
        }
    }

    @Test func `a stream waits for a slow reader, and no byte is lost`() async throws {
        let written = Lock(0)
        let total = 1 << 20
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    for index in 0..<total / 4096 {
                        try await writer.write([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 4096))
                        written.withLock { $0 += 4096 }
                    }
                }
            )
        }
        // A Unix socket: its kernel buffers are small and do not grow.
        try await withServer(at: temporarySocketAddress(), handler: handler) { running in
            let client = try running.connect()
            client.send(Self.get)
            // What fits in the kernel's buffers and in ours, and then nothing more.
            var before = -1
            #expect(
                await running.eventually {
                    defer { before = written.withLock { $0 } }
                    return before > 0 && before == written.withLock { $0 }
                }
            )
            #expect(written.withLock { $0 } < total)
            let response = try #require(client.response())
            let pieces = (0..<total / 4096).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 4096) }
            let isEqual = response.body == Array(pieces.joined())
            #expect(response.isWhole && isEqual)
        }
    }

    @Test func `a stream that fails is cut, so that the client can tell`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([0x61])
                    throw Fault(.internalError, "lost")
                }
            )
        }
        try await withServer(handler: handler) { running in
            let client = try running.connect()
            client.send(Self.get)
            let response = try #require(client.response())
            #expect(response.text == "a" && !response.isWhole)
        }
    }

    @Test(arguments: [false, true])
    func `a client that leaves cancels the handler and its stream`(isStream: Bool) async throws {
        let isCancelled = Lock(false)
        let hasBegun = Lock(false)
        let waitForEver: @Sendable () async throws -> Void = {
            hasBegun.withLock { $0 = true }
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                isCancelled.withLock { $0 = true }
                throw error
            }
        }
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
            if isStream { return HTTPResponse(status: 200, body: .stream { _ in try await waitForEver() }) }
            return (try? await waitForEver()).map { .empty() } ?? .empty(status: 500)
        }
        try await withServer(handler: handler) { running in
            var client: RawConnection? = try running.connect()
            client?.send(Self.get)
            #expect(await running.eventually { hasBegun.withLock { $0 } })
            client = nil
            #expect(await running.eventually { isCancelled.withLock { $0 } })
            #expect(running.exchanges.withLock { $0.map(\.status) } == [499])
        }
    }
}
