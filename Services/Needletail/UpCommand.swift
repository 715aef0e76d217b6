import Core
import EventLoop
import Glibc
import Runtime

/// `needletail up`: one command from nothing to a suite that answers. Safe to repeat: what is there stays.
enum UpCommand {
    static let command = Command("up", "start the suite under .needletail/ (NEEDLETAIL_HOME moves it)") {
        _,
        configuration in
        try start(configuration, environment: ProcessEnvironment.all())
        return 0
    }

    private static let readyWithinSeconds = 30

    /// Also for `demo`, which gives a clock in `environment`. Returns when every process is ready.
    @discardableResult
    static func start(_ configuration: Configuration, environment: [String: String]) throws -> SuiteHome {
        let home = try SuiteHome(configuration.home)
        if let supervisor = RecordedProcess(file: home.pidFile(of: "supervisor")) {
            let plan = try SuitePlan(home: home, configuration: configuration, environment: environment)
            guard isOutdated(supervisor, plan) else {
                try refuseOtherClock(home, configuration)
                Console.say("already running under \(home.path)")
                try waitUntilReady(plan, supervisor: supervisor.pid)
                SuiteEnvironmentFile.describe(plan, configuration)
                return home
            }
            Console.say("the build is newer than what runs: restarting")
            try DownCommand.stop(home)
        } else {
            // What a supervisor that was killed left behind.
            try DownCommand.stop(home)
        }
        try prepare(home, configuration)
        let plan = try SuitePlan(home: home, configuration: configuration, environment: environment)
        for name in plan.missing { Console.complain("\(name) is not built: run make build") }
        guard plan.missing.isEmpty else { throw Fault(.configuration, "the suite is not complete") }
        let supervisor = try spawnSupervisor(home, environment)
        try waitUntilReady([plan.database], home: home, supervisor: supervisor, seconds: 60)
        try SuiteEnvironmentFile.write(plan, configuration)
        try waitUntilReady(plan, supervisor: supervisor)
        SuiteEnvironmentFile.describe(plan, configuration)
        return home
    }

    private static func isOutdated(_ supervisor: RecordedProcess, _ plan: SuitePlan) -> Bool {
        let services = plan.services.compactMap { RecordedProcess(file: plan.home.pidFile(of: $0.name)) }
        return supervisor.isOutdated || services.contains { $0.isOutdated }
    }

    /// Everything that can be wrong is found here, before the first process starts.
    private static func prepare(_ home: SuiteHome, _ configuration: Configuration) throws {
        guard LocalConnection.freePort(configuration.port) != nil else {
            throw Fault(
                .conflict,
                "port \(configuration.port) of 127.0.0.1 is taken by another program; set NEEDLETAIL_PORT to a free one"
            )
        }
        try refuseOtherClock(home, configuration)
        try home.create()
        let environment = SystemEnvironment.make(configuration: configuration)
        if !Files.exists(home.masterKeyFile) { try Files.write(environment.random(32), to: home.masterKeyFile) }
        if !Files.exists(home.serviceTokenFile) {
            try Files.write(Hex.lowercase(environment.random(32)) + "\n", to: home.serviceTokenFile)
        }
        if !Files.exists(home.clockFile) {
            try Files.write((configuration[Settings.clock] ?? "") + "\n", to: home.clockFile)
        }
        if SuitePlan.catchesMail(configuration) { try chooseSMTPPort(home) }
        let isFirst = !Files.exists(home.dataFolder + "/needletail.made")
        if isFirst { Console.say("creating a Postgres cluster in \(home.dataFolder)") }
        try EmbeddedPostgres(home: home).prepare()
        try Gateway(home: home, port: configuration.port).prepare()
    }

    /// Business time is in every row: a second clock over the same data would make nonsense of it.
    private static func refuseOtherClock(_ home: SuiteHome, _ configuration: Configuration) throws {
        guard let given = configuration[Settings.clock], let kept = Files.read(home.clockFile) else { return }
        let clock = kept.filter { !$0.isWhitespace }
        guard clock != given else { return }
        throw Fault(
            .conflict,
            "the clock of \(home.path) was fixed at its first start (\(clock.isEmpty ? "real time" : clock)); "
                + "leave NEEDLETAIL_CLOCK unset or choose another NEEDLETAIL_HOME"
        )
    }

    /// The port of the last start when it is still free, else any free one.
    private static func chooseSMTPPort(_ home: SuiteHome) throws {
        let last = Files.firstLine(home.smtpPortFile).flatMap { Int($0) }.flatMap { LocalConnection.freePort($0) }
        guard let port = last ?? LocalConnection.freePort(0) else {
            throw Fault(.configuration, "there is no free port for the dev inbox")
        }
        try Files.write("\(port)\n", to: home.smtpPortFile)
    }

    private static func spawnSupervisor(_ home: SuiteHome, _ environment: [String: String]) throws -> pid_t {
        var environment = environment
        environment[Settings.home.name] = home.path
        return try ChildProcess.start(
            ChildProcess.Launch(
                arguments: [Repository.executableFolder() + "/needletail", "supervise"],
                environment: environment,
                logFile: home.log(of: "supervisor"),
                isSession: true
            )
        )
    }

    // MARK: Waiting

    private static func waitUntilReady(_ plan: SuitePlan, supervisor: pid_t) throws {
        try waitUntilReady(
            [plan.database] + plan.servers,
            home: plan.home,
            supervisor: supervisor,
            seconds: readyWithinSeconds
        )
    }

    /// Says who keeps us waiting after 2 s, and why (the end of its log) when it stays so.
    private static func waitUntilReady(
        _ members: [SuitePlan.Member],
        home: SuiteHome,
        supervisor: pid_t,
        seconds: Int
    ) throws {
        let started = SystemEnvironment.realNow()
        var waiting = members
        var hasTold = false
        while true {
            waiting.removeAll { $0.readiness.isReady() }
            let elapsed = SystemEnvironment.realNow() - started
            if waiting.isEmpty { return }
            let names = waiting.map(\.name).joined(separator: ", ")
            if elapsed > .seconds(2), !hasTold {
                Console.say("waiting for \(names)")
                hasTold = true
            }
            var status: Int32 = 0
            guard waitpid(supervisor, &status, WNOHANG) != supervisor else {
                throw Fault(.unavailable, "the supervisor ended:\n\(Files.tail(home.log(of: "supervisor"), lines: 5))")
            }
            guard elapsed < .seconds(seconds) else {
                for member in waiting {
                    Console.complain(
                        "end of \(home.log(of: member.name)):\n\(Files.tail(home.log(of: member.name), lines: 10))"
                    )
                }
                throw Fault(.timeout, "not ready after \(seconds) s: \(names) (make down stops the rest)")
            }
            usleep(25_000)
        }
    }
}
