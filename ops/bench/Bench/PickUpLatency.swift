import Core
import Delivery
import EventLoop
import Model
import Postgres
import Queue

/// Q4: a job put into the queue of an idle worker, until its handler begins; over LISTEN/NOTIFY between two connection pools, as
/// between two processes. Once from before the transaction that enqueues, and once from its commit.
enum PickUpLatency {
    private static let samples = BenchContext.scaled(300, step: 1)
    private static let queue = JobQueue("bench.pick-up")

    static func run(_ context: BenchContext) async throws {
        let bench = try await BenchDatabase(context)
        let consumer = Database(
            url: bench.url, loop: context.loop, environment: context.environment, metrics: context.metrics, poolSize: 4)
        let notifier = QueueNotifier(database: bench.database, loop: context.loop, log: context.environment.log)
        let hints = Listener(consumer, channels: [QueueNotifier.channel])
        let begun = Lock<(at: Int64, done: Completion)?>(nil)
        let worker = Worker(
            terms: Worker.Terms(queue: queue, lanes: 2, lease: bench.lease), loop: context.loop, database: consumer,
            environment: bench.environment, settlement: Settlement(resolver: .ledger(bench.environment))
        ) { job, _ in
            let now = MonotonicClock.now()
            try await consumer.execute(Progress.complete(job))
            begun.withLock { state in
                state?.at = now
                state?.done.signal()
            }
        }
        let tasks: [Task<Void, Never>] = [
            Task(executorPreference: context.loop) { await worker.runUntilCancelled() },
            Task(executorPreference: context.loop) { try? await notifier.run() },
            Task(executorPreference: context.loop) {
                hints.start()
                while !Task.isCancelled {
                    if await hints.next(timeout: .seconds(1)) { worker.wake() }
                }
            },
        ]
        var (whole, picked): ([Double], [Double]) = ([], [])
        for _ in 0..<samples {
            // Past the notifier's pause and into the worker's longest waits.
            try await context.loop.sleep(for: .milliseconds(150 + Int64(context.environment.randomWord() % 700)))
            let done = Completion()
            begun.withLock { $0 = (0, done) }
            let start = MonotonicClock.now()
            let job = NewJob(queue: queue, kind: "bench", dueAt: context.environment.now())
            try await bench.database.transaction { try await Queue.enqueue(job, in: $0) }
            let committed = MonotonicClock.now()
            notifier.notify(queue)
            await done.wait()
            let at = begun.withLock { $0?.at ?? 0 }
            whole.append(Double(at - start) / 1000)
            picked.append(Double(at - committed) / 1000)
        }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.value }
        Report.line("## Q4 pick-up of a job by an idle worker")
        Report.line()
        Report.latency("from before the enqueuing transaction", whole)
        Report.latency("from its commit", picked)
        let (p50, p99) = (Report.percentile(picked, 0.5), Report.percentile(picked, 0.99))
        Report.line(
            "**Q4: p50 \(Report.fixed(p50, 2)) ms (aim ≤ 3, \(p50 <= 3 ? "met" : "missed")), "
                + "p99 \(Report.fixed(p99, 2)) ms (aim ≤ 10, \(p99 <= 10 ? "met" : "missed"))**")
        Report.line()
        await consumer.close()
        await bench.database.close()
    }
}
