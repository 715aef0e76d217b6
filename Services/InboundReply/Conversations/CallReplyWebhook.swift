import Core
import HTTPClient
import Hosting
import Model
import Postgres
import Providers
import Queue

/// Tells a customer's server of a message, signed as Standard Webhooks has it; tried again for some minutes when it is not there.
struct CallReplyWebhook {
    private static let attempts: Int16 = 10
    let desk: ReplyDesk

    func run(_ call: ReplyJob.Call, _ job: LeasedJob, _ app: AppID) async throws {
        let key = desk.context.masterKey
        let found = try await desk.database.withSession { session in
            (
                try await ReplyRuleStore.find(app, call.rule, key: key, in: session),
                try await ConversationStore.find(app, call.conversation, in: session),
                try await ConversationStore.message(call.message, of: call.conversation, app, in: session)
            )
        }
        guard let rule = found.0, let conversation = found.1, let message = found.2,
            rule.rule.actions.indices.contains(call.action), case .webhook(let url) = rule.rule.actions[call.action]
        else { return try await desk.complete(job) }
        let body = Self.body(app, rule, conversation, message)
        let secret = rule.secrets[String(call.action)]?.string
        let signature = WebhookSignature(secrets: [secret].compactMap { $0 })
        let id = "reply_\(conversation.id)_\(message.id)_\(call.action)"
        let headers = signature.headers(id: id, body: body, at: desk.environment.realNow())
        let request = ClientRequest(
            method: "POST", url: url, headers: [("Content-Type", "application/json")] + headers, body: body,
            totalTimeout: .seconds(15), responseLimitBytes: 4096)
        if let trouble = await Self.trouble(desk.client, request) {
            guard trouble.isPassing, job.attempt < Self.attempts else {
                desk.environment.log.warning(
                    "replies.webhook_given_up", ["rule": .string(rule.id.description), "error": .string(trouble.words)])
                return try await desk.complete(job)
            }
            throw Fault(.unavailable, "a webhook \(trouble.words)", isRetryable: true)
        }
        try await desk.complete(job)
    }

    private static func trouble(
        _ client: OutboundClient, _ request: ClientRequest
    ) async -> (words: String, isPassing: Bool)? {
        do throws(ClientFault) {
            let answer = try await client.send(request)
            if (200..<300).contains(answer.status) { return nil }
            return ("answered \(answer.status)", answer.status >= 500 || [408, 409, 425, 429].contains(answer.status))
        } catch {
            return (error.description, ![.forbidden, .invalidRequest, .responseTooLarge].contains(error.reason))
        }
    }

    private static func body(
        _ app: AppID, _ rule: StoredReplyRule, _ conversation: Conversation, _ message: ConversationMessage
    ) -> [UInt8] {
        var data: JSONObject = [
            "ApplicationId": .string(app.description), "ConversationId": .string(conversation.id.description),
            "RuleId": .string(rule.id.description), "ChannelType": .string(conversation.channel),
            "From": .string(conversation.address), "To": .string(conversation.ourAddress),
            "Body": .string(message.body), "MediaUrls": .array(message.mediaURLs.map { .string($0) }),
        ]
        if let endpoint = conversation.endpointID { data["EndpointId"] = .string(endpoint.rawValue) }
        if let subject = message.subject { data["Subject"] = .string(subject) }
        let event: JSONObject = [
            "type": "reply.received", "timestamp": .string(message.at.description), "data": .object(data),
        ]
        return JSON.object(event).serialized
    }
}
