import Core
import Crypto
import Delivery
import HTTPClient
import Hosting
import Model
import Postgres
import Queue
import Runtime

/// Takes jobs of the e-mail queue to an SMTP server. No public routes.
@main
enum DeliveryEmail {
    /// Chunks at once, the lane for priority 0 included. Together they have `NEEDLETAIL_WINDOW` messages in flight, which is
    /// what a crash can leave in doubt.
    static let lanes = 4

    static func main() async {
        await ServiceProcess.run(
            "delivery-email",
            routes: { _ in [] },
            workers: { context in try workers(context) }
        )
    }

    private static func workers(_ context: ServiceContext) throws -> [BackgroundWorker] {
        let environment = context.environment
        let lease = LeaseTerms(owner: environment.newID(), duration: context.configuration.leaseTTL)
        guard let smtpURL = context.configuration[Settings.smtpURL] else {
            throw Fault(.configuration, "NEEDLETAIL_SMTP_URL must name the SMTP server that takes e-mail")
        }
        let pool = SMTPPool(
            server: try SMTPServer(url: smtpURL), loop: context.loop, environment: environment, metrics: context.metrics
        )
        let channel = EmailChannel(
            provider: .smtp(pool),
            tracking: TrackingTokens(masterKey: context.masterKey),
            publicURL: context.configuration.publicURL,
            environment: environment
        )
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
            terms: Worker.Terms(queue: .email, lanes: lanes, lease: lease),
            loop: context.loop,
            database: context.database,
            environment: environment,
            settlement: Settlement(resolver: .ledger(environment)),
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
