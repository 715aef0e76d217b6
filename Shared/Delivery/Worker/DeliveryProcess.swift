import Access
import Core
import Crypto
import EventLoop
import HTTPClient
package import Hosting
import Model
import Postgres
package import Providers
import Queue
import Runtime

/// What every delivery worker's process is: lanes over one queue, the gate's rules, hooks, and wake-ups. A channel brings only itself.
package enum DeliveryProcess {
    /// Chunks at once, the lane for priority 0 included. Together they have `NEEDLETAIL_WINDOW` messages in flight, which is
    /// what a crash can leave in doubt.
    package static let lanes = 4

    /// Runs until the process is told to stop. No public routes.
    package static func run(
        _ name: String, channel: @escaping @Sendable (ServiceContext, ProviderTools) throws -> any DeliveryChannel
    ) async {
        await ServiceProcess.run(
            name, routes: { _ in [] },
            workers: { context in try workers(context, channel(context, try tools(context))) })
    }

    package static func tools(_ context: ServiceContext) throws -> ProviderTools {
        let client = OutboundClient(
            rules: OutboundRules(context.configuration), environment: context.environment, metrics: context.metrics)
        return ProviderTools(
            client: client, database: context.database, environment: context.environment, metrics: context.metrics,
            publicURL: context.configuration.publicURL, aws: try AWSAccess.of(context.configuration),
            isDevInboxOn: context.configuration.isDevInboxOn,
            references: SendReferences(masterKey: context.masterKey), loop: context.loop)
    }

    private static func workers(_ context: ServiceContext, _ channel: any DeliveryChannel) throws -> [BackgroundWorker]
    {
        let environment = context.environment
        let lease = LeaseTerms(owner: environment.newID(), duration: context.configuration.leaseTTL)
        let notifier = QueueNotifier(database: context.database, loop: context.loop, log: environment.log)
        let delivery = ChunkDelivery(
            channel: channel,
            database: context.database,
            environment: environment,
            lease: lease,
            window: max(1, context.configuration.window / lanes),
            rules: DeliveryRules(
                hooks: try hooks(context), tokens: DeliveryRates(),
                serviceEvents: ServiceEvents(
                    triggers: TriggerRegistry(database: context.database), hints: notifier, environment: environment))
        )
        let worker = Worker(
            terms: Worker.Terms(queue: channel.queue, lanes: lanes, lease: lease),
            loop: context.loop,
            database: context.database,
            environment: environment,
            settlement: Settlement(resolver: .ledger(environment, channel)),
            handler: { job, held in try await delivery.run(job, held) }
        )
        let hints = Listener(context.database, channels: [QueueNotifier.channel])
        return [
            BackgroundWorker(name: "delivery") { await worker.runUntilCancelled() },
            BackgroundWorker(name: "trigger-hints") { try await notifier.run() },
            BackgroundWorker(name: "queue-hints") {
                hints.start()
                while !Task.isCancelled {
                    if await hints.next(timeout: .seconds(60)) { worker.wake() }
                }
            },
        ]
    }

    /// What asks campaigns' hooks. Its connections, and their threads, come to be with the first call.
    private static func hooks(_ context: ServiceContext) throws -> HookFilter {
        let (environment, metrics) = (context.environment, context.metrics)
        let outbound = OutboundClient(
            rules: OutboundRules(context.configuration), environment: environment, metrics: metrics)
        let lambda = LambdaFunctions(
            client: HTTPClient(environment: environment, metrics: metrics, connectionsPerHost: 16),
            access: try AWSAccess.of(context.configuration), environment: environment)
        return HookFilter(
            caller: NetworkHooks(outbound: outbound, lambda: lambda), loop: context.loop, environment: environment,
            metrics: metrics)
    }
}
