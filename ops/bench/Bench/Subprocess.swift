import CLinux
import Core
import Glibc

/// A program that runs to its end. Blocking: off the loop only.
enum Subprocess {
    /// What it wrote to its standard output; throws when it fails. Its errors go to ours.
    @discardableResult
    static func output(_ arguments: [String]) throws(Fault) -> String {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0, let program = arguments.first else { throw Fault(.internalError, "nothing to start") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
        var pid: pid_t = 0
        var words = arguments.map { strdup($0) }
        words.append(nil)
        let status = posix_spawnp(&pid, program, &actions, nil, words, clinux_environ())
        for word in words { free(word) }
        close(ends[1])
        defer { close(ends[0]) }
        guard status == 0 else {
            throw Fault(.configuration, "cannot start \(program): \(String(cString: strerror(status)))")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(ends[0], &buffer, buffer.count), count > 0 { bytes += buffer.prefix(count) }
        var code: Int32 = 0
        while waitpid(pid, &code, 0) < 0, errno == EINTR {}
        guard code == 0 else {
            throw Fault(.unavailable, "\(arguments.joined(separator: " ")) failed (status \(code))")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
