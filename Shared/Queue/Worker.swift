package import Core
package import EventLoop
package import Postgres

/// Takes jobs of one queue and hands them to a handler, one per lane.
///
/// The first lane takes priority 0 only, so that a big campaign never delays a password reset. An idle lane polls: 50 ms
/// after work, backing off to 1 s; a hint (`wake`) cuts the wait short. Polling is the truth.
package final class Worker: Sendable {
    package typealias Handler = @Sendable (_ job: LeasedJob, _ lease: HeldLease) async throws -> Void

    package struct Terms: Sendable {
        package var queue: JobQueue
        /// Jobs handled at once, the priority lane included.
        package var lanes: Int
        package var lease: LeaseTerms
        package var shortestPoll: Duration = .milliseconds(50)
        package var longestPoll: Duration = .seconds(1)

        package init(queue: JobQueue, lanes: Int, lease: LeaseTerms) {
            self.queue = queue
            self.lanes = lanes
            self.lease = lease
        }
    }

    private let terms: Terms
    private let loop: EventLoop
    private let database: Database
    private let environment: Environment
    private let settlement: Settlement
    private let handler: Handler
    private let waiting = Lock(Waiting())
    private let held = HeldLeases()
    private let returns = ExpectedReturns()
    private let stopping = Lock(false)

    private struct Waiting {
        /// How often `wake` was called: a lane that looked before the last call has to look again.
        var hints = 0
        var lanes: [Wakeup] = []
    }

    package init(
        terms: Terms,
        loop: EventLoop,
        database: Database,
        environment: Environment,
        settlement: Settlement,
        handler: @escaping Handler
    ) {
        self.terms = terms
        self.loop = loop
        self.database = database
        self.environment = environment
        self.settlement = settlement
        self.handler = handler
    }

    /// Runs until the calling task is cancelled; lanes then finish the window they are in.
    ///
    /// The work is a task of its own because cancellation must not reach the statements that record outcomes.
    package func runUntilCancelled() async {
        let work = Task(executorPreference: loop) { await self.run() }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            stop()
        }
    }

    private func run() async {
        await withTaskGroup(of: Void.self) { lanes in
            for lane in 0..<terms.lanes {
                lanes.addTask { await self.runLane(maximumPriority: lane == 0 ? 0 : .max) }
            }
            let upkeep = [keepLeases, reap]
            await withTaskGroup(of: Void.self) { keepers in
                for task in upkeep { keepers.addTask { await task() } }
                await lanes.waitForAll()
                keepers.cancelAll()
            }
        }
    }

    package func stop() {
        stopping.withLock { $0 = true }
        wake()
    }

    package var isStopping: Bool { stopping.withLock { $0 } }

    /// There may be work: ends the waits of idle lanes. Callable from anywhere.
    package func wake() {
        let lanes = waiting.withLock { waiting in
            defer { waiting.lanes = [] }
            waiting.hints += 1
            return waiting.lanes
        }
        for lane in lanes { lane.end() }
    }

    // MARK: Lanes

    private func runLane(maximumPriority: Int16) async {
        var poll = terms.shortestPoll
        while !isStopping {
            let hints = waiting.withLock(\.hints)
            do {
                let jobs = try await Claim.take(
                    terms.queue,
                    maximumPriority: maximumPriority,
                    limit: 1,
                    lease: terms.lease,
                    now: environment.now(),
                    in: database
                )
                guard let job = jobs.first else {
                    await idle(poll, unlessHintedSince: hints, takesAll: maximumPriority > 0)
                    poll = min(poll * 2, terms.longestPoll)
                    continue
                }
                poll = terms.shortestPoll
                await handle(job)
            } catch {
                environment.log.error("queue.claim_failed", error)
                await idle(terms.longestPoll, unlessHintedSince: hints, takesAll: false)
            }
        }
    }

    private func handle(_ job: LeasedJob) async {
        let lease = held.add(job, terms: terms.lease, isStopping: { self.isStopping })
        defer { held.remove(job) }
        do {
            try await handler(job, lease)
            if let due = lease.comesBackAt { returns.add(due) }
        } catch {
            environment.log.error("queue.job_failed", error, ["job": .integer(job.id), "kind": .string(job.kind)])
            let backoff = Backoff(base: .seconds(1), cap: .seconds(60))
            let delay = backoff.delay(attempt: Int(job.attempt), random: environment.randomWord())
            do {
                try await settlement.settle(failed: job, dueAt: environment.now() + delay, in: database)
            } catch {
                // The lease runs out and a reaper settles it.
                environment.log.error("queue.settle_failed", error, ["job": .integer(job.id)])
            }
        }
    }

    /// A lane that takes jobs of all priorities also looks when one is due that this process gave back.
    private func idle(_ duration: Duration, unlessHintedSince hints: Int, takesAll: Bool) async {
        let wakeup = Wakeup()
        let isHinted = waiting.withLock { waiting in
            waiting.lanes.append(wakeup)
            return waiting.hints != hints
        }
        if isHinted || isStopping { wakeup.end() }
        let expected = takesAll ? returns.takeFirst(before: environment.now() + duration) : nil
        await wakeup.wait(for: expected.map { max(.zero, $0 - environment.now()) } ?? duration, on: loop)
        // Somebody else may have something to do now, and nobody would look at that time.
        if let expected, environment.now() < expected { returns.add(expected) }
        waiting.withLock { waiting in waiting.lanes.removeAll { $0 === wakeup } }
    }

    // MARK: Upkeep

    /// Extends the leases of running jobs at a third of their duration.
    private func keepLeases() async {
        while !Task.isCancelled {
            try? await loop.sleep(for: terms.lease.duration / 3)
            let jobs = held.jobs
            guard !jobs.isEmpty, !Task.isCancelled else { continue }
            let before = MonotonicClock.now()
            do {
                let rows = try await database.query(Progress.extend(jobs, lease: terms.lease))
                held.extended(Set(try rows.map { try $0.get(0) as Int64 }), of: jobs, at: before, terms: terms.lease)
            } catch {
                environment.log.error("queue.extend_failed", error)
            }
        }
    }

    private func reap() async {
        let reaper = Reaper(queue: terms.queue, settlement: settlement, database: database, log: environment.log)
        let interval = min(terms.lease.duration / 4, .seconds(5))
        while !Task.isCancelled {
            do {
                if try await reaper.runOnce().settled > 0 { wake() }
            } catch {
                environment.log.error("queue.reap_failed", error)
            }
            // Spread, so that several processes do not scan in step.
            let jitter = Int64(environment.randomWord() % UInt64(max(1, interval.microseconds / 4)))
            try? await loop.sleep(for: interval + .microseconds(jitter))
        }
    }
}
