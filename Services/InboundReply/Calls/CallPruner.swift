import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Removes calls and events that have had their time, a bounded number at a time.
struct CallPruner: Sendable {
    private static let pause: Duration = .seconds(60)
    /// A minute's worth: 230 million a day.
    private static let batches = 80

    let context: ServiceContext

    func run() async throws {
        while !Task.isCancelled {
            for _ in 0..<Self.batches {
                let (now, realNow) = (context.environment.now(), context.environment.realNow())
                let pruned = try await context.database.transaction { session in
                    try await InboundStore.prune(realNow: realNow, now: now, in: session)
                }
                if pruned < InboundStore.prunedPerBatch { break }
            }
            try await context.loop.sleep(for: Self.pause)
        }
    }
}
