import Core
import Crypto
import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Hosting
import Model
import Postgres
import Providers
import Runtime
import Synchronization
import TestKit
import Testing

@testable import InboundReply

/// inbound-reply on a real socket over the test's database, with a provider of kind `twilio` that the test plays. Real time.
struct InboundService: Sendable {
    static let app = AppID(high: 1, low: 1)
    static let provider = ProviderID(high: 4, low: 4)
    static let publicURL = "https://n.example.com"
    private static let token = "0123456789abcdef0123456789abcdef"

    let database: Database
    private let client: HTTPClient
    private let port: UInt16

    private final class Flag: Sendable {
        private let raised = Atomic<Bool>(false)
        var isRaised: Bool { raised.load(ordering: .sequentiallyConsistent) }
        func raise() { raised.store(true, ordering: .sequentiallyConsistent) }
    }

    /// Starts the service, runs `body`, and drains it. `channel` is the SMS channel's configuration.
    static func run(
        settings: [String: String] = [:], channel: JSON = [:], isProviderEnabled: Bool = true,
        _ body: (InboundService) async throws -> Void
    ) async throws {
        let test = try TestDatabase.current
        let key = try ScratchDirectory()
        try key.write("master.key", String(repeating: "k", count: 32))
        chmod("\(key.path)/master.key", 0o600)
        var values = [
            "NEEDLETAIL_DATABASE_URL": test.url, "NEEDLETAIL_MASTER_KEY_FILE": "\(key.path)/master.key",
            "NEEDLETAIL_ACCOUNT_ID": "000000000000", "NEEDLETAIL_LISTEN": "127.0.0.1:0",
            "NEEDLETAIL_PUBLIC_URL": publicURL,
        ]
        values.merge(settings) { $1 }
        let configuration = try Configuration(environment: values)
        var environment = SystemEnvironment.make(configuration: configuration, process: "inbound-reply")
        environment.log = .silent
        try await prepare(test.database, channel, isProviderEnabled, at: environment.now())
        let process = InboundProcess()
        let running = try RunningService(
            "inbound-reply", configuration: configuration, environment: environment, loop: test.loop,
            routes: process.routes, workers: process.workers)
        guard case .tcp(_, let port) = try await running.listen() else { throw TestKitError("not a TCP address") }
        let stop = Flag()
        let work = Task(executorPreference: test.loop) {
            await running.work {
                while !stop.isRaised { try? await test.loop.sleep(for: .milliseconds(5)) }
            }
        }
        let client = HTTPClient(environment: environment, metrics: Metrics(), connectionsPerHost: 64)
        defer { client.close() }
        do {
            try await eventually("the service is ready") { running.readiness.isMigrated }
            try await body(InboundService(database: test.database, client: client, port: port))
        } catch {
            stop.raise()
            await work.value
            throw error
        }
        stop.raise()
        await work.value
    }

    private static func prepare(
        _ database: Database, _ channel: JSON, _ isEnabled: Bool, at now: Instant
    ) async throws {
        let key = try MasterKey(bytes: [UInt8](repeating: UInt8(ascii: "k"), count: 32))
        try await database.transaction { session in
            try await session.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(app), '000000000000', 'shop', \(now), \(now))
                """)
            try await session.execute(
                """
                INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
                VALUES (\(app), 'SMS', \(SQLBind.jsonb(channel.serialized)), true, \(now), \(now))
                """)
            let sid = "AC0123456789abcdef0123456789abcdef"
            try await ProviderStore.replace(
                app, channel: "SMS",
                with: [
                    StoredProvider(
                        id: provider, name: "main", kind: "twilio", isEnabled: isEnabled,
                        settings: ["AccountSid": .string(sid)], secrets: ["AuthToken": .string(token)]),
                    StoredProvider(id: ProviderID(high: 4, low: 5), name: "inbox", kind: "dev-inbox"),
                ], key: key, now: now, in: session)
        }
    }

    // MARK: Calls

    struct Answer: Sendable {
        let status: Int
        let text: String
    }

    /// A form, signed as Twilio does it (https://www.twilio.com/docs/usage/security): HMAC-SHA-1 of the URL and the sorted fields.
    @discardableResult
    func post(
        _ what: String, _ fields: [(String, String)], provider: ProviderID = InboundService.provider,
        signature: String? = nil
    ) async throws -> Answer {
        let target = "/inbound/\(provider)/\(what)"
        let signed =
            "\(Self.publicURL)\(target)"
            + fields.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map { $0.0 + $0.1 }.joined()
        let mac = HMACSHA1.authenticate(Array(signed.utf8), key: Array(Self.token.utf8))
        let response = try await client.send(
            ClientRequest(
                method: "POST", url: "http://127.0.0.1:\(port)\(target)",
                headers: [
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("X-Twilio-Signature", signature ?? Base64.encode(mac)),
                ], body: FormFields(fields).body))
        return Answer(status: response.status, text: String(decoding: response.body, as: UTF8.self))
    }

    func text(_ id: String, _ body: String) -> [(String, String)] {
        [("Body", body), ("From", "+15550001001"), ("MessageSid", id), ("To", "+15559990000")]
    }

    func count(_ sql: SQL) async throws -> Int64 { try await database.query(sql)[0].get(0) }
}
