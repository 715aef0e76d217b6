package import Core
import EventLoop

/// What a handler knows of its own lease, by its own clock (`CLOCK_BOOTTIME`): after the deadline it must not start anything,
/// because a reaper may have given the work to someone else (F16: a process that was paused and wakes up).
package final class HeldLease: Sendable {
    /// Part of the lease kept back for a request that started at the last moment.
    private static let marginDivisor: Int64 = 4

    private let deadline: Lock<Int64>
    private let returning = Lock<Instant?>(nil)
    private let stopping: @Sendable () -> Bool

    init(takenAt: Int64, terms: LeaseTerms, isStopping: @escaping @Sendable () -> Bool) {
        deadline = Lock(HeldLease.deadline(from: takenAt, terms))
        stopping = isStopping
    }

    /// A lease taken now by a process that does not stop.
    package convenience init(terms: LeaseTerms) {
        self.init(takenAt: MonotonicClock.now(), terms: terms, isStopping: { false })
    }

    /// The process drains: finish what has begun, record it, and give the rest back.
    package var isStopping: Bool { stopping() }

    /// Microseconds of the monotonic clock.
    package var startBefore: Int64 { deadline.withLock { $0 } }

    /// The database confirmed the lease in a call that began at `start` (microseconds of the monotonic clock).
    package func confirmed(callBegan start: Int64, terms: LeaseTerms) {
        deadline.withLock { $0 = max($0, HeldLease.deadline(from: start, terms)) }
    }

    /// The handler gave the job back, due soon: this process looks then, and not at its next poll.
    package func comesBack(at due: Instant) {
        returning.withLock { $0 = due }
    }

    var comesBackAt: Instant? { returning.withLock { $0 } }

    func lose() {
        deadline.withLock { $0 = .min }
    }

    private static func deadline(from start: Int64, _ terms: LeaseTerms) -> Int64 {
        start + terms.duration.microseconds - terms.duration.microseconds / marginDivisor
    }
}

/// The jobs that run in this process now.
final class HeldLeases: Sendable {
    private let leases = Lock<[Int64: (job: LeasedJob, lease: HeldLease)]>([:])

    var jobs: [LeasedJob] { leases.withLock { $0.values.map(\.job) } }

    /// The claim was answered a moment ago, so its lease began before `now`; the margin covers the difference.
    func add(_ job: LeasedJob, terms: LeaseTerms, isStopping: @escaping @Sendable () -> Bool) -> HeldLease {
        let lease = HeldLease(takenAt: MonotonicClock.now(), terms: terms, isStopping: isStopping)
        leases.withLock { $0[job.id] = (job, lease) }
        return lease
    }

    func remove(_ job: LeasedJob) {
        leases.withLock { $0[job.id] = nil }
    }

    func extended(_ kept: Set<Int64>, of asked: [LeasedJob], at start: Int64, terms: LeaseTerms) {
        leases.withLock { leases in
            for job in asked {
                guard let held = leases[job.id] else { continue }
                if kept.contains(job.id) {
                    held.lease.confirmed(callBegan: start, terms: terms)
                } else {
                    held.lease.lose()
                }
            }
        }
    }
}
