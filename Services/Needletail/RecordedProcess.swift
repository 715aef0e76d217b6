import Core
import Glibc

/// A process as a file in `pids/` remembers it: the start time tells it from a later process that got the same id.
struct RecordedProcess: Sendable, Equatable {
    let pid: pid_t
    /// Clock ticks since boot, from /proc/<pid>/stat.
    let startTicks: UInt64

    /// The process that has this id now; nil when there is none, or only a dead one that nobody waited for.
    init?(pid: pid_t) {
        guard let text = Files.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // After the name, which may hold anything: state is field 3, the start time field 22.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let ticks = UInt64(fields[19]) else { return nil }
        self.pid = pid
        startTicks = ticks
    }

    /// What the file says, if that process still lives.
    init?(file: String) {
        guard let parts = Files.firstLine(file)?.split(separator: " "), parts.count == 2,
            let pid = pid_t(parts[0]), pid > 1, let ticks = UInt64(parts[1]),
            let process = RecordedProcess(pid: pid), process.startTicks == ticks
        else { return nil }
        self = process
    }

    func record(in file: String) throws {
        try Files.write("\(pid) \(startTicks)\n", to: file)
    }

    var isAlive: Bool { RecordedProcess(pid: pid) == self }

    /// Only if it is still the same process.
    func signal(_ number: Int32) {
        if isAlive { kill(pid, number) }
    }

    /// Whether its program's file was replaced since it started.
    var isOutdated: Bool {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(pid)/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return false }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self).hasSuffix(
            " (deleted)"
        )
    }

    /// Polls until it is gone; false at the deadline.
    func waitForExit(seconds: Int) -> Bool {
        for _ in 0..<(seconds * 50) {
            if !isAlive { return true }
            usleep(20_000)
        }
        return !isAlive
    }
}
