import Core
import Crypto
import EventLoop
import HTTPClient
import Hosting
import Model
import Postgres
import Queue

/// What the handler of replies, its jobs and its routes share.
struct ReplyDesk: Sendable {
    let context: ServiceContext
    let hasher: SuppressionHasher
    /// For customers' webhooks and chat endpoints.
    let client: OutboundClient
    /// For attributes and events of people, which go the way of all others.
    let ingest: IngestQueue
    let hints: QueueNotifier
    let triggers: TriggerRegistry

    init(_ context: ServiceContext) throws {
        self.context = context
        hasher = SuppressionHasher(masterKey: context.masterKey)
        client = OutboundClient(
            rules: OutboundRules(context.configuration), environment: context.environment, metrics: context.metrics)
        triggers = TriggerRegistry(database: context.database)
        let hints = QueueNotifier(database: context.database, loop: context.loop, log: context.environment.log)
        self.hints = hints
        let writer = IngestWriter(
            database: context.database, partitions: Partitions(context.database, retention: EventRules.retention),
            hasher: hasher, metrics: context.metrics, onTrigger: { hints.notify(.triggers) })
        ingest = IngestQueue(writer: writer, loop: context.loop)
    }

    var environment: Environment { context.environment }
    var database: Database { context.database }

    /// Jobs in the transaction that makes them true; their queue is told after it.
    func enqueue(_ job: ReplyJob, for app: AppID, at now: Instant, in session: Session) async throws {
        try await Queue.enqueue(job.job(app, dueAt: now), in: session)
    }

    /// The endpoint of a conversation's person; one is made where nobody has the address.
    func endpoint(of conversation: Conversation, app: AppID) async throws -> (id: EndpointID, key: Int64) {
        if let found = try await database.withSession({ session in
            try await ConversationPerson.endpoint(
                app, channel: conversation.channel, hash: conversation.addressHash, in: session)
        }) {
            return found
        }
        let write = ConversationPerson.newEndpoint(
            app, channel: conversation.channel, address: conversation.address, hash: conversation.addressHash,
            now: environment.now())
        if let refusal = try await ingest.submit(IngestRequest(app: app, writes: [write])).firstRefusal {
            throw refusal
        }
        return (write.id, write.identity.key)
    }
}
