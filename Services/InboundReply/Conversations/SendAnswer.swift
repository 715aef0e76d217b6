import Core
import Delivery
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue

/// Hands a stored answer to the delivery worker of its channel, as a run of its own.
struct SendAnswer {
    let desk: ReplyDesk

    func run(_ send: ReplyJob.Send, _ job: LeasedJob, _ app: AppID) async throws {
        let found = try await desk.database.withSession { session in
            (
                try await ConversationStore.find(app, send.conversation, in: session),
                try await ConversationStore.message(send.message, of: send.conversation, app, in: session)
            )
        }
        // Erased meanwhile.
        guard let conversation = found.0, let message = found.1 else { return try await desk.complete(job) }
        let endpoint: (id: EndpointID, key: Int64)
        do {
            endpoint = try await desk.endpoint(of: conversation, app: app)
        } catch let error as APIError where error.status < 500 {
            // The app is gone, or its endpoints may have no such address.
            return try await giveUp(send, job, app, "\(error)")
        }
        let environment = desk.environment
        var request = AnswerRun.Request(
            app: app, run: environment.newID(), channel: conversation.channel, kind: send.kind,
            from: conversation.ourAddress, body: message.body, isTemplate: send.isTemplate,
            subject: message.subject ?? "", now: environment.now())
        request.headers = Self.headers(send.references)
        try await Partitions(desk.database).ensure(.sendOutcomes, for: request.now.day)
        let queues: Set<JobQueue>
        do {
            queues = try await desk.database.transaction { [request] session in
                guard try await desk.complete(job, in: session) else { return [] }
                let plan = try await AnswerRun.plan(request, in: session)
                try await ConversationStore.setRun(request.run, of: send.message, in: conversation.id, app, in: session)
                return try await AnswerRun.start(
                    plan, to: endpoint.key, channel: conversation.channel, kind: ChunkDelivery.kind, in: session)
            }
        } catch let fault as Fault where fault.code == .invalid {
            return try await giveUp(send, job, app, fault.publicMessage)
        } catch let error as APIError where error.status < 500 {
            return try await giveUp(send, job, app, "\(error)")
        }
        for queue in queues { desk.hints.notify(queue) }
    }

    private func giveUp(_ send: ReplyJob.Send, _ job: LeasedJob, _ app: AppID, _ why: String) async throws {
        try await desk.database.transaction { session in
            guard try await desk.complete(job, in: session) else { return }
            try await desk.handOver(send.conversation, app, why: "no answer could be sent: \(why)", in: session)
        }
    }

    /// RFC 5322 §3.6.4. What is no Message-ID is left out: it came from outside.
    static func headers(_ references: [String]) -> [RunPlan.EmailContent.Header] {
        let ids = references.filter { id in
            (3...250).contains(id.utf8.count) && id.utf8.contains(0x40)
                && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }
        }
        guard let last = ids.last else { return [] }
        var kept: [String] = []
        // The first and the latest, within what a header may have.
        for id in ids.reversed() where kept.reduce(0, { $0 + $1.utf8.count + 3 }) + id.utf8.count < 800 {
            kept.append(id)
        }
        return [
            .init(name: "In-Reply-To", value: "<\(last)>"),
            .init(name: "References", value: kept.reversed().map { "<\($0)>" }.joined(separator: " ")),
        ]
    }
}
