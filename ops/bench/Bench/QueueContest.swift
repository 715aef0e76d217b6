import Core
import Delivery
import EventLoop
import Model
import Postgres
import Providers
import Queue
import Templates

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
                planned(bench, context, "quiet time", RunRules(quietTime: quietTime)),
                planned(bench, context, "quiet time, caps", RunRules(quietTime: quietTime, caps: caps)),
                raw, peer,
            ],
            roots: [bench.postmaster: .postgres], loop: context.loop
        )
        let samples = try await contest.run()
        Contest.judge("Q1 window 500 / raw SQL", samples[0], over: samples[4], aim: 0.65)
        Contest.judge("Q1 plan, render, gate with quiet time / raw SQL", samples[2], over: samples[4], aim: 0.65)
        Contest.judge(
            "Q1 plan, render, gate with quiet time and caps / raw SQL", samples[3], over: samples[4], aim: nil)
        Contest.judge("Q1 window 500 / pgqueuer", samples[0], over: samples[5], aim: 25)
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
            try await deliver(recipients, bench, context, NullChannel(), window: window)
        }
    }

    /// Nobody's hour during the run: it is asked of everybody and refuses nobody.
    private static var quietTime: QuietWindow { QuietWindow(start: 0, end: 0) }
    private static let caps = FrequencyCaps(campaignDaily: 1, appDaily: 2, total: 3)

    /// The whole way of a campaign but for its provider: fan-out, claim, gate with these rules, a text message rendered per person,
    /// outcome.
    private static func planned(
        _ bench: BenchDatabase, _ context: BenchContext, _ title: String, _ rules: RunRules
    ) -> Contender {
        let plan = bench.plan(text: RenderingChannel.text, rules: rules)
        return Contender(name: "planned and rendered, \(title)", own: .ours) {
            try await bench.reset(planned: 0, isFannedOut: false, plan: plan)
        } run: {
            let start = MonotonicClock.now()
            let fanOut = FanOut(
                plan: plan, predicate: "e.channel_type = 'EMAIL'", kind: ChunkDelivery.kind)
            let bounds = FanOut.Bounds(members: min(50_000, recipients))
            var progress: FanOut.Progress?
            repeat {
                progress = try await bench.database.transaction { session in
                    try await fanOut.step(bounds, now: bench.environment.now(), in: session)
                }
            } while (progress?.planned ?? .max) < Int64(recipients)
            let fannedOut = Double(MonotonicClock.now() - start) / 1_000_000
            let channel = RenderingChannel(environment: .of(bench.environment))
            let work = try await deliver(recipients, bench, context, channel, window: Limits.recipientsPerJob)
            return Work(work.units, seconds: fannedOut + (work.seconds ?? 0))
        }
    }

    /// Until every chunk is done; the time is that of the work alone.
    private static func deliver(
        _ recipients: Int, _ bench: BenchDatabase, _ context: BenchContext, _ channel: any DeliveryChannel, window: Int
    ) async throws -> Work {
        let delivery = ChunkDelivery(
            channel: channel, database: bench.database, environment: bench.environment, lease: bench.lease,
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
    let queue = JobQueue.email

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { _ in .accepted(providerReference: RawChunkDrain.reference) }
    }
}

/// Renders a text message for each person, and accepts it.
private struct RenderingChannel: DeliveryChannel {
    static let text =
        "Hi {{Attributes.Plan}} member! You bought {{Metrics.Purchases}} times and spent {{Metrics.Spent}} euros. "
        + "{{#if Attributes.LastPurchase}}Come back: https://example.com/{{Id}}{{/if}}"

    struct Run: PreparedRun {
        let program: PersonalProgram
        let environment: TemplateEnvironment

        func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
            sends.map { send in
                let text = try? program.render(RecipientValues(send.recipient), environment, escaping: .none)
                guard let text, !text.isEmpty else { return .rejected(.rendering, detail: "", isAddressDead: false) }
                return .accepted(providerReference: RawChunkDrain.reference)
            }
        }
    }

    let queue = JobQueue.email
    let environment: TemplateEnvironment

    func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        Run(program: try PersonalProgram(plan.treatments[0].email?.text ?? "", .none), environment: environment)
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
