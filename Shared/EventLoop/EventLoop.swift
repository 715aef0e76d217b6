import CLinux
import Core
import Glibc

/// One epoll thread that is also the task executor of its process: sockets, timers and Swift tasks share it, so a request
/// and its SQL never hop threads (a hop to the default pool and back costs 15 µs; ARCHITECTURE §6).
///
/// Start work with `Task(executorPreference: loop)` or `Task.immediate(executorPreference: loop)`. Code on the loop must not block;
/// blocking or CPU-heavy calls (> 1 ms) go through `offload`.
package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    // SAFETY: `sources`, `timers` and `local` are touched on the loop's thread only (preconditions say so);
    // what other threads hand over goes through `inbox`.
    private let epoll: Int32
    private let wake: Int32
    private let name: String
    private let key: pthread_key_t
    private let inbox = Lock(Inbox())
    private var local: [UnownedJob] = []
    private var sources: [Int32: Registration] = [:]
    private var nextGeneration: UInt32 = 1
    private var timers = TimerHeap()
    private var running = true

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var calls: [@Sendable () -> Void] = []
        var isEmpty: Bool { jobs.isEmpty && calls.isEmpty }
    }

    private struct Registration {
        let source: any EventSource
        let generation: UInt32
        var events: UInt32
    }

    package init(name: String = "loop") throws {
        self.name = name
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wake = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard epoll >= 0, wake >= 0 else { throw Fault(.internalError, "epoll is not available (errno \(errno))") }
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        self.key = key
        control(EPOLL_CTL_ADD, wake, events: EPOLLIN.rawValue, generation: 0)
    }

    deinit {
        close(epoll)
        close(wake)
        pthread_key_delete(key)
    }

    // MARK: Running

    /// Runs on a thread of its own until `stop()`.
    package func start() {
        let name = self.name
        Thread.start(name: name) { self.run() }
    }

    /// Runs on the calling thread until `stop()`.
    package func run() {
        pthread_setspecific(key, Unmanaged.passUnretained(self).toOpaque())
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while running {
            drain()
            guard running else { break }
            let timeout = local.isEmpty ? timers.millisecondsUntilNext(now: MonotonicClock.now()) : 0
            let count = epoll_wait(epoll, &events, Int32(events.count), timeout)
            for index in 0..<max(0, Int(count)) { deliver(events[index]) }
            for timer in timers.due(at: MonotonicClock.now()) { timer.fire() }
        }
        pthread_setspecific(key, nil)
    }

    /// Ends `run()` after the current turn. Tasks that are still suspended never resume.
    package func stop() {
        submit { self.running = false }
    }

    package var isInLoop: Bool {
        pthread_getspecific(key) == Unmanaged.passUnretained(self).toOpaque()
    }

    private func deliver(_ event: epoll_event) {
        let fd = Int32(truncatingIfNeeded: event.data.u64 & 0xFFFF_FFFF)
        let generation = UInt32(truncatingIfNeeded: event.data.u64 >> 32)
        if generation == 0 {
            var value: eventfd_t = 0
            eventfd_read(wake, &value)
        } else if let registration = sources[fd], registration.generation == generation {
            // A stale event of the same batch never reaches a reused descriptor: its generation differs.
            registration.source.ready(event.events)
        }
    }

    private func drain() {
        let (jobs, calls) = inbox.withLock { inbox in
            defer { inbox = Inbox() }
            return (inbox.jobs, inbox.calls)
        }
        for call in calls { call() }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        // Bounded to one generation a turn, so that tasks which keep resuming each other do not starve sockets.
        let mine = local
        local = []
        for job in mine { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isInLoop {
            local.append(job)
        } else {
            wakeIfFirst { $0.jobs.append(job) }
        }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Runs `body` on the loop's thread, soon; callable from any thread.
    package func submit(_ body: @escaping @Sendable () -> Void) {
        wakeIfFirst { $0.calls.append(body) }
    }

    private func wakeIfFirst(_ add: (inout Inbox) -> Void) {
        let first = inbox.withLock { inbox in
            defer { add(&inbox) }
            return inbox.isEmpty
        }
        if first { eventfd_write(wake, 1) }
    }

    // MARK: Descriptors (on the loop only)

    /// Level-triggered. `events` is a mask of `EPOLLIN`, `EPOLLOUT`, `EPOLLRDHUP`. The source is held until `deregister`.
    package func register(_ source: any EventSource, fd: Int32, events: UInt32) {
        precondition(isInLoop, "register off the loop")
        let generation = nextGeneration
        nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1
        sources[fd] = Registration(source: source, generation: generation, events: events)
        control(EPOLL_CTL_ADD, fd, events: events, generation: generation)
    }

    package func modify(fd: Int32, events: UInt32) {
        precondition(isInLoop, "modify off the loop")
        guard let registration = sources[fd], registration.events != events else { return }
        sources[fd]?.events = events
        control(EPOLL_CTL_MOD, fd, events: events, generation: registration.generation)
    }

    /// Call before closing the descriptor.
    package func deregister(fd: Int32) {
        precondition(isInLoop, "deregister off the loop")
        guard sources.removeValue(forKey: fd) != nil else { return }
        control(EPOLL_CTL_DEL, fd, events: 0, generation: 0)
    }

    private func control(_ operation: Int32, _ fd: Int32, events: UInt32, generation: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(UInt32(bitPattern: fd)) | UInt64(generation) << 32
        epoll_ctl(epoll, operation, fd, &event)
    }

    // MARK: Timers

    /// Runs `body` on the loop after `delay`; cancel through the returned timer. On the loop only.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        precondition(isInLoop, "schedule off the loop")
        let timer = LoopTimer(deadline: MonotonicClock.now() + max(0, delay.microseconds), body: body)
        timers.insert(timer)
        return timer
    }

    /// Suspends without the 50–90 µs that `Task.sleep` costs on Linux. Throws `CancellationError` at once when cancelled.
    package func sleep(for delay: Duration) async throws {
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                sleeper.begin(continuation)
                submit { sleeper.timer = self.schedule(after: delay) { sleeper.end(nil) } }
            }
        } onCancel: {
            submit {
                sleeper.timer?.cancel()
                sleeper.end(CancellationError())
            }
            sleeper.markCancelled()
        }
    }

    // MARK: Blocking work

    /// Runs `body` on a thread of its own and resumes the caller with its result. For rare calls that block
    /// (connecting libpq) or burn CPU for more than a millisecond (scrypt).
    package func offload<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            Thread.start(name: "\(name)-aside") { continuation.resume(with: Result { try body() }) }
        }
    }
}

/// Something with a descriptor. `ready` runs on the loop's thread and must not block.
package protocol EventSource: AnyObject {
    func ready(_ events: UInt32)
}
