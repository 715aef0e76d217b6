import Core
import Glibc

/// The suite's own Postgres: a cluster in the home that listens on a Unix socket only, which nobody but its owner (and root)
/// can open. An installation for production brings its own and sets `NEEDLETAIL_DATABASE_URL`.
struct EmbeddedPostgres: Sendable {
    let home: SuiteHome
    private let binaries: String

    init(home: SuiteHome) throws {
        self.home = home
        binaries = try Self.findBinaries(data: home.dataFolder)
    }

    /// The version that made the cluster, else the newest installed one from 15 on.
    private static func findBinaries(data: String) throws -> String {
        if let version = Files.firstLine(data + "/PG_VERSION") {
            let folder = "/usr/lib/postgresql/\(version)/bin"
            guard Files.exists(folder + "/postgres") else {
                throw Fault(.configuration, "\(data) was made by Postgres \(version), which is not installed")
            }
            return folder
        }
        for version in stride(from: 40, through: 15, by: -1) {
            let folder = "/usr/lib/postgresql/\(version)/bin"
            if Files.exists(folder + "/initdb") { return folder }
        }
        throw Fault(.configuration, "Postgres 15 or newer is not installed in /usr/lib/postgresql: run make setup")
    }

    /// Makes the cluster and its database when they are missing, and writes the settings for this machine.
    func prepare() throws {
        // Written last, so that a half-made cluster is made again.
        let mark = home.dataFolder + "/needletail.made"
        if !Files.exists(mark) {
            try makeCluster()
            try makeDatabase()
            try Files.write("", to: mark)
        }
        let settings = home.dataFolder + "/needletail.conf"
        try Files.write(Self.settings(socketFolder: home.databaseSocketFolder), to: settings)
        if let user = home.databaseUser { try Files.give(settings, to: user) }
    }

    /// What the supervisor starts and keeps running.
    var launch: ChildProcess.Launch {
        launch(["\(binaries)/postgres", "-D", home.dataFolder], log: "postgres")
    }

    /// As `pg_ctl` waits: the server itself writes its state into line 8 of its pid file.
    func isReady() -> Bool {
        let lines =
            Files.read(home.dataFolder + "/postmaster.pid")?.split(separator: "\n", omittingEmptySubsequences: false)
            ?? []
        return lines.count > 7 && lines[7].hasPrefix("ready")
    }

    private func makeCluster() throws {
        try ChildProcess.run(
            launch(["/bin/sh", "-c", "rm -rf -- \"$1\"/* && cd \"$1\"", "sh", home.dataFolder], log: "initdb")
        )
        try ChildProcess.run(
            launch(
                [
                    "\(binaries)/initdb", "-D", home.dataFolder, "-U", "needletail", "--auth=trust", "-E", "UTF8",
                    "--locale=C.UTF-8", "--data-checksums",
                ],
                log: "initdb"
            )
        )
        try ChildProcess.run(
            launch(
                [
                    "/bin/sh", "-c", "echo \"include 'needletail.conf'\" >>\"$1/postgresql.conf\"", "sh",
                    home.dataFolder,
                ],
                log: "initdb"
            )
        )
    }

    /// In single-user mode, so that no server has to run for it.
    private func makeDatabase() throws {
        let settings = home.dataFolder + "/needletail.conf"
        try Files.write("", to: settings)
        if let user = home.databaseUser { try Files.give(settings, to: user) }
        let script = "echo 'CREATE DATABASE needletail' | \"$1/postgres\" --single -D \"$2\" postgres"
        try ChildProcess.run(launch(["/bin/sh", "-c", script, "sh", binaries, home.dataFolder], log: "initdb"))
    }

    /// As the unprivileged user when we are root: `setpriv` changes the user and becomes the program, with the same pid.
    private func launch(_ arguments: [String], log: String) -> ChildProcess.Launch {
        var arguments = arguments
        if let user = home.databaseUser {
            arguments =
                ["/usr/bin/setpriv", "--reuid=\(user.name)", "--regid=\(user.name)", "--init-groups"] + arguments
        }
        return ChildProcess.Launch(
            arguments: arguments,
            // None of the caller's: PGPORT and its like would change the server.
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"],
            logFile: home.log(of: log)
        )
    }

    /// The settings under which the product was measured, scaled to the machine's memory.
    private static func settings(socketFolder: String) -> String {
        let memoryMegabytes = sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * sysconf(Int32(_SC_PAGESIZE)) / 1024
        let buffers = min(1024, max(256, memoryMegabytes / 8))
        return """
            # Written by `needletail up` at every start.
            listen_addresses = ''
            unix_socket_directories = '\(socketFolder)'
            unix_socket_permissions = 0700
            max_connections = 200
            shared_buffers = \(buffers)MB
            effective_cache_size = \(max(512, memoryMegabytes / 2))MB
            work_mem = 16MB
            maintenance_work_mem = 128MB
            # 2xx means durable: never off.
            fsync = on
            synchronous_commit = on
            full_page_writes = on
            wal_level = replica
            wal_buffers = 64MB
            min_wal_size = 512MB
            max_wal_size = 4GB
            checkpoint_timeout = 15min
            checkpoint_completion_target = 0.9
            # Short statements gain nothing from it and pay for the compilation.
            jit = off
            random_page_cost = 1.1
            # A run touches every partition of a table at once.
            max_locks_per_transaction = 256
            timezone = 'UTC'
            log_timezone = 'UTC'
            log_min_messages = warning
            log_line_prefix = '%m [%p] '

            """
    }
}
