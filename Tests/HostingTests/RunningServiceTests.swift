import Core
import EventLoop
import Glibc
import HTTPServer
import Hosting
import PinpointAPI
import Postgres
import Runtime
import Synchronization
import TestKit
import Testing

/// A whole service on a real socket, from an empty database to the end of its drain.
@Suite(.emptyDatabase) struct RunningServiceTests {
    private final class Flag: Sendable {
        private let raised = Atomic<Bool>(false)
        var isRaised: Bool { raised.load(ordering: .sequentiallyConsistent) }
        func raise() { raised.store(true, ordering: .sequentiallyConsistent) }
    }

    /// Sends a request by hand and reads the answer to its end, on a thread aside.
    private static func exchange(_ loop: EventLoop, port: UInt16, _ target: String) async throws -> String {
        try await loop.offload {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else { throw Fault(.unavailable, "cannot connect") }
            let request = Array("GET \(target) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".utf8)
            guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
                throw Fault(.unavailable, "cannot send")
            }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                answer.append(contentsOf: buffer.prefix(count))
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    @Test func `a service migrates, answers, lets its worker finish, and ends`() async throws {
        let test = try TestDatabase.current
        let service = try HostedService(test)
        let (stop, begun, finished) = (Flag(), Flag(), Flag())
        let running = try RunningService(
            "test-service", configuration: service.configuration, environment: service.context.environment,
            loop: test.loop,
            routes: { _ in [Route("GET", "/hello", access: .open) { _ in .text("hello") }] },
            workers: { context in
                [
                    BackgroundWorker(name: "chunk") {
                        begun.raise()
                        do {
                            try await context.loop.sleep(for: .seconds(600))
                        } catch {
                            // What a worker does with its last window: it still has the database.
                            _ = try? await Task { try await context.database.query("SELECT 1") }.value
                            finished.raise()
                        }
                    }
                ]
            })
        let address = try await running.listen()
        guard case .tcp(_, let port) = address else {
            Issue.record("not a TCP address: \(address)")
            return
        }
        let work = Task(executorPreference: test.loop) {
            await running.work { try? await eventually(within: .seconds(60)) { stop.isRaised } }
        }
        try await eventually { running.readiness.isMigrated && begun.isRaised }
        #expect(try await Self.exchange(test.loop, port: port, "/readyz").hasPrefix("HTTP/1.1 200"))
        #expect(try await Self.exchange(test.loop, port: port, "/hello").hasSuffix("hello"))
        let tables: Int = try await test.database.query("SELECT count(*) FROM access_keys")[0].get(0)
        #expect(tables == 1, "the key of NEEDLETAIL_BOOTSTRAP_KEYS")
        stop.raise()
        await work.value
        #expect(finished.isRaised)
        await #expect(throws: (any Error).self) { try await Self.exchange(test.loop, port: port, "/livez") }
    }
}
