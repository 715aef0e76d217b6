import Core
import EventLoop
import Hosting
import Model
import Postgres
import Runtime

/// Builds the index of an app that was asked about: notes where the change log stands, reads the tables page by page, each in
/// a short transaction of its own, and then reads again what changed meanwhile.
struct IndexLoader: Sendable {
    private static let rowsPerPage = 2000
    private static let pagesPerCheck = 16

    let context: ServiceContext
    let shelf: AudienceShelf
    let thread: IndexThread
    let metrics: IndexMetrics

    var worker: BackgroundWorker {
        BackgroundWorker(name: "index-loader") { try await run() }
    }

    private func run() async throws {
        while true {
            let app = try await shelf.nextWanted(on: context.loop)
            do {
                guard let index = try await load(app) else {
                    context.environment.log.warning(
                        "index.too_large",
                        [
                            "app": .string(app.description),
                            "limit_mb": .integer(Int64(shelf.limitBytes >> 20)),
                        ])
                    shelf.refuse(app)
                    continue
                }
                shelf.finish(index)
                shelf.note()
            } catch {
                // SQL answers; somebody will ask again.
                if !(error is CancellationError) { shelf.refuse(app, for: .seconds(5)) }
                throw error
            }
        }
    }

    /// Nil when the app does not fit.
    func load(_ app: AppID) async throws -> AudienceIndex? {
        let start = MonotonicClock.now()
        let first = AudienceIndex.firstWeek(now: context.environment.now())
        let (position, twins) = try await context.database.withSession { session in
            (try await ChangeFeed.position(in: session), try await ColumnFeed.twins(app, in: session))
        }
        let columns = OwnedIndex(eventsFrom: first.start, thread: thread)
        guard try await fill(columns, app, from: first, twins: twins) else {
            try await columns.clear()
            return nil
        }
        let index = AudienceIndex(
            app: app, columns: columns, eventsFrom: first, position: position, askedAt: MonotonicClock.now())
        let loaded = try await columns.footprint()
        index.update { $0.footprint = loaded }
        guard try await IndexFollower(context: context, shelf: shelf, metrics: metrics).catchUp(index) else {
            // Too much changed while it was loaded: once more, later.
            try await columns.clear()
            throw Fault(.unavailable, "the app changed faster than its index could be loaded", isRetryable: true)
        }
        try await columns.settle()
        let footprint = try await columns.footprint()
        index.update { $0.footprint = footprint }
        metrics.loads.increment()
        context.environment.log.info(
            "index.loaded",
            [
                "app": .string(app.description), "rows": .integer(Int64(footprint.rows)),
                "column_bytes": .integer(Int64(footprint.columnBytes)),
                "behavior_bytes": .integer(Int64(footprint.behaviorBytes)),
                "milliseconds": .integer((MonotonicClock.now() - start) / 1000),
            ])
        return index
    }

    private struct Page: Sendable {
        var rows: [Row]
        var events: [Row]
        /// Nil after the last.
        var next: Int64?
    }

    /// Reads a page while the one before is taken in. False when it does not fit.
    private func fill(_ columns: OwnedIndex, _ app: AppID, from first: Day, twins: Set<Int64>) async throws -> Bool {
        var page = try await read(app, from: .min, first)
        var pages = 1
        while true {
            let current = page
            async let taken: Void = columns.append(current.rows, events: current.events, twins: twins)
            if let next = current.next {
                page = try await read(app, from: next, first)
            }
            try await taken
            Failpoint.hit("index_page")
            if pages % Self.pagesPerCheck == 0 || current.next == nil {
                guard try await shelf.makeRoom(for: columns.footprint().bytes) else { return false }
            }
            if current.next == nil { return true }
            pages += 1
        }
    }

    private func read(_ app: AppID, from key: Int64, _ first: Day) async throws -> Page {
        try await context.database.transaction { session in
            let statements = ColumnFeed.plannerSettings + [ColumnFeed.page(app, from: key, limit: Self.rowsPerPage)]
            let rows = try await session.batch(statements).last ?? []
            guard let lowest = try rows.first?.get(0) as Int64?, let highest = try rows.last?.get(0) as Int64? else {
                return Page(rows: [], events: [], next: nil)
            }
            let weeks = AudienceIndex.weeks(from: first, now: context.environment.now())
            let events = try await session.commit(
                with: [ColumnFeed.events(app, in: lowest...highest, weeks: weeks, from: first.start)])
            let isLast = rows.count < Self.rowsPerPage || highest == .max
            return Page(rows: rows, events: events[0], next: isLast ? nil : highest + 1)
        }
    }
}
