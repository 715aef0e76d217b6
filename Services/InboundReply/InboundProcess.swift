import Access
import Core
import Delivery
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Providers
import Queue
import Runtime

/// What the routes and workers of this process share. Made with the routes, found again by the workers.
final class InboundProcess: Sendable {
    private let made = Lock<Inbound?>(nil)

    func routes(_ context: ServiceContext) throws -> [Route] {
        let inbound = try Inbound(context)
        made.withLock { $0 = inbound }
        return Routes.all(inbound)
    }

    func workers(_ context: ServiceContext) throws -> [BackgroundWorker] {
        guard let inbound = made.withLock({ $0 }) else { return [] }
        return inbound.workers + (try BackgroundWorker.lmtp(context) { try await inbound.store($0) })
    }
}

struct Inbound: Sendable {
    /// Commits at a time: one is prepared while Postgres works on the other.
    private static let lanes = 2

    let context: ServiceContext
    let tools: ProviderTools
    let providers: InboundProviders
    let intake: InboundIntake
    let metrics: InboundMetrics
    let slots = CallSlots()
    let hints: QueueNotifier
    let worker: CallWorker
    /// Answers people.
    let desk: ReplyDesk

    init(_ context: ServiceContext, bounds: InboundIntake.Bounds = Inbound.bounds) throws {
        self.context = context
        tools = try DeliveryProcess.tools(context)
        metrics = InboundMetrics(context.metrics)
        providers = InboundProviders(tools, masterKey: context.masterKey)
        hints = QueueNotifier(database: context.database, loop: context.loop, log: context.environment.log)
        desk = try ReplyDesk(context)
        let writer = InboundWriter(database: context.database)
        intake = InboundIntake(loop: context.loop, bounds: bounds, committer: { await writer.commit($0) })
        worker = CallWorker(
            context: context, providers: providers, replies: ConversationHandler(desk: desk),
            twoWay: TwoWay(tools, masterKey: context.masterKey),
            hints: hints, metrics: metrics)
    }

    /// Calls are small and each needs a row and its index; mail fills the bytes first.
    static var bounds: InboundIntake.Bounds {
        var bounds = InboundIntake.Bounds()
        bounds.startRows = 100
        bounds.batchRows = 1000
        bounds.batchBytes = 16 << 20
        bounds.waitingRows = 20_000
        bounds.waitingBytes = 128 << 20
        return bounds
    }

    /// Returns once it is durable; then there is a job for it.
    func store(_ call: StoredCall) async throws {
        do {
            try await intake.submit(call)
        } catch is InboundIntake.Overload {
            // Not 429: several providers take any 4xx for a final no.
            throw APIError.unavailable("Too many calls wait to be stored; try again")
        }
        hints.notify(.inbound)
    }

    var workers: [BackgroundWorker] {
        let lanes = (1...Self.lanes).map { number in
            BackgroundWorker(name: "inbound-lane-\(number)") { await intake.runLane() }
        }
        return lanes + worker.workers + desk.workers + [
            BackgroundWorker(name: "inbound-prune") { try await CallPruner(context: context).run() },
            BackgroundWorker(name: "queue-hints") { [hints] in try await hints.run() },
        ]
    }
}
