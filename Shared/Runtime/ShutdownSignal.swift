import CLinux
package import EventLoop
import Glibc
import Synchronization

/// SIGTERM and SIGINT as something to await. The first begins the drain; a second one ends the process at once, also when
/// the loop is stuck. SIGPIPE is ignored: a peer that went away is an error of one write.
///
/// By self-pipe: the ways that look simpler lose early signals or die under async main (reference/swift-linux.md §7).
package final class ShutdownSignal: EventSource, Sendable {
    private struct State {
        var hasArrived = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Lock(State())
    private let readEnd: Int32

    private init(readEnd: Int32) {
        self.readEnd = readEnd
    }

    /// Once per process.
    package static func install(on loop: EventLoop) -> ShutdownSignal {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { fatalError("no pipe for signals (errno \(errno))") }
        SignalPipe.writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
        let shutdown = ShutdownSignal(readEnd: ends[0])
        signal(SIGPIPE, SIG_IGN)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { SignalPipe.handle($0) }
        action.sa_flags = SA_RESTART
        sigaction(SIGTERM, &action, nil)
        sigaction(SIGINT, &action, nil)
        loop.submit { loop.register(shutdown, fd: shutdown.readEnd, events: EPOLLIN.rawValue) }
        return shutdown
    }

    package func ready(_ events: UInt32) {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard read(readEnd, &bytes, bytes.count) > 0 else { return }
        let waiters = state.withLock { state in
            state.hasArrived = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the process was asked to end; at once if it already was.
    package func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.hasArrived { state.waiters.append(continuation) }
                return state.hasArrived
            }
            if isOver { continuation.resume() }
        }
    }
}

/// What the signal handler touches: two atomics with static storage, `write` and `_exit`; all async-signal-safe.
private enum SignalPipe {
    static let writeEnd = Atomic<Int32>(-1)
    static let arrivals = Atomic<Int>(0)

    static func handle(_ number: Int32) {
        if arrivals.add(1, ordering: .sequentiallyConsistent).newValue > 1 { _exit(128 + number) }
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(writeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
    }
}
