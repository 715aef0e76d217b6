import Glibc

/// What the command line says to people.
enum Console {
    static func say(_ line: String) {
        write(line, to: STDOUT_FILENO)
    }

    /// To standard error.
    static func complain(_ line: String) {
        write("needletail: \(line)", to: STDERR_FILENO)
    }

    /// Unbuffered: progress shows at once, and what is said on both streams keeps its order.
    private static func write(_ line: String, to descriptor: Int32) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
