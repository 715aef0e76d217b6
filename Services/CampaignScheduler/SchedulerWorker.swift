import Core
import EventLoop
import HTTPClient
import Hosting
import Postgres
import Queue
import Runtime

extension Scheduler {
    /// The workers of this process that start and carry runs.
    static func workers(_ context: ServiceContext, signal: SchedulerSignal) throws -> [BackgroundWorker] {
        let client = HTTPClient(environment: context.environment, metrics: context.metrics)
        let notifier = QueueNotifier(database: context.database, loop: context.loop, log: context.environment.log)
        let scheduler = Scheduler(
            context: context,
            segments: try ServicePeer(Settings.segmentURL, context: context, client: client),
            partitions: Partitions(context.database),
            hints: notifier,
            signal: signal
        )
        return [
            BackgroundWorker(name: "scheduler") { try await scheduler.run() },
            BackgroundWorker(name: "queue-hints") { try await notifier.run() },
        ] + TriggerWorker(context: context, hints: notifier, signal: signal).workers
    }
}
