import EventLoop
import Glibc
import TestKit
import Testing

/// `needletail up` and `down`: from nothing to a suite that answers, and back to nothing.
@Suite(.scenario) struct SuiteUpAndDownTests {
    @Test func `two suites run side by side, and one's end is not the other's`() async throws {
        try await withHomes { first, second in
            try await first.up()
            try await second.up()
            let (one, two) = (try await first.exported(), try await second.exported())
            for name in Home.exportedNames { #expect(one[name]?.isEmpty == false, "env must export \(name)") }
            #expect(one["AWS_ENDPOINT_URL_PINPOINT"] == "http://127.0.0.1:\(first.port)")
            #expect(one["NEEDLETAIL_DEV_INBOX_URL"] == "http://127.0.0.1:\(first.port)/dev/inbox")
            for name in ["AWS_SECRET_ACCESS_KEY", "NEEDLETAIL_API_KEY", "NEEDLETAIL_DATABASE_URL"] {
                #expect(one[name] != two[name], "\(name) is each suite's own")
            }
            // What `env` exports is all that a client needs, and good for its own suite only.
            let app = try #require(try await first.createApp(with: one))
            var crossed = one
            crossed["AWS_ENDPOINT_URL_PINPOINT"] = two["AWS_ENDPOINT_URL_PINPOINT"]
            #expect(try await second.createApp(with: crossed) == nil)

            let workers = try first.gatewayWorkerUsers()
            #expect(!workers.isEmpty && (geteuid() != 0 || !workers.contains(0)), "no worker of nginx is root")

            let before = try first.pids()
            #expect(before.count == 14, "supervisor, Postgres, ten services, dev inbox, nginx: \(before.keys.sorted())")
            let again = try await first.command("up")
            #expect(again.contains { $0.contains("already running") })
            #expect(try first.pids() == before)

            try await first.down()
            for (name, pid) in before { #expect(!Home.isRunning(pid), "\(name) must be gone") }
            #expect(try await first.down().contains { $0.contains("nothing") })
            _ = try #require(try await second.createApp(with: two))

            try await first.up()
            #expect(try await first.hasApp(app, with: one), "data outlives down and up, and keys stay good")
            try await first.crashRestarts("ingest-api")
        }
    }

    @Test func `with a mail server of one's own there is no dev inbox`() async throws {
        try await withHomes { first, _ in
            // Nothing listens there, and nothing is sent.
            let unused = try FreePort.next()
            let own = "smtp://127.0.0.1:\(unused)"
            try await first.up(["NEEDLETAIL_SMTP_URL": own])
            #expect(try first.pids()["dev-inbox"] == nil)
            #expect(try await first.exported()["NEEDLETAIL_DEV_INBOX_URL"] == nil)
            #expect(try await first.status(of: "/dev/inbox") == "404")
            try await first.down()
            try await first.up(["NEEDLETAIL_SMTP_URL": own, "NEEDLETAIL_DEV_INBOX": "1"])
            #expect(try await first.status(of: "/dev/inbox") == "200", "what was asked for by name is served")
        }
    }

    @Test func `keys stay good when the database is lost`() async throws {
        try await withHomes { first, _ in
            try await first.up()
            let before = try await first.exported()
            _ = try #require(try await first.createApp(with: before))
            try await first.down()
            try await first.loseDatabase()
            try await first.up()
            #expect(try await first.exported() == before)
            #expect(try await first.createApp(with: before) != nil, "the pair is known to the new database")
            let token = try #require(before["NEEDLETAIL_API_KEY"])
            #expect(try await first.status(of: "/v1/apps", bearer: token) == "200", "and so is the API key")
            #expect(try await first.status(of: "/v1/apps", bearer: "nt_0_0_0") != "200")
        }
    }

    @Test func `an occupied port is a clear error, and nothing starts`() async throws {
        try await withHomes { first, second in
            let listener = try OccupiedPort()
            let outcome = try await first.run("up", port: listener.port)
            #expect(outcome.status != 0)
            let text = outcome.output.joined(separator: "\n")
            #expect(text.contains("\(listener.port)") && text.contains("NEEDLETAIL_PORT"), "\(text)")
            #expect(try first.pids().isEmpty)
        }
    }

    @Test func `an unknown setting stops every process with the nearest name`() async throws {
        for product in RunningSuite.Service.allCases.map(\.rawValue) + ["needletail"] {
            let process = try ChildProcess(
                BuildPaths.product(product), product == "needletail" ? ["config"] : [],
                environment: ["PATH": "/usr/bin:/bin", "NEEDLETAIL_LISTEM": "x"])
            let status = try await process.waitForExit()
            let text = process.output.joined(separator: "\n")
            #expect(
                status != 0 && text.contains("NEEDLETAIL_LISTEM") && text.contains("NEEDLETAIL_LISTEN"),
                "\(product): \(text)")
        }
    }

    /// Takes both down, whatever happened.
    private func withHomes(_ body: (Home, Home) async throws -> Void) async throws {
        let folder = try SuiteFolder()
        // Postgres's own user has to pass through.
        chmod(folder.path, 0o755)
        let (first, second) = (try Home("\(folder.path)/one"), try Home("\(folder.path)/two"))
        do {
            try await body(first, second)
        } catch {
            _ = try? await first.run("down")
            _ = try? await second.run("down")
            throw error
        }
        try await first.down()
        try await second.down()
    }
}

/// One NEEDLETAIL_HOME and its port.
private struct Home {
    static let exportedNames = [
        "AWS_ENDPOINT_URL_PINPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION",
        "NEEDLETAIL_URL",
        "NEEDLETAIL_API_KEY", "NEEDLETAIL_DATABASE_URL", "NEEDLETAIL_DEV_INBOX_URL",
    ]

    let path: String
    let port: UInt16

    init(_ path: String) throws {
        self.path = path
        port = try FreePort.next()
    }

    private var environment: [String: String] {
        [
            "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", "HOME": path,
            "NEEDLETAIL_HOME": path, "NEEDLETAIL_PORT": "\(port)", "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
    }

    func run(
        _ word: String, port: UInt16? = nil, _ settings: [String: String] = [:]
    ) async throws -> (status: Int32, output: [String]) {
        var environment = environment.merging(settings) { $1 }
        if let port { environment["NEEDLETAIL_PORT"] = "\(port)" }
        let process = try ChildProcess(BuildPaths.product("needletail"), [word], environment: environment)
        return (try await process.waitForExit(within: .seconds(120)), process.output)
    }

    @discardableResult
    func command(_ word: String, _ settings: [String: String] = [:]) async throws -> [String] {
        let (status, output) = try await run(word, settings)
        guard status == 0 else {
            throw TestKitError("needletail \(word) ended with \(status):\n\(output.joined(separator: "\n"))")
        }
        return output
    }

    func up(_ settings: [String: String] = [:]) async throws { try await command("up", settings) }

    @discardableResult
    func down() async throws -> [String] { try await command("down") }

    /// What a shell knows after `. env`.
    func exported() async throws -> [String: String] {
        let shell = try ChildProcess("/bin/sh", ["-c", ". \(path)/env && env"], environment: ["PATH": "/usr/bin:/bin"])
        try await shell.waitForExit()
        var values: [String: String] = [:]
        for line in shell.output {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return values
    }

    /// Effective user ids.
    func gatewayWorkerUsers() throws -> [uid_t] {
        let nginx = try #require(try pids()["nginx"])
        return try TextFile.read("/proc/\(nginx)/task/\(nginx)/children").split(separator: " ").compactMap { worker in
            var status = stat()
            return stat("/proc/\(worker)", &status) == 0 ? status.st_uid : nil
        }
    }

    func loseDatabase() async throws {
        let removal = try ChildProcess("/bin/rm", ["-rf", "\(path)/postgres"], environment: environment)
        #expect(try await removal.waitForExit() == 0)
    }

    /// What the gateway answers to a GET without a signature.
    func status(of path: String, bearer: String = "") async throws -> String? {
        let program = """
            import http.client, sys
            connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
            headers = {"Authorization": "Bearer " + sys.argv[3]} if sys.argv[3] else {}
            connection.request("GET", sys.argv[2], headers=headers)
            print(connection.getresponse().status)
            """
        let client = try ChildProcess("python3", ["-c", program, "\(port)", path, bearer], environment: environment)
        return try await client.waitForExit(within: .seconds(60)) == 0 ? client.output.first : nil
    }

    /// The new app's id; nil when the suite refuses.
    func createApp(with exported: [String: String]) async throws -> String? {
        try await python("create_app.py", [], exported)?.values(after: "app").first
    }

    func hasApp(_ app: String, with exported: [String: String]) async throws -> Bool {
        try await python("get_app.py", [app], exported) != nil
    }

    private func python(_ name: String, _ arguments: [String], _ exported: [String: String]) async throws -> [String]? {
        let driver = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/\(name)"] + arguments,
            environment: environment.merging(exported.filter { $0.key != "PATH" }) { $1 })
        return try await driver.waitForExit(within: .seconds(60)) == 0 ? driver.output : nil
    }

    /// By the names of the files in `pids/`; those that run.
    func pids() throws -> [String: Int32] {
        var pids: [String: Int32] = [:]
        let names = ["supervisor", "postgres", "nginx", "dev-inbox"] + RunningSuite.Service.allCases.map(\.rawValue)
        for name in names {
            guard let text = try? TextFile.read("\(path)/pids/\(name)") else { continue }
            guard let pid = text.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int32($0) }) else { continue }
            if Self.isRunning(pid) { pids[name] = pid }
        }
        return pids
    }

    /// A zombie has ended, too.
    static func isRunning(_ pid: Int32) -> Bool {
        guard let text = try? TextFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else {
            return false
        }
        return text[text.index(after: end)...].first { $0 != " " } != "Z"
    }

    /// The supervisor brings back what dies.
    func crashRestarts(_ name: String) async throws {
        let pid = try #require(try pids()[name])
        kill(pid, SIGKILL)
        let exported = try await exported()
        try await eventually(within: .seconds(30), "\(name) comes back") {
            let now = try pids()[name]
            return now != nil && now != pid
        }
        try await eventually(within: .seconds(30), "the suite answers again") {
            try await createApp(with: exported) != nil
        }
    }
}

/// Somebody else's listening socket.
private final class OccupiedPort {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 && listen(descriptor, 1) == 0
                    ? getsockname(descriptor, address, &size) : -1
            }
        }
        guard descriptor >= 0, result == 0 else { throw TestKitError("cannot occupy a port: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }
}
