import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue
import Runtime

/// What the routes and lanes of this process share.
struct Ingest: Sendable {
    let context: ServiceContext
    let queue: IngestQueue
    let tokens: TrackingTokens
    let campaigns: RunCampaigns
    let attributes: AttributeRegistry
    let inApp = InAppCampaignCache()
    let inAppStreams = InAppStreams()
    let triggers: TriggerRegistry
    /// Tells campaign-scheduler that events have started campaigns.
    private let hints: QueueNotifier

    /// Commits at a time: one is prepared while Postgres works on the other.
    private static let lanes = 2

    init(_ context: ServiceContext, bounds: IngestQueue.Bounds = IngestQueue.Bounds()) {
        self.context = context
        tokens = TrackingTokens(masterKey: context.masterKey)
        campaigns = RunCampaigns(database: context.database)
        attributes = AttributeRegistry(database: context.database)
        triggers = TriggerRegistry(database: context.database)
        let hints = QueueNotifier(database: context.database, loop: context.loop, log: context.environment.log)
        self.hints = hints
        let writer = IngestWriter(
            database: context.database, partitions: Partitions(context.database, retention: EventRules.retention),
            hasher: SuppressionHasher(masterKey: context.masterKey), metrics: context.metrics, attributes: attributes,
            onTrigger: { hints.notify(.triggers) })
        queue = IngestQueue(writer: writer, loop: context.loop, bounds: bounds)
    }

    var workers: [BackgroundWorker] {
        let lanes = (1...Self.lanes).map { number in
            BackgroundWorker(name: "ingest-lane-\(number)") { await queue.runLane() }
        }
        let eraser = EraseWorker(
            database: context.database, environment: context.environment,
            leaseDuration: context.configuration.leaseTTL)
        return lanes + [
            BackgroundWorker(name: "erase") { [loop = context.loop] in await eraser.run(on: loop) },
            BackgroundWorker(name: "queue-hints") { [hints] in try await hints.run() },
        ]
    }

    /// Returns once it is durable.
    func store(_ request: IngestRequest) async throws -> IngestOutcome {
        do {
            return try await queue.submit(request)
        } catch let error as APIError {
            // The app is gone: its next request need not wait for a commit to learn it.
            context.apps.forget(request.app)
            throw error
        } catch is IngestQueue.Overload {
            throw APIError.tooManyRequests("Too many requests wait to be stored; try again in a second")
        }
    }
}

/// Made with the routes, found again by the workers of the same process.
final class IngestProcess: Sendable {
    private let made = Lock<Ingest?>(nil)

    func routes(_ context: ServiceContext) -> [Route] {
        let ingest = Ingest(context)
        made.withLock { $0 = ingest }
        return Routes.all(ingest)
    }

    func workers(_: ServiceContext) -> [BackgroundWorker] {
        made.withLock { $0?.workers ?? [] }
    }
}
