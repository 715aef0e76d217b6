import Access
import Core
import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Hosting
import Runtime
import Synchronization
import TestKit
import Testing

/// Routes of campaign-scheduler on a real socket over the test's database, and a client that signs.
struct ServiceUnderTest: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        let headers: [(name: String, value: String)]

        /// `null` for a body that is not JSON.
        var json: JSON {
            do {
                return try JSON.parse(body)
            } catch {
                return .null
            }
        }
        var text: String { String(decoding: body, as: UTF8.self) }
        var message: String { json["Message"]?.string ?? "" }

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    static let account = "123456789012"
    static let region = "eu-west-1"
    private static let key = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")

    let environment: Environment
    private let client: HTTPClient
    private let host: String

    private final class Flag: Sendable {
        private let raised = Atomic<Bool>(false)
        var isRaised: Bool { raised.load(ordering: .sequentiallyConsistent) }
        func raise() { raised.store(true, ordering: .sequentiallyConsistent) }
    }

    /// Starts the service, runs `body`, and drains it.
    static func run(
        _ routes: [Route],
        settings: [String: String] = [:],
        workers: (ServiceContext) throws -> [BackgroundWorker] = { _ in [] },
        _ body: (ServiceUnderTest) async throws -> Void
    ) async throws {
        let test = try TestDatabase.current
        let keyFile = try masterKeyFile()
        defer { unlink(keyFile) }
        var values = [
            "NEEDLETAIL_DATABASE_URL": test.url, "NEEDLETAIL_MASTER_KEY_FILE": keyFile,
            "NEEDLETAIL_ACCOUNT_ID": account,
            "NEEDLETAIL_LISTEN": "127.0.0.1:0", "NEEDLETAIL_BOOTSTRAP_KEYS": "\(key.id):\(key.secret)",
        ]
        values.merge(settings) { $1 }
        let running = try RunningService(
            "campaign-scheduler", configuration: Configuration(environment: values), environment: test.environment,
            loop: test.loop, routes: { _ in routes }, workers: workers)
        guard case .tcp(_, let port) = try await running.listen() else { throw TestKitError("not a TCP address") }
        let stop = Flag()
        let work = Task(executorPreference: test.loop) {
            await running.work {
                while !stop.isRaised { try? await test.loop.sleep(for: .milliseconds(5)) }
            }
        }
        let client = HTTPClient(environment: test.environment, metrics: Metrics())
        defer { client.close() }
        let service = ServiceUnderTest(environment: test.environment, client: client, host: "127.0.0.1:\(port)")
        do {
            try await eventually("the service is ready") { running.readiness.isMigrated }
            try await body(service)
        } catch {
            stop.raise()
            await work.value
            throw error
        }
        stop.raise()
        await work.value
    }

    func call(
        _ method: String, _ target: String, _ body: JSON? = nil, isSigned: Bool = true, headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(method, target, body?.serialized ?? [], isSigned: isSigned, headers: headers)
    }

    func send(
        _ method: String, _ target: String, _ body: [UInt8], isSigned: Bool = true, headers: [(String, String)] = []
    ) async throws -> Answer {
        var all: [(name: String, value: String)] = headers.map { (name: $0.0, value: $0.1) }
        if !body.isEmpty, !all.contains(where: { $0.name == "Content-Type" }) {
            all.append((name: "Content-Type", value: "application/json"))
        }
        if isSigned {
            all += SigV4.sign(
                method: method, host: host, target: target, headers: all, body: body, key: Self.key,
                region: Self.region,
                at: environment.realNow())
        }
        let response = try await client.send(
            ClientRequest(
                method: method, url: "http://\(host)\(target)", headers: all, body: body, isRepeatable: true,
                responseLimitBytes: 8 << 20))
        return Answer(status: response.status, body: response.body, headers: response.headers)
    }

    /// Creates an app and returns its id.
    func createApp(_ name: String = "shop") async throws -> String {
        let answer = try await call("POST", "/v1/apps", ["Name": .string(name)])
        guard answer.status == 201, let id = answer.json["Id"]?.string else {
            throw TestKitError("no app: \(answer.text)")
        }
        return id
    }

    private static func masterKeyFile() throws -> String {
        try secretFile([UInt8](repeating: 7, count: 32))
    }

    /// A new file that only we can read; the caller removes it.
    static func secretFile(_ bytes: [UInt8]) throws -> String {
        var path = Array("/tmp/needletail-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw TestKitError("no temporary file") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw TestKitError("cannot write a temporary file")
        }
        return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
