import Core
import Glibc

/// Starts processes. The child has no signal blocked, /dev/null as input, and output in a log file.
enum ChildProcess {
    struct Launch: Sendable {
        /// The program's path first.
        var arguments: [String]
        var environment: [String: String]
        var logFile: String
        /// Detached from the terminal, so that Ctrl-C there does not reach it.
        var isSession = false
    }

    /// A larger log is put aside once (as `.1`) when its process starts.
    private static let logLimitBytes: off_t = 64 << 20
    /// glibc's POSIX_SPAWN_SETSID, which its header shows to GNU sources only.
    private static let newSessionFlag: Int16 = 0x80

    static func start(_ launch: Launch) throws -> pid_t {
        guard let program = launch.arguments.first else { throw Fault(.internalError, "nothing to start") }
        rotate(launch.logFile)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, launch.logFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let group = launch.isSession ? newSessionFlag : Int16(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | group)

        var pid: pid_t = 0
        let status = withCStrings(launch.arguments) { arguments in
            withCStrings(launch.environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard status == 0 else {
            throw Fault(.configuration, "cannot start \(program): \(String(cString: strerror(status)))")
        }
        return pid
    }

    /// Runs to the end; throws with the end of the log when the program fails.
    static func run(_ launch: Launch) throws {
        let pid = try start(launch)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            let log = Files.tail(launch.logFile, lines: 10)
            throw Fault(.configuration, "\(launch.arguments.joined(separator: " ")) failed:\n\(log)")
        }
    }

    private static func rotate(_ log: String) {
        var status = stat()
        if stat(log, &status) == 0, status.st_size > logLimitBytes { rename(log, log + ".1") }
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
