import Core
import Glibc
import Runtime

/// The process that `up` leaves behind: parent of every other, it restarts what ends without being asked to, after 50 ms at
/// first and at most 5 s. It sleeps in the kernel until a child ends or somebody stops it; there is no polling.
///
/// SIGTERM stops the suite in order: gateway, services (they drain), dev inbox, Postgres.
struct Supervisor {
    static let command = Command("supervise", "keeps a suite running (started by up)", isInternal: true) {
        _,
        configuration in try run(configuration)
    }

    private struct Child {
        let member: SuitePlan.Member
        var pid: pid_t?
        var failures = 0
        var startedAt: Instant
        var restartAt: Instant?
    }

    /// A process that lived that long starts over with the shortest pause.
    private static let provenAfter: Duration = .seconds(10)
    private static let backoff = Backoff(base: .milliseconds(50), cap: .seconds(5))
    /// Services drain within 25 s.
    private static let stopDeadline: Duration = .seconds(35)

    /// What `waitpid` says of a process that exited with EX_CONFIG (78): it refused its settings.
    private static let configurationStatus: Int32 = 78 << 8

    private let home: SuiteHome
    private let environment: Environment
    private var children: [Child] = []
    private var signals = sigset_t()

    private static func run(_ configuration: Configuration) throws -> Int32 {
        let home = try SuiteHome(configuration.home)
        guard Self.lock(home.supervisorLock) else {
            throw Fault(.conflict, "another supervisor already runs \(home.path)")
        }
        // Under root, nginx's workers open the services' sockets as members of the folder's group.
        umask(home.gatewayUser == nil ? 0o077 : 0o007)
        let environment = SystemEnvironment.make(configuration: configuration, process: "supervisor")
        let plan = try SuitePlan(home: home, configuration: configuration, environment: ProcessEnvironment.all())
        try RecordedProcess(pid: getpid())?.record(in: home.pidFile(of: "supervisor"))
        var supervisor = Supervisor(home: home, environment: environment)
        supervisor.keepRunning(plan)
        unlink(home.pidFile(of: "supervisor"))
        return 0
    }

    /// Held as long as the process lives, however it ends.
    private static func lock(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        return descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    private init(home: SuiteHome, environment: Environment) {
        self.home = home
        self.environment = environment
        sigemptyset(&signals)
        for number in [SIGCHLD, SIGTERM, SIGINT] { sigaddset(&signals, number) }
        sigprocmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    private mutating func keepRunning(_ plan: SuitePlan) {
        start(plan.database)
        // The services would only start, fail and pause; a moment's wait brings the whole suite up sooner.
        let deadline = environment.realNow() + .seconds(60)
        while !plan.database.readiness.isReady(), environment.realNow() < deadline {
            if wait(atMost: .milliseconds(20)) { return stopAll() }
        }
        for member in plan.servers { start(member) }
        while true {
            let next = children.compactMap(\.restartAt).min()
            if wait(atMost: next.map { max(.zero, $0 - environment.realNow()) }) { return stopAll() }
            let now = environment.realNow()
            for index in children.indices {
                if let due = children[index].restartAt, due <= now { launch(index) }
            }
        }
    }

    /// Waits for a signal, takes note of children that ended; true when asked to stop.
    private mutating func wait(atMost limit: Duration?) -> Bool {
        var number: Int32 = -1
        if let limit {
            let microseconds = max(0, limit.microseconds)
            var time = timespec(tv_sec: Int(microseconds / 1_000_000), tv_nsec: Int(microseconds % 1_000_000) * 1000)
            number = sigtimedwait(&signals, nil, &time)
        } else {
            number = sigwaitinfo(&signals, nil)
        }
        reap()
        return number == SIGTERM || number == SIGINT
    }

    private mutating func start(_ member: SuitePlan.Member) {
        children.append(Child(member: member, startedAt: environment.realNow()))
        launch(children.count - 1)
    }

    private mutating func launch(_ index: Int) {
        let member = children[index].member
        children[index].restartAt = nil
        children[index].startedAt = environment.realNow()
        do {
            if case .http(let socket, _) = member.readiness { unlink(socket) }
            let pid = try ChildProcess.start(member.launch)
            children[index].pid = pid
            try RecordedProcess(pid: pid)?.record(in: home.pidFile(of: member.name))
            environment.log.info("supervisor.started", ["name": .string(member.name), "pid": .integer(Int64(pid))])
        } catch {
            environment.log.error("supervisor.start_failed", error, ["name": .string(member.name)])
            if children[index].pid == nil { scheduleRestart(index) }
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            guard let index = children.firstIndex(where: { $0.pid == pid }) else { continue }
            children[index].pid = nil
            unlink(home.pidFile(of: children[index].member.name))
            environment.log.warning(
                "supervisor.ended",
                [
                    "name": .string(children[index].member.name), "pid": .integer(Int64(pid)),
                    "status": .integer(Int64(status)),
                ]
            )
            scheduleRestart(index, isRefusal: status == Self.configurationStatus)
        }
    }

    /// A refusal comes again until somebody changes a setting: there is no hurry.
    private mutating func scheduleRestart(_ index: Int, isRefusal: Bool = false) {
        let now = environment.realNow()
        if now - children[index].startedAt >= Self.provenAfter { children[index].failures = 0 }
        guard !isRefusal else {
            children[index].restartAt = now + Self.backoff.cap
            return
        }
        let pause = Self.backoff.delay(attempt: children[index].failures, random: environment.randomWord())
        children[index].failures += 1
        children[index].restartAt = now + max(Self.backoff.base, pause)
    }

    private mutating func stopAll() {
        environment.log.info("supervisor.stopping")
        stop { $0 == "nginx" }
        stop { !["nginx", "dev-inbox", "postgres"].contains($0) }
        stop { $0 == "dev-inbox" }
        stop { $0 == "postgres" }
        environment.log.info("supervisor.stopped")
    }

    /// Asks all of the group, waits for all, and ends by force what is still there at the deadline. (Not Postgres: it is given
    /// the time it needs, since a forced end means a recovery at the next start.)
    private mutating func stop(_ isInGroup: (String) -> Bool) {
        let group = children.indices.filter { isInGroup(children[$0].member.name) }
        for index in group {
            if let pid = children[index].pid { kill(pid, children[index].member.stopSignal) }
        }
        let deadline = environment.realNow() + Self.stopDeadline
        var isForced = false
        while group.contains(where: { children[$0].pid != nil }) {
            _ = wait(atMost: .milliseconds(200))
            guard !isForced, environment.realNow() > deadline else { continue }
            isForced = true
            for index in group where children[index].member.name != "postgres" {
                guard let pid = children[index].pid else { continue }
                environment.log.error("supervisor.killed", ["name": .string(children[index].member.name)])
                kill(pid, SIGKILL)
            }
        }
        for index in group { children[index].restartAt = nil }
    }
}
