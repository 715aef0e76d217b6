import Access
import Core
import Crypto
import EventLoop
import Glibc
import HTTPServer
import Hosting
import PinpointAPI
import Postgres
import Runtime
import TestKit

/// A service context over the test's database, with real keys, and requests signed by them.
final class HostedService: Sendable {
    static let key = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")
    static let account = "123456789012"
    static let serviceToken = "a-token-between-processes"

    let context: ServiceContext
    let readiness = Readiness()
    let log = LogRecorder()
    let configuration: Configuration
    private let files: [String]

    init(_ test: TestDatabase, listen: String = "127.0.0.1:0") throws {
        let keyFile = try Self.file([UInt8](repeating: 7, count: 32))
        let tokenFile = try Self.file(Array("\(Self.serviceToken)\n".utf8))
        files = [keyFile, tokenFile]
        configuration = try Configuration(environment: [
            "NEEDLETAIL_DATABASE_URL": test.url,
            "NEEDLETAIL_MASTER_KEY_FILE": keyFile,
            "NEEDLETAIL_SERVICE_TOKEN_FILE": tokenFile,
            "NEEDLETAIL_ACCOUNT_ID": Self.account,
            "NEEDLETAIL_LISTEN": listen,
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(Self.key.id):\(Self.key.secret)",
        ])
        let environment = TestEnvironment.make(log: log.logger)
        context = try ServiceContext(
            name: "test-service", configuration: configuration, environment: environment, loop: test.loop,
            metrics: Metrics())
    }

    deinit {
        for file in files { unlink(file) }
    }

    /// The pipeline over a migrated database, with the key in place.
    func pipeline(_ routes: [Route]) async throws -> RequestPipeline {
        try await AccessBootstrap.insertGiven(
            [Self.key], account: Self.account, masterKey: context.masterKey, environment: context.environment,
            in: context.database)
        readiness.markMigrated()
        return RequestPipeline(context: context, routes: routes, readiness: readiness)
    }

    func signed(_ method: String, _ target: String, body: String = "", contentType: String? = nil) -> HTTPRequest {
        signed(method, target, bytes: Array(body.utf8), contentType: contentType)
    }

    func signed(_ method: String, _ target: String, bytes: [UInt8], contentType: String? = nil) -> HTTPRequest {
        let extra = contentType.map { [(name: "Content-Type", value: $0)] } ?? []
        var headers: HTTPHeaders = ["Host": "127.0.0.1"]
        let added = SigV4.sign(
            method: method, host: "127.0.0.1", target: target, headers: extra, body: bytes, key: Self.key,
            region: "eu-west-1", at: context.environment.realNow())
        for (name, value) in extra + added { headers.append(name, value) }
        return HTTPRequest(method: method, target: target, headers: headers, body: bytes)
    }

    static func bytes(_ response: HTTPResponse) -> [UInt8] {
        if case .bytes(let bytes) = response.body { bytes } else { [] }
    }

    static func json(_ response: HTTPResponse) throws -> JSON {
        try JSON.parse(bytes(response))
    }

    private static func file(_ bytes: [UInt8]) throws -> String {
        let path = "/tmp/needletail-hosting-\(getpid())-\(Hex.lowercase(SecureRandom.bytes(8)))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        guard descriptor >= 0 else { throw Fault(.internalError, "cannot make \(path)") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Fault(.internalError, "cannot write \(path)")
        }
        return path
    }
}
