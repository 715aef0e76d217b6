import Core
import EventLoop
import Glibc

/// A process started by a test: a built binary of ours, or a peer. Killed, by its own id, when the test lets go of it.
package final class ChildProcess: Sendable {
    package let processID: Int32
    private let state: Lock<State>
    private let name: String

    private struct State {
        var lines: [String] = []
        var partial: [UInt8] = []
        var exit: Int32?
    }

    // SAFETY: made once, never freed; only the pthread functions touch what it points to.
    nonisolated(unsafe) private static let turn: UnsafeMutablePointer<pthread_mutex_t> = {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        return mutex
    }()

    /// Older output is dropped.
    private static let linesLimit = 20_000

    /// Starts `executable`, a path or a name to look up in PATH. `environment` is the child's whole environment; nil is ours.
    package init(_ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil) throws {
        var ends: [Int32] = [-1, -1]
        // A child started between `pipe` and `fcntl` would hold the pipe open, so starts take turns.
        pthread_mutex_lock(ChildProcess.turn)
        defer { pthread_mutex_unlock(ChildProcess.turn) }
        guard pipe(&ends) == 0 else { throw TestKitError("no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)

        // Threads of a test runner block signals and ignore some, and a child inherits both: it would not hear `terminate`.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var settings = environment.map { $0.map { strdup("\($0.key)=\($0.value)") } + [nil] }
        defer {
            for word in words + (settings ?? []) { free(word) }
            words = []
            settings = nil
        }
        var child: pid_t = 0
        let code = posix_spawnp(&child, executable, &actions, &attributes, words, settings ?? inheritedEnvironment())
        guard code == 0 else {
            close(ends[0])
            throw TestKitError("cannot start \(executable): \(String(cString: strerror(code)))")
        }
        processID = child
        name = executable
        state = Lock(State())
        let (output, process, state) = (ends[0], child, self.state)
        Thread.start(name: "child-output") { ChildProcess.collect(output, process, state) }
    }

    deinit { kill() }

    private static func collect(_ output: Int32, _ child: pid_t, _ state: Lock<State>) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            state.withLock { state in
                state.partial += buffer[..<count]
                while let end = state.partial.firstIndex(of: 0x0A) {
                    state.lines.append(String(decoding: state.partial[..<end], as: UTF8.self))
                    state.partial.removeSubrange(...end)
                }
                if state.lines.count > linesLimit { state.lines.removeFirst(state.lines.count - linesLimit) }
            }
        }
        close(output)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let exited = status & 0x7F == 0
        state.withLock { $0.exit = exited ? (status >> 8) & 0xFF : -(status & 0x7F) }
    }

    /// What it wrote to stdout and stderr, line by line.
    package var output: [String] {
        state.withLock { $0.lines + ($0.partial.isEmpty ? [] : [String(decoding: $0.partial, as: UTF8.self)]) }
    }

    /// Nil while it runs; the exit status, or −signal.
    package var exitStatus: Int32? { state.withLock { $0.exit } }

    package func send(signal: Int32) {
        // Between exit and `waitpid` the id is still ours; afterwards `exit` is set.
        if exitStatus == nil { _ = Glibc.kill(processID, signal) }
    }

    /// Asks it to stop (SIGTERM).
    package func terminate() { send(signal: SIGTERM) }

    /// SIGKILL.
    package func kill() { send(signal: SIGKILL) }

    @discardableResult
    package func waitForExit(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await poll(limit, "end") { self.exitStatus }
    }

    /// The first line that contains `text`.
    @discardableResult
    package func waitForLine(_ text: String, within limit: Duration = .seconds(30)) async throws -> String {
        try await poll(limit, "write \"\(text)\"") { self.output.first { $0.contains(text) } }
    }

    /// Until something accepts connections on 127.0.0.1.
    package func waitForPort(_ port: UInt16, within limit: Duration = .seconds(30)) async throws {
        _ = try await poll(limit, "listen on \(port)") { ChildProcess.accepts(port) ? true : nil }
    }

    private func poll<Value>(_ limit: Duration, _ what: String, _ attempt: () -> Value?) async throws -> Value {
        let deadline = MonotonicClock.now() + limit.microseconds
        while true {
            if let value = attempt() { return value }
            let status = exitStatus
            // Once more: the last output comes just before the exit.
            if status != nil, let value = attempt() { return value }
            guard status == nil, MonotonicClock.now() < deadline else { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let tail = output.suffix(20).joined(separator: "\n")
        let reason = exitStatus.map { "it ended with \($0)" } ?? "it did not within \(limit)"
        throw TestKitError("\(name) should \(what), but \(reason). Last output:\n\(tail)")
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Where this checkout and its built binaries are.
package enum BuildPaths {
    /// The folder of the built products (`.build/…/debug`).
    package static let products: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }()

    /// The repository, from this file's place.
    package static let repository: String = #filePath
        .split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

    package static func product(_ name: String) -> String { "\(products)/\(name)" }
}

private func inheritedEnvironment() -> [UnsafeMutablePointer<CChar>?] {
    var list: [UnsafeMutablePointer<CChar>?] = []
    var next = environ
    while let word = next.pointee {
        list.append(word)
        next += 1
    }
    return list + [nil]
}
