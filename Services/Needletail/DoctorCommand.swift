import Core
import Glibc
import Runtime

/// `needletail doctor`: what this machine lacks and how the suite is, one line each. Exit status 1 when something is wrong.
enum DoctorCommand {
    static let command = Command("doctor", "check this machine and the suite") { _, configuration in
        let home = try SuiteHome(configuration.home)
        let checks = machine(home, configuration) + suite(home, configuration)
        for check in checks { Console.say("\(check.isGood ? "ok  " : "BAD ") \(check.text)") }
        return checks.allSatisfy(\.isGood) ? 0 : 1
    }

    private struct Check {
        let isGood: Bool
        let text: String
    }

    /// Below that, a run of a million recipients may fill the disk.
    private static let spaceNeededBytes: UInt64 = 2 << 30

    private static func machine(_ home: SuiteHome, _ configuration: Configuration) -> [Check] {
        var checks: [Check] = []
        do {
            _ = try EmbeddedPostgres(home: home)
            checks.append(Check(isGood: true, text: "Postgres is installed"))
        } catch {
            checks.append(Check(isGood: false, text: (error as? Fault)?.publicMessage ?? String(describing: error)))
        }
        let nginx = Files.program("nginx")
        checks.append(
            Check(
                isGood: nginx != nil,
                text: nginx.map { "nginx is \($0)" } ?? "nginx is not installed: run make setup"
            )
        )
        let modules = ["aiosmtpd", "asyncpg"].filter { !Files.exists("/usr/lib/python3/dist-packages/\($0)") }
        checks.append(
            Check(
                isGood: modules.isEmpty,
                text: modules.isEmpty
                    ? "the dev inbox has its Python modules"
                    : "Python lacks \(modules.joined(separator: ", ")): run make setup"
            )
        )
        var space = statvfs()
        let folder = Files.exists(home.dataFolder) ? home.dataFolder : "/"
        if statvfs(folder, &space) == 0 {
            let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
            checks.append(Check(isGood: free > spaceNeededBytes, text: "\(free >> 20) MB are free at \(folder)"))
        }
        return checks
    }

    private static func suite(_ home: SuiteHome, _ configuration: Configuration) -> [Check] {
        guard let supervisor = RecordedProcess(file: home.pidFile(of: "supervisor")) else {
            let isFree = LocalConnection.freePort(configuration.port) != nil
            return [
                Check(isGood: true, text: "no suite runs under \(home.path)"),
                Check(
                    isGood: isFree,
                    text: "port \(configuration.port) is \(isFree ? "free" : "taken by another program")"
                ),
            ]
        }
        let running = Check(isGood: true, text: "a suite runs under \(home.path) (supervisor \(supervisor.pid))")
        do {
            let plan = try SuitePlan(home: home, configuration: configuration, environment: [:])
            return [running]
                + ([plan.database] + plan.servers).map { member in
                    let isReady = member.readiness.isReady()
                    return Check(
                        isGood: isReady,
                        text: "\(member.name) is \(isReady ? "ready" : "not ready: see \(home.log(of: member.name))")"
                    )
                }
        } catch {
            return [running, Check(isGood: false, text: (error as? Fault)?.publicMessage ?? String(describing: error))]
        }
    }
}
