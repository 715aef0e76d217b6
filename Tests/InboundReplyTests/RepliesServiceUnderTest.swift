import Access
import Core
import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Hosting
import Postgres
import Runtime
import TestKit
import Testing

@testable import InboundReply

/// Routes of conversations on a real socket over the test's database, their workers, and a client that signs.
struct RepliesServiceUnderTest: Sendable {
    struct Answer: Sendable {
        let status: Int
        let json: JSON

        var message: String { json["Message"]?.string ?? "" }
    }

    private static let key = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")

    let app: AppID
    let desk: ReplyDesk
    private let client: HTTPClient
    private let host: String
    private let environment: Environment

    static func run(_ body: @Sendable (RepliesServiceUnderTest) async throws -> Void) async throws {
        let test = try TestDatabase.current
        let directory = try ScratchDirectory()
        try directory.write("master.key", "0123456789abcdef0123456789ABCDEF")
        chmod("\(directory.path)/master.key", 0o600)
        let values = [
            "NEEDLETAIL_DATABASE_URL": test.url, "NEEDLETAIL_MASTER_KEY_FILE": "\(directory.path)/master.key",
            "NEEDLETAIL_ACCOUNT_ID": "123456789012", "NEEDLETAIL_LISTEN": "127.0.0.1:0",
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(key.id):\(key.secret)",
        ]
        let made = Lock<ReplyDesk?>(nil)
        let running = try RunningService(
            "inbound-reply", configuration: Configuration(environment: values), environment: test.environment,
            loop: test.loop,
            routes: { context in
                let desk = try ReplyDesk(context)
                made.withLock { $0 = desk }
                return desk.routes
            },
            workers: { _ in made.withLock { $0 }?.workers ?? [] })
        let address = try await running.listen()
        guard case .tcp(_, let port) = address, let desk = made.withLock({ $0 }) else {
            throw TestKitError("not a TCP address")
        }
        let stop = Lock(false)
        let work = Task(executorPreference: test.loop) {
            await running.work {
                while !stop.withLock({ $0 }) { try? await test.loop.sleep(for: .milliseconds(5)) }
            }
        }
        let client = HTTPClient(environment: test.environment, metrics: Metrics())
        defer { client.close() }
        let app = AppID(high: 2, low: 9)
        let service = RepliesServiceUnderTest(
            app: app, desk: desk, client: client, host: "127.0.0.1:\(port)", environment: test.environment)
        do {
            try await eventually("the service is ready") { running.readiness.isMigrated }
            let now = test.environment.now()
            try await test.database.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(app), '123456789012', 'Shop', \(now), \(now))
                """)
            try await body(service)
        } catch {
            stop.withLock { $0 = true }
            await work.value
            throw error
        }
        stop.withLock { $0 = true }
        await work.value
    }

    /// `path` behind the app.
    func call(_ method: String, _ path: String, _ body: JSON? = nil, isSigned: Bool = true) async throws -> Answer {
        let target = "/v1/apps/\(app)/\(path)"
        let bytes = body?.serialized ?? []
        var headers: [(name: String, value: String)] = []
        if !bytes.isEmpty { headers.append((name: "Content-Type", value: "application/json")) }
        if isSigned {
            headers += SigV4.sign(
                method: method, host: host, target: target, headers: headers, body: bytes, key: Self.key,
                region: "eu-west-1", at: environment.realNow())
        }
        let response = try await client.send(
            ClientRequest(
                method: method, url: "http://\(host)\(target)", headers: headers, body: bytes, isRepeatable: true,
                responseLimitBytes: 1 << 20))
        return Answer(status: response.status, json: (try? JSON.parse(response.body)) ?? .null)
    }
}
