import Access
import Core
import Crypto
import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime
import Segments
import TestKit
import Testing

@testable import IngestAPI
@testable import SegmentService

/// ingest-api and segment-service on real sockets over the test's database, with one app, and a client that signs.
struct RunningAudience: Sendable {
    static let key = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")
    static let account = "123456789012"
    /// Business and real time.
    static let now = Instant(seconds: 899_251_200)

    let app = AppID(high: 0xA0D, low: 0x1E7CE)
    let test: TestDatabase
    let estimates: Estimates
    let context: ServiceContext
    let tokens: TrackingTokens
    let log: LogRecorder
    private let client: HTTPClient
    private let ingestHost: String
    private let segmentHost: String

    var path: String { "/v1/apps/\(app)" }

    /// Starts both, runs the body, drains.
    static func run(settings: [String: String] = [:], _ body: (RunningAudience) async throws -> Void) async throws {
        let test = try TestDatabase.current
        let keyFile = try MasterKeyFile()
        var values = [
            "NEEDLETAIL_DATABASE_URL": test.url, "NEEDLETAIL_MASTER_KEY_FILE": keyFile.path,
            "NEEDLETAIL_ACCOUNT_ID": account, "NEEDLETAIL_LISTEN": "127.0.0.1:0",
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(key.id):\(key.secret)",
        ]
        values.merge(settings) { $1 }
        let configuration = try Configuration(environment: values)
        let log = LogRecorder()
        let environment = TestEnvironment.make(now: now, log: log.logger)
        let (ingestProcess, segmentProcess) = (IngestProcess(), SegmentProcess())
        let ingest = try RunningService(
            "ingest-api", configuration: configuration, environment: environment, loop: test.loop,
            routes: ingestProcess.routes, workers: ingestProcess.workers)
        let segments = try RunningService(
            "segment-service", configuration: configuration, environment: environment, loop: test.loop,
            routes: segmentProcess.routes, workers: segmentProcess.workers)
        let addresses = (try await ingest.listen(), try await segments.listen())
        let stop = Wakeup()
        let stopToo = Wakeup()
        async let first: Void = ingest.work { await stop.wait(for: .seconds(600), on: test.loop) }
        async let second: Void = segments.work { await stopToo.wait(for: .seconds(600), on: test.loop) }
        defer { withExtendedLifetime(keyFile) {} }
        do {
            try await eventually { ingest.readiness.isMigrated && segments.readiness.isMigrated }
            let audience = RunningAudience(
                test: test, estimates: try #require(segmentProcess.estimates), context: segments.context,
                tokens: TrackingTokens(masterKey: ingest.context.masterKey), log: log,
                client: HTTPClient(environment: environment, metrics: Metrics(), connectionsPerHost: 64),
                ingestHost: addresses.0.description, segmentHost: addresses.1.description)
            try await audience.createApp()
            try await body(audience)
            stop.end()
            stopToo.end()
        } catch {
            stop.end()
            stopToo.end()
            throw error
        }
        _ = await (first, second)
    }

    private func createApp() async throws {
        try await test.database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), \(Self.account), 'test', \(Self.now), \(Self.now))
            """)
    }

    /// Deleted people's events go by jobs.
    func waitForErasures() async throws {
        try await eventually("erasures end") { try await !Erasure.isPending(of: app, in: test.database) }
    }

    // MARK: Requests

    struct Answer {
        let status: Int
        let json: JSON
    }

    enum Service { case ingest, segments }

    @discardableResult
    func send(
        _ method: String, _ target: String, _ json: JSON? = nil, to service: Service = .ingest
    ) async throws -> Answer {
        let body = json?.serialized ?? []
        let host = service == .ingest ? ingestHost : segmentHost
        var headers: [(name: String, value: String)] =
            body.isEmpty ? [] : [(name: "Content-Type", value: "application/json")]
        headers += SigV4.sign(
            method: method, host: host, target: target, headers: headers, body: body, key: Self.key,
            region: "eu-west-1", at: Self.now)
        let response = try await client.send(
            ClientRequest(
                method: method, url: "http://\(host)\(target)", headers: headers, body: body,
                responseLimitBytes: 8 << 20))
        return Answer(status: response.status, json: (try? JSON.parse(response.body)) ?? .null)
    }

    /// Asks for estimates until the index answers.
    func waitForIndex() async throws {
        try await eventually("the index is loaded") { try await self.source(.everyone) == .index }
    }

    func source(_ expression: SegmentExpression) async throws -> IndexMetrics.Source {
        try await estimates.estimate(ResolvedSegment(expression: expression), app: app, now: Self.now).source
    }

    /// What the tables say.
    func counted(_ expression: SegmentExpression) async throws -> SegmentEstimate {
        try await test.database.withSession { session in
            try await SegmentEstimator.estimate(
                ResolvedSegment(expression: expression), app: app, now: Self.now, in: session)
        }
    }

    /// Compares an answer with the tables while nothing changes; false when SQL gave it.
    func agrees(_ expression: SegmentExpression, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Bool
    {
        let (estimate, source) = try await estimates.estimate(
            ResolvedSegment(expression: expression), app: app, now: Self.now)
        guard source == .index else { return false }
        let truth = try await counted(expression)
        let isSame =
            estimate.total == truth.total && estimate.byChannel == truth.byChannel && estimate.sample == truth.sample
            && estimate.sql == truth.sql
        #expect(
            isSame,
            """
            \(expression): index \(estimate.total) \(estimate.byChannel), SQL \(truth.total) \(truth.byChannel), \
            samples \(estimate.sample.compactMap { $0["Id"]?.string }) and \(truth.sample.compactMap { $0["Id"]?.string })
            """,
            sourceLocation: sourceLocation)
        return true
    }
}

/// A file of 32 bytes that only we can read, gone with its owner.
final class MasterKeyFile: Sendable {
    let path: String

    init() throws {
        path = "/tmp/needletail-audience-\(getpid())-\(Hex.lowercase(SecureRandom.bytes(8)))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        guard descriptor >= 0 else { throw TestKitError("cannot make \(path)") }
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 7, count: 32)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TestKitError("cannot write") }
    }

    deinit { unlink(path) }
}
