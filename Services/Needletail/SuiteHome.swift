import Core
import Crypto
import Glibc

/// The folder of one suite: where its files are. Two homes are two suites that know nothing of each other.
struct SuiteHome: Sendable {
    /// Absolute.
    let path: String
    /// Where sockets are; elsewhere than `path` when that is too long for a socket's name or closed to Postgres's user.
    let runFolder: String
    /// Postgres's data.
    let dataFolder: String
    /// Postgres refuses to run as root; then it runs as this user.
    let databaseUser: SystemUser?
    /// Who nginx's workers are when we are root: Debian's user of web servers, whose group may open the services' sockets.
    let gatewayUser: SystemUser?

    var envFile: String { path + "/env" }
    var keysFile: String { path + "/keys" }
    var clockFile: String { path + "/clock" }
    var smtpPortFile: String { path + "/smtp-port" }
    var masterKeyFile: String { path + "/master.key" }
    var serviceTokenFile: String { path + "/service.token" }
    var supervisorLock: String { path + "/supervisor.lock" }
    var logFolder: String { path + "/logs" }
    var pidFolder: String { path + "/pids" }
    var temporaryFolder: String { path + "/tmp" }
    var gatewayFolder: String { path + "/nginx" }
    var databaseSocketFolder: String { runFolder + "/pg" }

    var databaseURL: String {
        "postgresql:///needletail?host=\(Self.percentEncoded(databaseSocketFolder))&user=needletail"
    }

    func socket(of service: String) -> String { "\(runFolder)/\(service).sock" }
    func log(of process: String) -> String { "\(logFolder)/\(process).log" }
    func pidFile(of process: String) -> String { "\(pidFolder)/\(process)" }

    /// A Unix socket's name is at most 107 bytes, less the two slashes of `unix://`. This is our longest one.
    private static let longestSocketName = "/analytics-aggregator.sock"
    private static let socketPathLimitBytes = 105
    /// S_ISGID of a folder, which Swift's Glibc lacks.
    private static let inheritsGroup: mode_t = 0o2000

    /// Decides where things are. Creates nothing.
    init(_ home: String) throws {
        let path = try Self.absolute(home)
        let isRoot = geteuid() == 0
        let databaseUser = isRoot ? try SystemUser(named: "postgres") : nil
        let gatewayUser = isRoot ? try SystemUser(named: "www-data") : nil
        let isReachable = [databaseUser, gatewayUser].allSatisfy { user in
            user.map { Self.canTraverse(path, as: $0) } ?? true
        }
        let isShort =
            path.utf8.count + "/run".utf8.count + Self.longestSocketName.utf8.count <= Self.socketPathLimitBytes
        let mark = Hex.lowercase(Array(SHA256.hash(Array(path.utf8)).prefix(6)))
        self.path = path
        self.databaseUser = databaseUser
        self.gatewayUser = gatewayUser
        if isReachable, isShort {
            runFolder = path + "/run"
            dataFolder = path + "/postgres"
        } else if isRoot {
            runFolder = "/var/lib/needletail/\(mark)/run"
            dataFolder = "/var/lib/needletail/\(mark)/postgres"
        } else {
            runFolder = "/tmp/needletail-\(geteuid())-\(mark)"
            dataFolder = path + "/postgres"
        }
    }

    /// Creates what is missing. Secrets are in files of mode 600; the folders only let Postgres's and nginx's users pass
    /// through.
    func create() throws {
        let passable: mode_t = databaseUser == nil ? 0o700 : 0o711
        try Files.makeFolders(path, mode: passable)
        try Files.makeFolders(runFolder, mode: passable)
        try Files.requireOwnership(runFolder)
        if let user = gatewayUser {
            // What is made in it, the sockets, belongs to the folder's group.
            try Files.give(runFolder, toGroupOf: user)
            try Files.makeFolders(runFolder, mode: passable | Self.inheritsGroup)
        }
        for folder in [logFolder, pidFolder, gatewayFolder] { try Files.makeFolders(folder, mode: 0o700) }
        for folder in [temporaryFolder, temporaryFolder + "/nginx"] { try Files.makeFolders(folder, mode: passable) }
        if dataFolder != path + "/postgres" { try Files.makeFolders(Files.parent(of: dataFolder), mode: passable) }
        for folder in [dataFolder, databaseSocketFolder] {
            try Files.makeFolders(folder, mode: 0o700)
            if let user = databaseUser { try Files.give(folder, to: user) }
        }
    }

    private static func absolute(_ path: String) throws -> String {
        var path = path
        if !path.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else { throw Fault(.configuration, "the current folder is gone") }
            defer { free(here) }
            path = String(cString: here) + "/" + path
        }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether the user may pass through every existing folder on the way.
    private static func canTraverse(_ path: String, as user: SystemUser) -> Bool {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            var status = stat()
            guard stat(prefix, &status) == 0 else { return true }
            // `create` opens the home itself.
            if prefix == path { return true }
            let bit: mode_t = status.st_uid == user.id ? 0o100 : status.st_gid == user.group ? 0o010 : 0o001
            guard status.st_mode & bit != 0 else { return false }
        }
        return true
    }

    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2D, 0x2E, 0x2F, 0x5F, 0x7E].contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + Hex.lowercase([byte]).uppercased()
        }.joined()
    }
}

/// A user of this machine.
struct SystemUser: Sendable {
    let name: String
    let id: uid_t
    let group: gid_t

    init(named name: String) throws {
        guard let entry = getpwnam(name) else {
            throw Fault(.configuration, "root needs the user \"\(name)\" for Postgres or nginx: run make setup")
        }
        self.name = name
        id = entry.pointee.pw_uid
        group = entry.pointee.pw_gid
    }
}
