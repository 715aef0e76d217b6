import Core
import Delivery
import EventLoop
import Model
import Postgres
import Queue

/// Q1: from claim to durable outcome, with a channel that accepts everything at once. Ours is the delivery worker as it is: claim,
/// gate, fired, ledger, change log. The yardstick sends the same statements by plain libpq and looks at no row; the peer moves
/// as many jobs as we move recipients.
enum QueueContest {
    static let recipients = BenchContext.scaled(200_000, step: 4 * Limits.recipientsPerJob)
    /// Chunks at a time, as delivery-email has beside its lane for priority 0.
    static let lanes = 3
    private static let peerJobs = BenchContext.scaled(10_000, step: 100)

    static func run(_ context: BenchContext) async throws {
        let bench = try await BenchDatabase(context)
        let (prepare, url) = (preparation(bench, recipients), bench.url)
        let raw = Contender(name: "the same SQL, libpq pipelines, \(lanes) connections", own: .client, prepare: prepare)
        {
            let drain = RawChunkDrain(bench)
            let counts = try await BlockingThreads.run(lanes, on: context.loop) { _ in try drain.run(url) }
            return Work(try check(counts.reduce(0, +), recipients))
        }
        let peer = try peer(context)
        let contest = Contest(
            title: "Q1 queue, \(recipients) recipients in chunks of \(Limits.recipientsPerJob)", unit: "recipients",
            contenders: [
                ours(bench, context, window: Limits.recipientsPerJob, recipients),
                ours(bench, context, window: 25, recipients / 4),
                raw, peer,
            ],
            roots: [bench.postmaster: .postgres], loop: context.loop
        )
        let samples = try await contest.run()
        Contest.judge("Q1 window 500 / raw SQL", samples[0], over: samples[2], aim: 0.65)
        Contest.judge("Q1 window 500 / pgqueuer", samples[0], over: samples[3], aim: 25)
        await bench.database.close()
    }

    private static func preparation(_ bench: BenchDatabase, _ recipients: Int) -> @Sendable () async throws -> Void {
        {
            try await bench.reset(planned: recipients, isFannedOut: true)
            try await bench.database.execute(bench.enqueueRaw(recipients))
            try await bench.withoutTransaction("VACUUM (ANALYZE) jobs")
        }
    }

    private static func check(_ count: Int, _ recipients: Int) throws(Fault) -> Int {
        guard count == recipients else {
            throw Fault(.integrity, "\(count) of \(recipients) recipients have an outcome")
        }
        return count
    }

    private static func ours(
        _ bench: BenchDatabase, _ context: BenchContext, window: Int, _ recipients: Int
    ) -> Contender {
        Contender(
            name: "delivery worker, window \(window), \(lanes) lanes", own: .ours,
            prepare: preparation(bench, recipients)
        ) {
            let delivery = ChunkDelivery(
                channel: NullChannel(), database: bench.database, environment: bench.environment, lease: bench.lease,
                window: window)
            let left = Lock(recipients / Limits.recipientsPerJob)
            let done = Completion()
            let worker = Worker(
                terms: Worker.Terms(queue: .email, lanes: lanes + 1, lease: bench.lease), loop: context.loop,
                database: bench.database, environment: bench.environment,
                settlement: Settlement(resolver: .ledger(bench.environment))
            ) { job, held in
                try await delivery.run(job, held)
                let rest = left.withLock { left in
                    left -= 1
                    return left
                }
                if rest == 0 { done.signal() }
            }
            let start = MonotonicClock.now()
            let seconds = await withTaskGroup(of: Void.self) { group in
                group.addTask { await worker.runUntilCancelled() }
                await done.wait()
                let seconds = Double(MonotonicClock.now() - start) / 1_000_000
                group.cancelAll()
                return seconds
            }
            let count: Int64 = try await bench.database.query("SELECT count(*) FROM send_outcomes WHERE outcome = 1")[0]
                .get(0)
            return Work(try check(Int(count), recipients), seconds: seconds)
        }
    }

    /// pgqueuer, its own API, jobs that do nothing, in batches of 100.
    private static func peer(_ context: BenchContext) throws -> Contender {
        let suite = try context.databaseURL
        let name = "needletail_bench_peer"
        let url = BenchDatabase.url(suite, database: name)
        let (python, script) = (try BenchContext.require("BENCH_PYTHON"), try BenchContext.require("BENCH_FOLDER"))
        return Contender(name: "pgqueuer, batches of 100", own: .client) {
            try await context.loop.offload {
                let admin = try RawConnection(suite)
                try admin.run("DROP DATABASE IF EXISTS \(name)")
                try admin.run("CREATE DATABASE \(name)")
            }
        } run: {
            let output = try await context.loop.offload {
                try Subprocess.output([python, "\(script)/pgqueuer_drain.py", url, String(peerJobs)])
            }
            guard let seconds = Double(output.split(separator: "\n").last ?? ""), seconds > 0 else {
                throw Fault(.unavailable, "the pgqueuer script answered \(output)")
            }
            return Work(peerJobs, seconds: seconds)
        }
    }
}

/// Accepts every message at once.
private struct NullChannel: DeliveryChannel, PreparedRun {
    let type = "EMAIL"

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { _ in .accepted(providerReference: RawChunkDrain.reference) }
    }
}

/// Lets one waiter go on, once.
final class Completion: Sendable {
    private struct State {
        var isDone = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Lock(State())

    func signal() {
        let waiter = state.withLock { state in
            state.isDone = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.isDone { state.waiter = continuation }
                return state.isDone
            }
            if isDone { continuation.resume() }
        }
    }
}
