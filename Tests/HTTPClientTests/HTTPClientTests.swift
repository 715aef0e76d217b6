import Core
import EventLoop
import HTTPServer
import Runtime
import TestKit
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    /// A server of ours that echoes, on a port or a socket, and a client.
    private func withEcho<Value: Sendable>(
        _ address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
        _ body: @escaping @Sendable (HTTPClient, String) async throws -> Value
    ) async throws -> Value {
        try await TestLoop.run { loop in
            let environment = TestEnvironment.make()
            let server = HTTPServer(
                loop: loop, configuration: HTTPServerConfiguration(), environment: environment, metrics: Metrics()
            ) { request in
                switch request.rawPath {
                case "/slow":
                    try? await loop.sleep(for: .seconds(30))
                    return .empty()
                case "/large":
                    return .text(String(repeating: "x", count: 100_000))
                case "/redirect":
                    return HTTPResponse(status: 302, headers: ["Location": "http://127.0.0.1:1/"])
                case _:
                    let head =
                        "\(request.method) \(request.target) \(request.headers.all.map { "\($0.name)=\($0.value)" }.joined(separator: ";"))\n"
                    return HTTPResponse(
                        status: 207, headers: ["X-Echo": "yes"], body: .bytes(Array(head.utf8) + request.body))
                }
            }
            let bound = try await server.listen(address)
            let url = if case .tcp(_, let port) = bound { "http://127.0.0.1:\(port)" } else { "http://localhost" }
            let client = HTTPClient(environment: environment, metrics: Metrics())
            let value = try await body(client, url)
            client.close()
            await server.drain(grace: .seconds(1))
            return value
        }
    }

    private func fault(_ body: () async throws(ClientFault) -> ClientResponse) async -> ClientFault? {
        do throws(ClientFault) {
            let response = try await body()
            Issue.record("answered \(response.status)")
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func `a request arrives as it was made and the answer comes back whole`(method: String) async throws {
        try await withEcho { client, url in
            let body = method == "GET" || method == "DELETE" ? [] : Array("bytes \u{0} and more".utf8)
            let response = try await client.send(
                ClientRequest(
                    method: method, url: url + "/a%2Fb?q=%20", headers: [("X-One", "1"), ("X-Empty", "")], body: body))
            #expect(response.status == 207)
            #expect(response.header("x-echo") == "yes")
            #expect(response.httpVersion == "1.1")
            let end = try #require(response.body.firstIndex(of: 0x0A))
            let head = String(decoding: response.body[..<end], as: UTF8.self)
            #expect(head.hasPrefix("\(method) /a%2Fb?q=%20 "))
            #expect(head.contains("X-One=1") && head.contains("X-Empty="))
            #expect(!head.lowercased().contains("expect=") && !head.lowercased().contains("content-type="))
            #expect(Array(response.body[(end + 1)...]) == body)
        }
    }

    @Test func `HEAD and large bodies both ways`() async throws {
        try await withEcho { client, url in
            let head = try await client.send(ClientRequest(method: "HEAD", url: url + "/x"))
            #expect(head.status == 207 && head.body.isEmpty)
            let body = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let response = try await client.send(
                ClientRequest(
                    method: "POST", url: url + "/x", body: body, responseLimitBytes: 3_000_000))
            let end = try #require(response.body.firstIndex(of: 0x0A))
            #expect(response.body[(end + 1)...].elementsEqual(body))
        }
    }

    @Test func `a Unix socket takes the place of the host`() async throws {
        let directory = try ScratchDirectory()
        let path = directory.path + "/s"
        try await withEcho(.unix(path)) { client, _ in
            let response = try await client.send(ClientRequest(url: "http://segment-service/x", unixSocketPath: path))
            #expect(response.status == 207)
            #expect(String(decoding: response.body, as: UTF8.self).contains("Host=segment-service"))
        }
    }

    @Test func `many at once share few connections and none is mixed up`() async throws {
        try await withEcho { client, url in
            let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for index in 0..<300 {
                    group.addTask {
                        let response = try await client.send(
                            ClientRequest(method: "POST", url: url + "/n/\(index)", body: [0x41]))
                        return (index, String(decoding: response.body.prefix(30), as: UTF8.self))
                    }
                }
                var answers: [Int: String] = [:]
                for try await (index, text) in group { answers[index] = text }
                return answers
            }
            #expect(answers.count == 300)
            #expect(answers.allSatisfy { $0.value.hasPrefix("POST /n/\($0.key) ") })
        }
    }

    @Test func `redirects are not followed and a long answer is refused`() async throws {
        try await withEcho { client, url in
            let redirect = try await client.send(ClientRequest(url: url + "/redirect"))
            #expect(redirect.status == 302)
            let fault = await fault { () async throws(ClientFault) in
                try await client.send(ClientRequest(url: url + "/large"))
            }
            #expect(fault?.reason == .responseTooLarge)
            #expect(fault?.isProvenNotSent == false)
        }
    }

    @Test func `time runs out as an absolute deadline, in doubt once bytes have left`() async throws {
        try await withEcho { client, url in
            let fault = await fault { () async throws(ClientFault) in
                try await client.send(
                    ClientRequest(method: "POST", url: url + "/slow", body: [1], totalTimeout: .milliseconds(200)))
            }
            #expect(fault?.reason == .timeout)
            #expect(fault?.isProvenNotSent == false)
        }
    }

    @Test func `cancellation ends a call at once, also one cancelled before it began`() async throws {
        try await withEcho { client, url in
            let start = MonotonicClock.now()
            for waits in [true, false] {
                let fault = await withTaskGroup(of: ClientFault?.self) { group in
                    group.addTask {
                        await self.fault { () async throws(ClientFault) in
                            try await client.send(ClientRequest(url: url + "/slow"))
                        }
                    }
                    if waits { try? await Task.sleep(for: .milliseconds(50)) }
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(fault?.reason == .cancelled)
            }
            #expect(MonotonicClock.now() - start < 5_000_000)
        }
    }

    @Test func `nobody listening is proven not sent`() async throws {
        let port = try FreePort.next()
        try await withEcho { client, _ in
            let fault = await fault { () async throws(ClientFault) in
                try await client.send(ClientRequest(method: "POST", url: "http://127.0.0.1:\(port)/", body: [1]))
            }
            #expect(fault?.reason == .connect)
            #expect(fault?.isProvenNotSent == true)
            let name = await self.fault { () async throws(ClientFault) in
                try await client.send(ClientRequest(url: "http://nope.invalid/"))
            }
            #expect(name?.isProvenNotSent == true)
        }
    }

    @Test func `a POST is not repeated when its connection breaks before the answer`() async throws {
        let server = try await ScriptedServer.start(replies: [], closes: true)
        try await withEcho { client, _ in
            for _ in 0..<2 {
                let fault = await fault { () async throws(ClientFault) in
                    try await client.send(
                        ClientRequest(method: "POST", url: "http://127.0.0.1:\(server.port)/", body: [1, 2, 3]))
                }
                #expect(fault?.reason == .broken)
                #expect(fault?.isProvenNotSent == false)
            }
        }
        #expect(server.connections == 2)
    }

    @Test(arguments: [
        ClientRequest(url: "ftp://x/"), ClientRequest(url: "file:///etc/passwd"), ClientRequest(url: "http://x/ y"),
        ClientRequest(url: "http://x/\r\nA: b"), ClientRequest(method: "GET /", url: "http://x/"),
        ClientRequest(method: "", url: "http://x/"),
        ClientRequest(url: "http://x/", headers: [("A\r\nB", "c")]),
        ClientRequest(url: "http://x/", headers: [("A", "b\r\nC: d")]),
        ClientRequest(url: "http://x/", headers: [("A", "b\u{0}")]),
        ClientRequest(url: "http://x/", headers: [("", "b")]),
    ])
    func `a request that could be two never leaves`(request: ClientRequest) async throws {
        let client = HTTPClient(environment: TestEnvironment.make(), metrics: Metrics())
        let fault = await fault { () async throws(ClientFault) in try await client.send(request) }
        #expect(fault?.reason == .invalidRequest)
        #expect(fault?.isProvenNotSent == true)
    }

    @Test func `a call inside a transaction is refused, and so is one after close`() async throws {
        let client = HTTPClient(environment: TestEnvironment.make(), metrics: Metrics())
        let inside = await Transaction.$isActive.withValue(true) {
            await fault { () async throws(ClientFault) in
                try await client.send(ClientRequest(url: "http://127.0.0.1:1/"))
            }
        }
        #expect(inside?.reason == .insideTransaction)
        client.close()
        let closed = await fault { () async throws(ClientFault) in
            try await client.send(ClientRequest(url: "http://127.0.0.1:1/"))
        }
        #expect(closed?.reason == .closed)
    }
}
