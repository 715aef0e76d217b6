import CLinux
package import Core
import EventLoop
import Glibc

/// The real world, as an `Environment`.
package enum SystemEnvironment {
    /// Real time of the machine, business time with the configured offset, the kernel's randomness, the process log.
    package static func make(configuration: Configuration, process: String = "needletail") -> Environment {
        let offset = configuration.clock.offset
        let random = KernelRandom()
        return Environment(
            now: { realNow() + offset },
            realNow: { realNow() },
            random: { random.bytes($0) },
            log: ProcessLog.logger(minimum: configuration.logLevel, process: process)
        )
    }

    package static func realNow() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// `getrandom(2)`, 4 KB at a time: an id costs 50 ns instead of a system call. Bytes are wiped from the buffer when given out.
final class KernelRandom: Sendable {
    private struct Buffer {
        var bytes: [UInt8] = []
    }

    private let buffer = Lock(Buffer())
    private static let capacity = 4096

    func bytes(_ count: Int) -> [UInt8] {
        guard count <= Self.capacity else { return Self.fresh(count) }
        return buffer.withLock { buffer in
            if buffer.bytes.count < count { buffer.bytes = Self.fresh(Self.capacity) }
            let start = buffer.bytes.count - count
            let taken = Array(buffer.bytes[start...])
            for index in start..<buffer.bytes.count { buffer.bytes[index] = 0 }
            buffer.bytes.removeLast(count)
            return taken
        }
    }

    private static func fresh(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { output, written in
            written = 0
            while written < count {
                let got = getrandom(output.baseAddress?.advanced(by: written), count - written, 0)
                guard got > 0 || errno == EINTR else { fatalError("the kernel gives no randomness (errno \(errno))") }
                written += max(0, got)
            }
        }
    }
}
