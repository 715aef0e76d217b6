import Core
import EventLoop
import Hosting
import Model
import Postgres
import Queue
import Runtime

/// Does what follows from people's messages. A job that is repeated after a crash does no harm: an answer is made in the transaction
/// that ends its job, events have ids of their own, and webhooks carry the same id again.
struct ReplyWorker: Sendable {
    /// Jobs at once, the lane for answers that are ready included. Chat endpoints take seconds each.
    private static let lanes = 8

    let desk: ReplyDesk
    let lease: LeaseTerms

    init(desk: ReplyDesk) {
        self.desk = desk
        lease = LeaseTerms(owner: desk.environment.newID(), duration: desk.context.configuration.leaseTTL)
    }

    var workers: [BackgroundWorker] {
        let worker = Worker(
            terms: Worker.Terms(queue: .replies, lanes: Self.lanes, lease: lease), loop: desk.context.loop,
            database: desk.database, environment: desk.environment,
            settlement: Settlement(resolver: .init(inDoubt: { _, _, _ in }, poison: { _, _, _ in })),
            handler: { job, _ in try await self.run(job) })
        let (ingest, hints) = (desk.ingest, desk.hints)
        return [
            BackgroundWorker(name: "replies") { await worker.runUntilCancelled() },
            BackgroundWorker(name: "replies-ingest") { await ingest.runLane() },
            BackgroundWorker(name: "replies-out-hints") { try await hints.run() },
            BackgroundWorker(name: "replies-hints") { await worker.followHints(of: desk.database) },
        ]
    }

    func run(_ job: LeasedJob) async throws {
        guard let app = job.app else { throw Fault(.integrity, "job \(job.id) names no app") }
        switch try ReplyJob(job) {
        case .send(let send): try await SendAnswer(desk: desk).run(send, job, app)
        case .record(let record): try await RecordReply(desk: desk).run(record, job, app)
        case .webhook(let call): try await CallReplyWebhook(desk: desk).run(call, job, app)
        case .chat(let call): try await AskChat(desk: desk).run(call, job, app)
        }
    }
}

extension ReplyDesk {
    /// The job is done when the transaction commits. False: somebody else has it now, and nothing may be done in its name.
    func complete(_ job: LeasedJob, in session: Session) async throws -> Bool {
        try await !session.query(Progress.complete(job)).isEmpty
    }

    func complete(_ job: LeasedJob) async throws {
        _ = try await database.query(Progress.complete(job))
    }

    /// A person has to go on.
    func handOver(_ id: ConversationID, _ app: AppID, why: String, in session: Session) async throws {
        guard var conversation = try await ConversationStore.find(app, id, isLocking: true, in: session) else { return }
        environment.log.info(
            "replies.handed_over", ["conversation": .string(id.description), "why": .string(why)])
        conversation.state = .handedOver
        try await ConversationStore.update(app, conversation, now: environment.now(), in: session)
    }
}
