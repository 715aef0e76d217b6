import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import Postgres
import Runtime
import Segments

/// Counts segments: from the column index where it can, else by SQL. Both give the same numbers.
struct Estimates: Sendable {
    private let context: ServiceContext
    let shelf: AudienceShelf
    let thread: IndexThread
    let metrics: IndexMetrics

    init(_ context: ServiceContext) throws {
        self.context = context
        metrics = IndexMetrics(context.metrics)
        shelf = AudienceShelf(
            limitBytes: context.configuration.indexMegabytes << 20, log: context.environment.log, metrics: metrics)
        thread = try IndexThread()
    }

    var workers: [BackgroundWorker] {
        guard shelf.limitBytes > 0 else { return [] }
        return [
            IndexLoader(context: context, shelf: shelf, thread: thread, metrics: metrics).worker,
            IndexFollower(context: context, shelf: shelf, metrics: metrics).worker,
            IndexCheck(context: context, shelf: shelf, metrics: metrics).worker,
        ]
    }

    func estimate(
        _ segment: ResolvedSegment, app: AppID, now: Instant
    ) async throws -> (estimate: SegmentEstimate, source: IndexMetrics.Source) {
        if let estimate = try await IndexedEstimate(context: context, shelf: shelf)
            .estimate(segment, app: app, now: now)
        {
            metrics.noteAnswer(.index)
            return (estimate, .index)
        }
        let estimate = try await context.database.withSession { session in
            try await SegmentEstimator.estimate(segment, app: app, now: now, in: session)
        }
        metrics.noteAnswer(.sql)
        return (estimate, .sql)
    }
}

/// Made with the routes, found again by the workers of the same process.
final class SegmentProcess: Sendable {
    private let made = Lock<Estimates?>(nil)

    var estimates: Estimates? { made.withLock { $0 } }

    func routes(_ context: ServiceContext) throws -> [Route] {
        let estimates = try Estimates(context)
        made.withLock { $0 = estimates }
        return Routes.all(estimates)
    }

    func workers(_ context: ServiceContext) -> [BackgroundWorker] {
        [AttributeIndexWorker(context: context).worker] + (estimates?.workers ?? [])
    }
}
