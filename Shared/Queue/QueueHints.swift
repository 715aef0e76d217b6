package import Core
package import EventLoop
package import Postgres

extension Worker {
    /// Wakes the worker when somebody says that there may be work. Runs until cancelled; polling goes on without it.
    package func followHints(of database: Database) async {
        let listener = Listener(database, channels: [QueueNotifier.channel])
        listener.start()
        while !Task.isCancelled {
            if await listener.next(timeout: .seconds(60)) { wake() }
        }
    }
}

/// Says "there may be work" to the workers of a queue, over NOTIFY: the first hint at once, then at most one per 100 ms.
///
/// Never inside a transaction that did the work: commits with pending notifies serialise on one database-wide lock (463
/// instead of 1,524 commits/s at 8 clients, reliability §3.7). A lost hint costs one poll interval.
package final class QueueNotifier: Sendable {
    package static let channel = "needletail_jobs"
    private static let interval: Duration = .milliseconds(100)

    private struct State {
        var pending: Set<JobQueue> = []
        var wakeup: Wakeup?
    }

    private let database: Database
    private let loop: EventLoop
    private let log: Logger
    private let state = Lock(State())

    package init(database: Database, loop: EventLoop, log: Logger) {
        self.database = database
        self.loop = loop
        self.log = log
    }

    /// Call after the commit that made the work true.
    package func notify(_ queue: JobQueue) {
        let wakeup = state.withLock { state in
            state.pending.insert(queue)
            return state.wakeup
        }
        wakeup?.end()
    }

    /// One hint at once, where work comes by ones.
    package static func hint(_ queue: JobQueue, on database: Database) async throws {
        _ = try await database.query("SELECT pg_notify(\(channel), \(queue.name))")
    }

    /// Runs until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            let wakeup = Wakeup()
            let queues = state.withLock { state in
                defer { state.pending = [] }
                state.wakeup = state.pending.isEmpty ? wakeup : nil
                return state.pending
            }
            if queues.isEmpty {
                await wakeup.wait(for: .seconds(3600), on: loop)
                continue
            }
            for queue in queues {
                try await Self.hint(queue, on: database)
            }
            try await loop.sleep(for: Self.interval)
        }
    }
}
