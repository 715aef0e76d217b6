import CLinux
import Core
import EventLoop
import Glibc

/// A peer that stays: takes a command a line, words apart by tabs, and answers each with a line of JSON. Its errors go to ours.
/// Blocking: off the loop only, one command at a time. It ends with its standard input.
// SAFETY: the descriptors never change, and `ask` holds the lock from question to answer.
final class PeerProcess: @unchecked Sendable {
    private let pid: pid_t
    private let input: Int32
    private let output: Int32
    private let turn = Lock(())

    init(_ arguments: [String]) throws(Fault) {
        var (question, answer): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard pipe2(&question, Int32(O_CLOEXEC)) == 0, pipe2(&answer, Int32(O_CLOEXEC)) == 0,
            let program = arguments.first
        else { throw Fault(.internalError, "nothing to start") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, question[0], 0)
        posix_spawn_file_actions_adddup2(&actions, answer[1], 1)
        var started: pid_t = 0
        var words = arguments.map { strdup($0) }
        words.append(nil)
        let status = posix_spawnp(&started, program, &actions, nil, words, clinux_environ())
        for word in words { free(word) }
        close(question[0])
        close(answer[1])
        (pid, input, output) = (started, question[1], answer[0])
        guard status == 0 else {
            throw Fault(.configuration, "cannot start \(program): \(String(cString: strerror(status)))")
        }
    }

    deinit {
        close(input)
        close(output)
        var code: Int32 = 0
        while waitpid(pid, &code, 0) < 0, errno == EINTR {}
    }

    @discardableResult
    func ask(_ words: String...) throws -> JSON {
        try turn.withLock { _ in
            var line = Array((words.joined(separator: "\t") + "\n").utf8)[...]
            while !line.isEmpty {
                let count = line.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
                guard count > 0 else { throw Fault(.unavailable, "the peer takes no questions (errno \(errno))") }
                line = line.dropFirst(count)
            }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while answer.last != UInt8(ascii: "\n") {
                let count = read(output, &buffer, buffer.count)
                guard count > 0 else { throw Fault(.unavailable, "the peer ended at \(words.first ?? "")") }
                answer += buffer.prefix(count)
            }
            return try JSON.parse(answer)
        }
    }
}
