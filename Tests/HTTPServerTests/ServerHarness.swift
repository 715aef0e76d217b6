import Core
import EventLoop
import Glibc
import Runtime

@testable import HTTPServer

/// A server on a loop of its own, for one test.
struct RunningServer: Sendable {
    let server: HTTPServer
    let loop: EventLoop
    let address: ListenAddress
    let metrics: Metrics
    let exchanges: Lock<[HTTPExchange]>

    func connect(receiveBuffer: Int32? = nil) throws -> RawConnection {
        try RawConnection(address, receiveBuffer: receiveBuffer)
    }

    /// Waits until `condition` holds, a minute at most, for busy machines.
    func eventually(_ condition: () -> Bool) async -> Bool {
        let end = MonotonicClock.now() + 60_000_000
        while !condition() {
            guard MonotonicClock.now() < end else { return false }
            try? await loop.sleep(for: .milliseconds(5))
        }
        return true
    }
}

func withServer(
    at address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
    _ change: (inout HTTPServerConfiguration) -> Void = { _ in },
    handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse = HTTPTestRoutes.answer,
    _ body: (RunningServer) async throws -> Void
) async throws {
    let loop = try EventLoop(name: "http-test")
    loop.start()
    let exchanges = Lock<[HTTPExchange]>([])
    let metrics = Metrics()
    let server = HTTPServer(
        loop: loop,
        configuration: httpConfiguration {
            $0.bodyLimit = { $0.rawPath == "/large" ? 8 << 20 : 1000 }
            $0.errorBody = { .json(Array("{\"Message\":\"\($1)\"}".utf8), status: $0) }
            change(&$0)
        },
        environment: Environment(
            now: { Instant(seconds: 0) },
            realNow: { Instant(seconds: 784_111_777) },
            random: { [UInt8](repeating: 0, count: $0) },
            log: .silent
        ),
        metrics: metrics,
        observe: { exchange in exchanges.withLock { $0.append(exchange) } },
        handler: handler
    )
    let bound = try await server.listen(address)
    let running = RunningServer(server: server, loop: loop, address: bound, metrics: metrics, exchanges: exchanges)
    do {
        try await body(running)
    } catch {
        await server.drain(grace: .zero)
        loop.stop()
        throw error
    }
    await server.drain(grace: .zero)
    loop.stop()
}

/// A path that no other test uses; the server removes its file when it drains.
func temporarySocketAddress() -> ListenAddress {
    .unix("/tmp/needletail-http-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock")
}

enum HTTPTestRoutes {
    /// `/echo` gives the body back; anything else names method, target and length.
    static func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if request.rawPath == "/echo" { return HTTPResponse(status: 200, body: .bytes(request.body)) }
        return .text("\(request.method) \(request.target) \(request.body.count)")
    }
}
