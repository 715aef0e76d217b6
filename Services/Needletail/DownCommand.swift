import Core
import Glibc
import Runtime

/// `needletail down`: stops everything of this home and nothing else, and makes sure that nothing is left.
enum DownCommand {
    static let command = Command("down", "stop the suite; its data stays") { _, configuration in
        let home = try SuiteHome(configuration.home)
        Console.say(try stop(home) ? "stopped" : "nothing of \(home.path) was running")
        return 0
    }

    /// The supervisor stops its processes within 35 s a group.
    private static let supervisorSeconds = 120
    private static let leftOverSeconds = 40

    /// True when something ran. Processes are known by the ids in `pids/`, each with its start time, so that a later process
    /// with the same id is left alone.
    @discardableResult
    static func stop(_ home: SuiteHome) throws -> Bool {
        var didRun = false
        if let supervisor = RecordedProcess(file: home.pidFile(of: "supervisor")) {
            didRun = true
            supervisor.signal(SIGTERM)
            guard supervisor.waitForExit(seconds: supervisorSeconds) else {
                throw Fault(
                    .timeout,
                    "the supervisor (pid \(supervisor.pid)) did not end; see \(home.log(of: "supervisor"))"
                )
            }
        }
        let leftOver = recorded(home)
        guard !leftOver.isEmpty else { return didRun }
        // Its supervisor was killed: the same order, by hand.
        try stop(leftOver.filter { $0.name != "postgres" }, SIGTERM)
        try stop(leftOver.filter { $0.name == "postgres" }, SIGINT)
        return true
    }

    private static func recorded(_ home: SuiteHome) -> [(name: String, process: RecordedProcess)] {
        let names = ["nginx"] + SuitePlan.serviceNames + ["dev-inbox", "postgres"]
        return names.compactMap { name in RecordedProcess(file: home.pidFile(of: name)).map { (name, $0) } }
    }

    private static func stop(_ group: [(name: String, process: RecordedProcess)], _ number: Int32) throws {
        for (_, process) in group { process.signal(number) }
        for (name, process) in group where !process.waitForExit(seconds: leftOverSeconds) {
            guard name != "postgres" else {
                throw Fault(
                    .timeout,
                    "Postgres (pid \(process.pid)) did not end; it is left alone, since it holds the data"
                )
            }
            process.signal(SIGKILL)
            guard process.waitForExit(seconds: 5) else {
                throw Fault(.timeout, "\(name) (pid \(process.pid)) does not end")
            }
        }
    }
}
