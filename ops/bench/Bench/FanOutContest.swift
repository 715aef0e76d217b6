import Core
import Delivery
import EventLoop
import Model
import Postgres
import Queue

/// Q3: a campaign's start. Every recipient of a million in a durable chunk job, against one INSERT … SELECT that makes the same
/// jobs and nothing else: no chunk rows with digests, no cursor, no steps that bound a transaction.
enum FanOutContest {
    static let kind = ChunkDelivery.kind

    static func run(_ context: BenchContext) async throws {
        let bench = try await BenchDatabase(context)
        let total = BenchDatabase.endpoints
        let ours = Contender(name: "FanOut, steps of 50,000", own: .ours) {
            try await bench.reset(planned: 0, isFannedOut: false)
        } run: {
            let fanOut = FanOut(plan: bench.plan, predicate: "e.channel_type = 'EMAIL'", kind: kind)
            while true {
                let progress = try await bench.database.transaction { session in
                    try await fanOut.step(now: bench.environment.now(), in: session)
                }
                guard let progress else { throw Fault(.integrity, "the fan-out stopped early") }
                if progress.isComplete { return Work(Int(progress.planned)) }
            }
        }
        let raw = Contender(name: "one INSERT … SELECT", own: .client) {
            try await bench.reset(planned: 0, isFannedOut: false)
        } run: {
            let statement = try RawStatement(bench.enqueueRaw(total))
            let url = bench.url
            try await context.loop.offload { try RawConnection(url).pipeline([statement]) }
            return Work(total)
        }
        let contest = Contest(
            title: "Q3 fan-out of \(total) recipients", unit: "recipients", contenders: [ours, raw],
            roots: [bench.postmaster: .postgres], loop: context.loop
        )
        let samples = try await contest.run()
        // "At most twice the time" is "at least half the rate".
        Contest.judge("Q3 ours / one INSERT … SELECT", samples[0], over: samples[1], aim: 0.5)
        await bench.database.close()
    }
}
