import CLinux
import Core
import EventLoop
import Glibc
import Runtime
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `a request is answered and the connection stays open`() async throws {
        try await withServer { running in
            let client = try running.connect()
            for _ in 0..<3 {
                client.send(Self.get)
                let response = try #require(client.response())
                #expect(response.status == 200)
                #expect(response.text == "GET /a 0")
                #expect(response.headers["date"] == "Sun, 06 Nov 1994 08:49:37 GMT")
                #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
                #expect(response.headers["connection"] == nil)
            }
            client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(client.response()?.headers["connection"] == "close")
            #expect(client.isAtEnd)
            #expect(running.exchanges.withLock { $0.map(\.status) } == [200, 200, 200, 200])
        }
    }

    @Test func `every malformed request gets one error of ours, and the connection closes`() async throws {
        try await withServer { running in
            for given in MalformedRequest.all {
                let client = try running.connect()
                client.send(given.bytes + Array("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                let response = try #require(client.response(), "\(given.name)")
                #expect(response.status == given.status, "\(given.name)")
                #expect(response.text.hasPrefix("{\"Message\":"), "\(given.name): \(response.text)")
                #expect(response.headers["connection"] == "close", "\(given.name)")
                #expect(client.isAtEnd, "\(given.name)")
            }
            #expect(running.exchanges.withLock { $0.allSatisfy { $0.status >= 400 } })
            #expect(running.metrics.counter(.httpBadRequests, "501").value == 6)
        }
    }

    @Test func `pipelined requests are answered in order, also when the first one takes longer`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            if request.rawPath.hasSuffix("0") { await Task.yield() }
            return await HTTPTestRoutes.answer(request)
        }
        try await withServer(handler: handler) { running in
            let client = try running.connect()
            let requests = (0..<500).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" }
            client.send(requests.joined())
            for index in 0..<500 { #expect(client.response()?.text == "POST /\(index) 3") }
        }
    }

    @Test func `HTTP 1.0 closes, unless it asks to keep alive`() async throws {
        try await withServer { running in
            let client = try running.connect()
            client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(client.response()?.headers["connection"] == "keep-alive")
            client.send("GET /a HTTP/1.0\r\n\r\n")
            let last = try #require(client.response())
            #expect(last.headers["connection"] == "close" && last.text == "GET /a 0")
            #expect(client.isAtEnd)
        }
    }

    @Test func `HEAD has the length and no body, and OPTIONS asterisk arrives`() async throws {
        try await withServer { running in
            let client = try running.connect()
            client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response(isHead: true)?.headers["content-length"] == "9")
            #expect(client.response()?.text == "OPTIONS * 0")
            client.send("GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.text == "GET http://b/c?d 0")
        }
    }

    @Test func `100 Continue is sent for a body that will be read, and only then`() async throws {
        try await withServer { running in
            let client = try running.connect()
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            #expect(client.response()?.status == 100)
            client.send("abc")
            #expect(client.response()?.text == "abc")
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
            #expect(client.response()?.status == 413)
            #expect(client.isAtEnd)
        }
    }

    @Test func `a handler's own framing fields are replaced, and 204 has none`() async throws {
        let handler: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
            if request.rawPath == "/empty" { return .empty() }
            let headers: HTTPHeaders = [
                "Content-Length": "999", "Transfer-Encoding": "chunked", "Date": "never", "Connection": "close",
                "X-A": "b",
            ]
            return HTTPResponse(status: 200, headers: headers, body: .bytes([0x61]))
        }
        try await withServer(handler: handler) { running in
            let client = try running.connect()
            client.send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let empty = try #require(client.response())
            #expect(empty.status == 204 && empty.headers["content-length"] == nil)
            let full = try #require(client.response())
            #expect(full.headers["content-length"] == "1" && full.headers["transfer-encoding"] == nil)
            #expect(full.headers["x-a"] == "b" && full.headers["connection"] == "close" && full.text == "a")
            #expect(client.isAtEnd)
        }
    }

    @Test func `large bodies pass both ways`() async throws {
        try await withServer(handler: { HTTPResponse(status: 200, body: .bytes($0.body)) }) { running in
            let client = try running.connect()
            let body = (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for isChunked in [false, true] {
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)"
                client.send("POST /large HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
                if isChunked { client.send("\(String(body.count, radix: 16))\r\n") }
                client.send(body)
                if isChunked { client.send("\r\n0\r\n\r\n") }
                #expect(client.response()?.body == body)
            }
        }
    }

    @Test func `a Unix socket serves, and a stale file is replaced while a living one is not`() async throws {
        guard case .unix(let path) = temporarySocketAddress() else { return }
        defer { unlink(path) }
        // What a killed process leaves: a bound file that nobody listens on.
        let (stale, _) = try ListeningSocket.open(.unix(path))
        close(stale)
        try await withServer(at: .unix(path)) { running in
            let client = try running.connect()
            client.send(Self.get)
            #expect(client.response()?.text == "GET /a 0")
            await #expect(throws: Fault.self) { try await running.server.listen(.unix(path)) }
            client.send(Self.get)
            #expect(client.response()?.status == 200)
        }
        #expect(access(path, F_OK) != 0, "the socket file goes with its server")
    }

    @Test func `an occupied port and an impossible path are clear faults`() async throws {
        try await withServer { running in
            let fault = await #expect(throws: Fault.self) { try await running.server.listen(running.address) }
            #expect(fault?.publicMessage == "\(running.address) is in use by another process")
            let long = "/tmp/" + String(repeating: "a", count: 120)
            let tooLong = await #expect(throws: Fault.self) { try await running.server.listen(.unix(long)) }
            #expect(tooLong?.code == .configuration)
        }
    }

    @Test func `beyond the connection limit a client waits until another leaves`() async throws {
        try await withServer({ $0.connections = 2 }) { running in
            let first = try running.connect()
            let second = try running.connect()
            for client in [first, second] {
                client.send(Self.get)
                #expect(client.response()?.status == 200)
            }
            let third = try running.connect()
            third.send(Self.get)
            first.send(Self.get)
            #expect(first.response()?.status == 200)
            #expect(running.exchanges.withLock { $0.count } == 3)
            first.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(first.response()?.status == 200)
            #expect(first.isAtEnd)
            first.finishSending()
            #expect(third.response()?.status == 200)
        }
    }
}
