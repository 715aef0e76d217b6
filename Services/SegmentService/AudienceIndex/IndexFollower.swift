import Core
import EventLoop
import Hosting
import Model
import Postgres
import Runtime

/// Keeps every loaded index within a quarter of a second of the tables, and drops those that nobody asks about.
struct IndexFollower: Sendable {
    private static let pause: Duration = .milliseconds(250)
    /// Of an index that nobody asked about for `restAfter`; who asks again catches up by himself.
    private static let restingPause: Duration = .seconds(1)
    private static let restAfter: Duration = .seconds(60)
    private static let housekeepingEvery: Duration = .seconds(5)
    /// So many changed endpoints are re-read; beyond, and beyond half of the app, it is loaded again.
    private static let keysPerStep = 100_000

    let context: ServiceContext
    let shelf: AudienceShelf
    let metrics: IndexMetrics

    var worker: BackgroundWorker {
        BackgroundWorker(name: "index-follower") { try await run() }
    }

    private func run() async throws {
        var nextHousekeeping = MonotonicClock.now()
        while !Task.isCancelled {
            await shelf.waitForIndex(on: context.loop)
            for index in shelf.indexes where isDue(index) {
                try Task.checkCancellation()
                if try await !isKept(index) { try await shelf.drop(index, because: .lost) }
            }
            if MonotonicClock.now() >= nextHousekeeping {
                try await keepHouse()
                nextHousekeeping = MonotonicClock.now() + Self.housekeepingEvery.microseconds
            }
            try await context.loop.sleep(for: Self.pause)
        }
    }

    private func isDue(_ index: AudienceIndex) -> Bool {
        index.age >= Self.restingPause
            || MonotonicClock.now() - index.now.askedAt < Self.restAfter.microseconds
    }

    /// An error that waiting does not mend ends the index, not the following of others.
    private func isKept(_ index: AudienceIndex) async throws -> Bool {
        do {
            return try await catchUp(index)
        } catch let fault as SQLFault where !fault.isRetryable && !fault.isConnectionLost {
            context.environment.log.error("index.failed", fault, ["app": .string(index.app.description)])
            return false
        }
    }

    /// False when the index has to be loaded again.
    func catchUp(_ index: AudienceIndex) async throws -> Bool {
        let now = context.environment.now()
        let state = index.now
        let small = AudienceIndex.Bound(keys: AudienceIndex.Bound.question.keys, pages: 64)
        let large = AudienceIndex.Bound(keys: max(Self.keysPerStep, state.footprint.rows / 2), pages: .max)
        for bound in [small, large] {
            // Askers do not wait behind a long step.
            if bound.keys > small.keys { index.update { $0.isBusy = true } }
            defer { index.update { $0.isBusy = false } }
            // First the connection, then the turn, here and everywhere: who has the turn never waits for those behind.
            let progress = try await context.database.transaction(isolation: .repeatableRead) { session in
                try await index.turn.pass { try await index.follow(bound, now: now, in: session) }
            }
            switch progress {
            case .current(let renewed):
                metrics.keysRenewed.increment(by: renewed)
                return true
            case .lost: return false
            case .tooMuch: continue
            }
        }
        return false
    }

    private func keepHouse() async throws {
        let indexes = shelf.indexes
        let alive = try await AppStore.alive(indexes.map(\.app).sorted(), in: context.database)
        for index in indexes {
            if !alive.contains(index.app) {
                try await shelf.drop(index, because: .deleted)
            } else if MonotonicClock.now() - index.now.askedAt > AudienceShelf.idle.microseconds {
                try await shelf.drop(index, because: .idle)
            } else {
                let first = AudienceIndex.firstWeek(now: context.environment.now())
                let footprint = try await index.columns.shrink(to: first.start)
                index.update { $0.footprint = footprint }
            }
        }
        try await shelf.keepWithinLimits()
        shelf.note()
    }
}
