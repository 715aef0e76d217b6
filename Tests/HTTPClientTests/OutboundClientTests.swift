import Core
import EventLoop
import Runtime
import TestKit
import Testing

@testable import HTTPClient

/// Against a real TLS server of other people's making.
@Suite(.timeLimit(.minutes(1))) struct OutboundClientTests {
    private func client(_ allow: String?, authority: String? = nil) throws -> OutboundClient {
        let list = try allow.map { try #require(OutboundAllowList($0)) } ?? .empty
        return OutboundClient(
            rules: OutboundRules(allow: list, certificateAuthorityFile: authority), environment: TestEnvironment.make(),
            metrics: Metrics())
    }

    private func fault(_ client: OutboundClient, _ request: ClientRequest) async -> ClientFault? {
        do throws(ClientFault) {
            let response = try await client.send(request)
            Issue.record("answered \(response.status)")
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "https://127.0.0.1", "https://localhost", "https://2130706433", "https://0x7f000001", "https://127.1",
        "https://0177.0.0.1", "https://[::ffff:127.0.0.1]", "https://0.0.0.0", "https://[::1]",
        "http://127.0.0.1", "http://localhost",
    ])
    func `nothing is connected to a loopback address, however it is written`(start: String) async throws {
        try await TestLoop.run { _ in
            let server = try await ScriptedServer.start(replies: ["HTTP/1.1 200 OK"])
            let client = try client("10.9.8.7/32")
            let found = await fault(client, ClientRequest(url: "\(start):\(server.port)/?token=secret"))
            #expect(found?.reason == .forbidden, "\(String(describing: found))")
            #expect(found?.isProvenNotSent == true)
            #expect(found?.description.contains("secret") == false)
            #expect(server.connections == 0)
            client.close()
        }
    }

    @Test func `a name that resolves differently the second time reaches nothing that is not allowed`() async throws {
        let peer = try await HookPeer.start()
        try await TestLoop.run { _ in
            let client = try client("127.0.0.1/32", authority: peer.certificateAuthorityFile)
            var request = ClientRequest(url: "https://hooks.test:\(peer.port)/x")
            request.pinnedAddresses = ["127.0.0.1"]
            #expect(try await client.send(request).status == 200)
            request.pinnedAddresses = ["127.0.0.2"]
            #expect(await fault(client, request)?.reason == .forbidden)
            request.pinnedAddresses = ["169.254.169.254"]
            #expect(await fault(client, request)?.reason == .forbidden)
            // Of several addresses only those that are allowed are tried.
            request.pinnedAddresses = ["127.0.0.2", "127.0.0.1"]
            #expect(try await client.send(request).status == 200)
            client.close()
        }
        #expect(try peer.calls().count == 2)
    }

    @Test func `a server is believed only by its certificate`() async throws {
        let peer = try await HookPeer.start()
        try await TestLoop.run { _ in
            let url = "https://localhost:\(peer.port)/x"
            let trusting = try client("localhost,other.test", authority: peer.certificateAuthorityFile)
            #expect(try await trusting.send(ClientRequest(url: url)).status == 200)
            var other = ClientRequest(url: "https://other.test:\(peer.port)/x")
            other.pinnedAddresses = ["127.0.0.1"]
            #expect(await fault(trusting, other)?.reason == .connect)
            let strict = try client("localhost")
            #expect(await fault(strict, ClientRequest(url: url))?.reason == .connect)
            trusting.close()
            strict.close()
        }
    }

    @Test func `plain http, redirects, long answers and slow ones`() async throws {
        let peer = try await HookPeer.start()
        try await TestLoop.run { _ in
            let client = try client("127.0.0.1/32", authority: peer.certificateAuthorityFile)
            #expect(try await client.send(ClientRequest(url: "http://127.0.0.1:\(peer.plainPort)/x")).status == 200)
            let base = "https://127.0.0.1:\(peer.port)"
            let body = Array(#"{"Endpoints":{}}"#.utf8)
            let moved = try await client.send(ClientRequest(method: "POST", url: "\(base)/redirect", body: body))
            #expect(moved.status == 307)
            let huge = await fault(client, ClientRequest(method: "POST", url: "\(base)/huge", body: body))
            #expect(huge?.reason == .responseTooLarge)
            let slow = ClientRequest(method: "POST", url: "\(base)/slow", body: body, totalTimeout: .milliseconds(400))
            #expect(await fault(client, slow)?.reason == .timeout)
            let named = ClientRequest(url: "https://me:secret@127.0.0.1:\(peer.port)/x")
            let refused = await fault(client, named)
            #expect(refused?.reason == .invalidRequest && refused?.description.contains("secret") == false)
            client.close()
        }
        #expect(try !peer.calls().contains { $0["path"]?.string == "/echo" })
    }
}
