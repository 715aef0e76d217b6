import Core
import EventLoop
import Hosting
import Model
import Postgres

/// Makes the indexes on attributes that stored segments of large apps need, and drops those that no segment needs any more.
///
/// It looks once a minute, and thinks only when a segment was written or deleted, or an hour has passed. An installation
/// without large apps and segments gets no index and pays nothing.
struct AttributeIndexWorker: Sendable {
    private static let pause: Duration = .seconds(60)
    private static let longestRest: Duration = .seconds(3600)

    let context: ServiceContext

    var worker: BackgroundWorker {
        BackgroundWorker(name: "attribute-indexes") { try await run() }
    }

    private func run() async throws {
        var seen: String?
        var restUntil: Int64 = 0
        while !Task.isCancelled {
            try await context.loop.sleep(for: Self.pause)
            let mark = try await context.database.withSession { try await AttributeIndexStore.mark(in: $0) }
            if mark == seen, MonotonicClock.now() < restUntil { continue }
            guard try await pass() else { continue }
            seen = mark
            restUntil = MonotonicClock.now() + Self.longestRest.microseconds
        }
    }

    /// False when another process is at it.
    private func pass() async throws -> Bool {
        try await context.database.withSession { session in
            guard try await AttributeIndexStore.lock(in: session) else { return false }
            do {
                try await change(in: session)
            } catch {
                // The connection lives on; a lost one has lost the lock too.
                _ = try? await AttributeIndexStore.unlock(in: session)
                throw error
            }
            try await AttributeIndexStore.unlock(in: session)
            return true
        }
    }

    private func change(in session: Session) async throws {
        let log = context.environment.log
        let change = try await AttributeIndexChange.needed(in: session)
        for name in change.drop {
            try await AttributeIndexStore.drop(name, in: session)
            log.info("attribute_index.dropped", ["index": .string(name)])
        }
        for index in change.create where !Task.isCancelled {
            let start = MonotonicClock.now()
            try await AttributeIndexStore.create(index, in: session)
            log.info(
                "attribute_index.made",
                [
                    "index": .string(index.name), "app": .string(index.app.description),
                    "milliseconds": .integer((MonotonicClock.now() - start) / 1000),
                ])
        }
    }
}
