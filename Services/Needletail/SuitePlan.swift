import Core
import Glibc
import Runtime

/// What runs in a suite, derived from its home and the settings: the same in `up`, which prepares and waits, and in the
/// supervisor, which starts and restarts.
struct SuitePlan: Sendable {
    struct Member: Sendable {
        let name: String
        let launch: ChildProcess.Launch
        let readiness: Readiness
        /// nginx: SIGQUIT lets requests finish; Postgres: SIGINT is the fast shutdown.
        var stopSignal = SIGTERM
    }

    enum Readiness: Sendable {
        case postgres(EmbeddedPostgres)
        case http(socket: String, path: String)
        case httpPort(Int, path: String)
        case smtp(port: Int)
    }

    let home: SuiteHome
    let port: Int
    let database: Member
    let services: [Member]
    let devInbox: Member?
    let gateway: Member
    /// Services that are not beside this program.
    let missing: [String]

    var url: String { "http://127.0.0.1:\(port)" }
    /// All that need the database first.
    var servers: [Member] { services + (devInbox.map { [$0] } ?? []) + [gateway] }

    static var serviceNames: [String] { serviceSettings.map(\.name) }

    private static let serviceSettings: [(name: String, setting: Setting)] = [
        ("ingest-api", Settings.ingestURL),
        ("segment-service", Settings.segmentURL),
        ("campaign-scheduler", Settings.schedulerURL),
        ("delivery-email", Settings.deliveryEmailURL),
        ("delivery-sms", Settings.deliverySMSURL),
        ("delivery-push", Settings.deliveryPushURL),
        ("delivery-voice", Settings.deliveryVoiceURL),
        ("delivery-custom", Settings.deliveryCustomURL),
        ("inbound-reply", Settings.inboundURL),
        ("analytics-aggregator", Settings.aggregatorURL),
    ]

    /// Settings that are the suite's own business: what the caller's environment says about them (a sourced `env` file of this
    /// or of another suite) does not count.
    private static let ownSettings: [Setting] =
        [
            Settings.databaseURL, Settings.listen, Settings.masterKeyFile, Settings.serviceTokenFile, Settings.clock,
            Settings.devInbox, Settings.devInboxURL, Settings.home, Settings.port, Settings.url, Settings.apiKey,
            Settings.testDatabaseURL,
        ] + serviceSettings.map(\.setting)

    /// Whether `/dev/inbox` answers. Under `up` it does, unless e-mail goes to a server of one's own: what real people get is
    /// not to be read without a signature. `NEEDLETAIL_DEV_INBOX` says otherwise, either way.
    static func hasDevInbox(_ configuration: Configuration) -> Bool {
        configuration.isGiven(Settings.devInbox)
            ? configuration.isDevInboxOn : !configuration.isGiven(Settings.smtpURL)
    }

    /// Whether the listener runs, and e-mail goes to it.
    static func catchesMail(_ configuration: Configuration) -> Bool {
        hasDevInbox(configuration) && !configuration.isGiven(Settings.smtpURL)
    }

    init(home: SuiteHome, configuration: Configuration, environment: [String: String]) throws {
        let port = configuration.port
        let smtpPort = Files.firstLine(home.smtpPortFile).flatMap { Int($0) }
        let catchesMail = Self.catchesMail(configuration)
        var shared = environment.filter { name, _ in !Self.ownSettings.contains { $0.name == name } }
        shared[Settings.databaseURL.name] = home.databaseURL
        shared[Settings.masterKeyFile.name] = home.masterKeyFile
        shared[Settings.serviceTokenFile.name] = home.serviceTokenFile
        shared[Settings.clock.name] = Files.firstLine(home.clockFile)
        shared[Settings.devInbox.name] = Self.hasDevInbox(configuration) ? "1" : "0"
        if !configuration.isGiven(Settings.publicURL) { shared[Settings.publicURL.name] = "http://127.0.0.1:\(port)" }
        if catchesMail, let smtpPort { shared[Settings.smtpURL.name] = "smtp://127.0.0.1:\(smtpPort)" }
        for (name, setting) in Self.serviceSettings { shared[setting.name] = "unix://\(home.socket(of: name))" }

        self.home = home
        self.port = port
        let postgres = try EmbeddedPostgres(home: home)
        database = Member(
            name: "postgres",
            launch: postgres.launch,
            readiness: .postgres(postgres),
            stopSignal: SIGINT
        )
        let folder = Repository.executableFolder()
        missing = Self.serviceSettings.map(\.name).filter { !Files.exists("\(folder)/\($0)") }
        var services: [Member] = []
        for (name, _) in Self.serviceSettings where !missing.contains(name) {
            services.append(Self.service(name, in: folder, home: home, environment: shared))
        }
        self.services = services
        devInbox = try catchesMail ? smtpPort.map { try Self.devInbox(port: $0, home: home) } : nil
        gateway = Member(
            name: "nginx",
            launch: try Gateway(home: home, port: port).launch(),
            readiness: .httpPort(port, path: "/healthz"),
            stopSignal: SIGQUIT
        )
    }

    private static func service(
        _ name: String,
        in folder: String,
        home: SuiteHome,
        environment: [String: String]
    ) -> Member {
        var environment = environment
        environment[Settings.listen.name] = "unix:\(home.socket(of: name))"
        return Member(
            name: name,
            launch: ChildProcess.Launch(
                arguments: ["\(folder)/\(name)"],
                environment: environment,
                logFile: home.log(of: name)
            ),
            readiness: .http(socket: home.socket(of: name), path: "/readyz")
        )
    }

    /// Debian's own Python, which has Debian's aiosmtpd and asyncpg; `-I` keeps the caller's Python settings out.
    private static func devInbox(port: Int, home: SuiteHome) throws -> Member {
        let script = try Repository.operationsFolder() + "/dev-inbox/listener.py"
        return Member(
            name: "dev-inbox",
            launch: ChildProcess.Launch(
                arguments: ["/usr/bin/python3", "-I", script, "--listen", "127.0.0.1:\(port)"],
                environment: ["PATH": "/usr/bin:/bin", Settings.databaseURL.name: home.databaseURL],
                logFile: home.log(of: "dev-inbox")
            ),
            readiness: .smtp(port: port)
        )
    }
}
