import EventLoop
import Glibc
import TestKit
import Testing

/// The product as it runs: the built processes that a scenario asks for on the test's own database, nginx in front, an SMTP server behind.
///
/// Everything it starts is stopped by its own process id, and every service has to end its drain with 0.
final class RunningSuite: Sendable {
    enum Service: String, CaseIterable {
        case ingest = "ingest-api"
        case segments = "segment-service"
        case scheduler = "campaign-scheduler"
        case email = "delivery-email"
        case sms = "delivery-sms"
        case push = "delivery-push"
        case voice = "delivery-voice"
        case custom = "delivery-custom"
        case inbound = "inbound-reply"
        case aggregator = "analytics-aggregator"

        /// What an e-mail campaign needs.
        static let ofEmail: Set<Service> = [.ingest, .segments, .scheduler, .email, .aggregator]

        var setting: String { "NEEDLETAIL_\(rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined())_URL" }
    }

    static let account = "123456789012"
    static let key = (id: "NTKSCENARIO234567ABC", secret: "wJalrXUtnFEMIsK7MDENGsbPxRfiCYSCENARIO")

    let folder: SuiteFolder
    let sink: SMTPPeer
    let url: String
    private let gateway: SuiteGateway
    private let environment: [String: String]
    private let services: Lock<[Service: ChildProcess]>

    /// Runs `body` on a suite that answers, and takes the suite down after it, whatever happened.
    static func with(
        sink flags: [String] = ["--pipelining"],
        settings: [String: String] = [:],
        services: Set<Service> = Service.ofEmail,
        _ body: (RunningSuite) async throws -> Void
    ) async throws {
        let suite = try await RunningSuite(
            sink: SMTPPeer.start(flags), settings: settings, database: TestDatabase.current.url)
        do {
            let started = Service.allCases.filter(services.contains)
            for service in started { try suite.start(service) }
            try await suite.gateway.process.waitForPort(suite.gateway.port)
            for service in started { try await suite.waitUntilReady(service) }
            try await body(suite)
        } catch {
            suite.describeTrouble()
            await suite.stop(isExpectedToDrain: false)
            throw error
        }
        await suite.stop(isExpectedToDrain: true)
    }

    private init(sink: SMTPPeer, settings: [String: String], database: String) throws {
        folder = try SuiteFolder()
        self.sink = sink
        try folder.makeFolder("run")
        try folder.write("master.key", "0123456789abcdef0123456789ABCDEF")
        try folder.write("service.token", "token-between-processes-of-a-scenario\n")
        let port = try FreePort.next()
        url = "http://127.0.0.1:\(port)"
        var environment = [
            "PATH": Self.path,
            "NEEDLETAIL_DATABASE_URL": database,
            "NEEDLETAIL_MASTER_KEY_FILE": "\(folder.path)/master.key",
            "NEEDLETAIL_SERVICE_TOKEN_FILE": "\(folder.path)/service.token",
            "NEEDLETAIL_BOOTSTRAP_KEYS": "\(Self.key.id):\(Self.key.secret)",
            "NEEDLETAIL_ACCOUNT_ID": Self.account,
            "NEEDLETAIL_PUBLIC_URL": url,
            "NEEDLETAIL_SMTP_URL": "smtp://127.0.0.1:\(sink.port)/scenario.test?tls=never",
        ]
        for service in Service.allCases {
            environment[service.setting] = "unix://\(folder.path)/run/\(service.rawValue).sock"
        }
        self.environment = environment.merging(settings) { $1 }
        services = Lock([:])
        gateway = try SuiteGateway(folder, port: port)
    }

    private static var path: String { getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin" }

    // MARK: Services

    func process(_ service: Service) throws -> ChildProcess {
        guard let process = services.withLock({ $0[service] }) else {
            throw TestKitError("\(service.rawValue) does not run")
        }
        return process
    }

    func start(_ service: Service, settings: [String: String] = [:]) throws {
        var environment = environment.merging(settings) { $1 }
        environment["NEEDLETAIL_LISTEN"] = "unix:\(folder.path)/run/\(service.rawValue).sock"
        let process = try ChildProcess(BuildPaths.product(service.rawValue), environment: environment)
        services.withLock { $0[service] = process }
    }

    func waitUntilReady(_ service: Service) async throws {
        try await process(service).waitForLine("process.ready", within: .seconds(60))
    }

    /// SIGTERM, the end of the drain, and a successor: what an update does to a process.
    func restart(_ service: Service) async throws {
        let process = try process(service)
        process.terminate()
        let status = try await process.waitForExit(within: .seconds(40))
        #expect(status == 0, "\(service.rawValue) must end its drain with 0")
        try start(service)
        try await waitUntilReady(service)
    }

    /// SIGKILL and a successor: what a crash and the supervisor do.
    func crash(_ service: Service) async throws {
        let process = try process(service)
        process.kill()
        try await process.waitForExit()
        try start(service)
        try await waitUntilReady(service)
    }

    private func stop(isExpectedToDrain: Bool) async {
        let running = services.withLock { services in
            Service.allCases.compactMap { name in services[name].map { (name, $0) } }
        }
        gateway.process.terminate()
        for (_, process) in running { process.terminate() }
        for (service, process) in running {
            let status = try? await process.waitForExit(within: .seconds(40))
            if isExpectedToDrain {
                #expect(status == 0, "\(service.rawValue) must end its drain with 0; last: \(process.output.suffix(5))")
            }
        }
        _ = try? await gateway.process.waitForExit(within: .seconds(20))
    }

    /// What the processes complained about, for the person who reads the failure.
    private func describeTrouble() {
        for service in Service.allCases {
            guard let process = try? process(service) else { continue }
            let complaints = process.output.filter { line in
                // The test cluster's own setting.
                ["\"error\"", "\"warning\"", "Fatal"].contains { line.contains($0) }
                    && !line.contains("synchronous_commit_off")
            }
            if !complaints.isEmpty {
                Issue.record("\(service.rawValue) said:\n\(complaints.suffix(10).joined(separator: "\n"))")
            }
        }
    }

    /// Runs `needletail` with the suite's settings to its end. `output` is what it said to people, without its log.
    func command(_ arguments: [String]) async throws -> (status: Int32, output: [String]) {
        let process = try ChildProcess(BuildPaths.product("needletail"), arguments, environment: environment)
        let status = try await process.waitForExit(within: .seconds(60))
        return (status, process.output.filter { !$0.hasPrefix("{") })
    }

    func command(_ arguments: String...) async throws -> (status: Int32, output: [String]) {
        try await command(arguments)
    }

    // MARK: Peers

    /// What a Pinpoint client has in its environment.
    var clientEnvironment: [String: String] {
        [
            "PATH": Self.path, "HOME": folder.path, "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_ENDPOINT_URL_PINPOINT": url, "AWS_ACCESS_KEY_ID": Self.key.id,
            "AWS_SECRET_ACCESS_KEY": Self.key.secret,
            "AWS_DEFAULT_REGION": "eu-north-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
        ]
    }

    /// Starts one of `Tests/peers`.
    func startDriver(_ name: String, _ arguments: [String] = []) throws -> ChildProcess {
        try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/\(name)"] + arguments, environment: clientEnvironment)
    }

    /// Runs one of `Tests/peers` to its end; each of its failed checks is an issue of the test. Returns what it wrote.
    @discardableResult
    func drive(_ name: String, _ arguments: [String] = [], within limit: Duration = .seconds(180)) async throws
        -> [String]
    {
        let driver = try startDriver(name, arguments)
        let status = try await driver.waitForExit(within: limit)
        report(driver, name, status)
        return driver.output
    }

    func report(_ driver: ChildProcess, _ name: String, _ status: Int32) {
        let failed = driver.output.filter { $0.hasPrefix("FAILED") }
        for line in failed.prefix(20) { Issue.record("\(name): \(line)") }
        if status != 0, failed.isEmpty {
            Issue.record("\(name) ended with \(status):\n\(driver.output.suffix(20).joined(separator: "\n"))")
        }
    }
}

extension [String] {
    /// The rest of the lines that begin with `word`.
    func values(after word: String) -> [String] {
        filter { $0.hasPrefix("\(word) ") }.map { String($0.dropFirst(word.count + 1)) }
    }
}
