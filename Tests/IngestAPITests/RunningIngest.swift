import Access
import Core
import Crypto
import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Hosting
import Model
import Postgres
import Runtime
import TestKit
import Testing

@testable import IngestAPI

/// ingest-api on a real socket over the test's database, with one app, and a client that signs.
struct RunningIngest: Sendable {
    static let key = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")
    static let account = "123456789012"
    /// Business and real time.
    static let now = Instant(seconds: 899_251_200)

    let app = AppID(high: 0xAB, low: 0xCD)
    let test: TestDatabase
    let context: ServiceContext
    let tokens: TrackingTokens
    private let client: HTTPClient
    let host: String

    var path: String { "/v1/apps/\(app)" }

    /// Starts the service, runs the body, drains.
    static func run(_ body: (RunningIngest) async throws -> Void) async throws {
        let test = try TestDatabase.current
        let keyFile = "/tmp/needletail-ingest-\(getpid())-\(Hex.lowercase(SecureRandom.bytes(8)))"
        try write([UInt8](repeating: 7, count: 32), to: keyFile)
        defer { unlink(keyFile) }
        let configuration = try Configuration(environment: [
            "NEEDLETAIL_DATABASE_URL": test.url,
            "NEEDLETAIL_MASTER_KEY_FILE": keyFile,
            "NEEDLETAIL_ACCOUNT_ID": account,
            "NEEDLETAIL_LISTEN": "127.0.0.1:0",
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(key.id):\(key.secret)",
        ])
        let process = IngestProcess()
        let service = try RunningService(
            "ingest-api", configuration: configuration, environment: TestEnvironment.make(now: now), loop: test.loop,
            routes: process.routes, workers: process.workers)
        let address = try await service.listen()
        let stop = Wakeup()
        async let work: Void = service.work { await stop.wait(for: .seconds(300), on: test.loop) }
        do {
            try await eventually { service.readiness.isMigrated }
            let running = RunningIngest(test, service.context, address)
            try await running.createApp()
            try await body(running)
        } catch {
            stop.end()
            await work
            throw error
        }
        stop.end()
        await work
    }

    private init(_ test: TestDatabase, _ context: ServiceContext, _ address: ListenAddress) {
        self.test = test
        self.context = context
        tokens = TrackingTokens(masterKey: context.masterKey)
        client = HTTPClient(environment: context.environment, metrics: Metrics(), connectionsPerHost: 64)
        host = address.description
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        guard descriptor >= 0 else { throw Fault(.internalError, "cannot make \(path)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Fault(.internalError, "cannot write")
        }
    }

    private func createApp() async throws {
        try await test.database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), \(Self.account), 'test', \(Self.now), \(Self.now))
            """)
    }

    // MARK: Requests

    struct Answer {
        let status: Int
        let body: [UInt8]
        let response: ClientResponse

        var json: JSON { (try? JSON.parse(body)) ?? .null }
        var message: String? { json["Message"]?.string }

        func header(_ name: String) -> String? {
            response.headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Without a signature, as a page sends it.
    func plain(
        _ method: String, _ target: String, _ body: [UInt8], _ headers: [(name: String, value: String)]
    ) async throws -> Answer {
        let response = try await client.send(
            ClientRequest(
                method: method, url: "http://\(host)\(target)", headers: headers, body: body,
                responseLimitBytes: 8 << 20))
        return Answer(status: response.status, body: response.body, response: response)
    }

    func send(
        _ method: String, _ target: String, _ body: [UInt8], isSigned: Bool = true,
        headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        var headers = headers
        if !body.isEmpty { headers.append((name: "Content-Type", value: "application/json")) }
        if isSigned {
            headers += SigV4.sign(
                method: method, host: host, target: target, headers: headers, body: body, key: Self.key,
                region: "eu-west-1", at: context.environment.realNow())
        }
        return try await plain(method, target, body, headers)
    }

    func send(_ method: String, _ target: String, _ json: JSON? = nil, isSigned: Bool = true) async throws -> Answer {
        try await send(method, target, json?.serialized ?? [], isSigned: isSigned)
    }

    @discardableResult
    func update(_ id: String, _ json: JSON) async throws -> Answer {
        try await send("PUT", "\(path)/endpoints/\(id)", json)
    }

    func endpoint(_ id: String) async throws -> JSON {
        try await send("GET", "\(path)/endpoints/\(id)").json
    }

    func putEvents(_ batch: JSON) async throws -> Answer {
        try await send("POST", "\(path)/events", ["BatchItem": batch])
    }

    /// An event of the given age, with nothing that is not needed.
    static func event(_ type: String = "purchase", at: Instant = now, _ more: JSONObject = JSONObject()) -> JSON {
        var event: JSONObject = ["EventType": .string(type), "Timestamp": .string(at.description)]
        for member in more.members { event[member.key] = member.value }
        return .object(event)
    }

    // MARK: What is stored

    func count(_ sql: SQL) async throws -> Int {
        try await test.database.query(sql)[0].get(0)
    }

    /// The sum of a delta's member over the change log.
    func logged(_ type: String, source: String = "app", member: String = "n") async throws -> Int {
        try await count(
            """
            SELECT coalesce(sum((d->>\(member))::bigint), 0)
              FROM change_log, jsonb_array_elements(deltas) d
             WHERE d->>'type' = \(type) AND d->>'source' = \(source)
            """)
    }
}
