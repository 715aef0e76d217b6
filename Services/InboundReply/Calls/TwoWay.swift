import Access
import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import Postgres
import Providers
import Queue

/// Passes replies on as Pinpoint's two-way SMS does: to the customer's webhook, or to an SNS topic of theirs, as the channel's extension
/// `Needletail.TwoWay {Url | TopicArn, Secret}` says when it is sent. A job of its own for each, tried again for a day; the
/// receiver knows a repeated one by `inboundMessageId`, which is `webhook-id` too.
struct TwoWay: Sendable {
    static let jobKind = "inbound.two_way"
    /// Longer than an outage of a night.
    private static let lifetime: Duration = .seconds(86_400)
    private static let timeout: Duration = .seconds(15)

    private let tools: ProviderTools
    private let masterKey: MasterKey

    init(_ tools: ProviderTools, masterKey: MasterKey) {
        self.tools = tools
        self.masterKey = masterKey
    }

    /// Of texts only, and not of what a machine wrote. Whether anybody wants it is asked when it is sent: the configuration holds secrets,
    /// and may have changed by then.
    static func job(
        for event: IncomingEvent, _ reply: Reply, _ origin: ReplyOrigin, _ outcome: ReplyOutcome
    ) -> NewJob? {
        guard outcome.isPassedOn, reply.channel == "SMS", !reply.isAutomatic else { return nil }
        var job = NewJob(queue: .inbound, kind: jobKind, dueAt: origin.now)
        job.app = origin.app
        var message: JSONObject = [
            "originationNumber": .string(reply.from), "destinationNumber": .string(reply.to),
            "messageKeyword": .string(outcome.keyword ?? firstWord(of: reply.text)),
            "messageBody": .string(reply.text), "inboundMessageId": .string(event.id),
        ]
        message["previousPublishedMessageId"] = (reply.providerReference ?? reply.reference).map { .string($0) }
        job.payload = [
            "channel": .string(origin.channel), "since": .integer(origin.now.microseconds), "message": .object(message),
        ]
        return job
    }

    private static func firstWord(of text: String) -> String {
        String(text.split { $0.isWhitespace }.first?.uppercased().prefix(30) ?? "")
    }

    func run(_ job: LeasedJob) async throws {
        guard let app = job.app, let channel = job.payload["channel"]?.string,
            case .integer(let since)? = job.payload["since"], let message = job.payload["message"]
        else { throw Fault(.integrity, "job \(job.id) passes nothing on") }
        let key = masterKey
        let setup = try await tools.database.withSession { session in
            try await ChannelSetup.load(app, type: channel, key: key, in: session)
        }
        guard let target = setup.configuration["Needletail"]?["TwoWay"] else { return try await end(job) }
        do {
            try await send(message, to: target)
        } catch {
            tools.environment.log.warning(
                "inbound.not_passed_on",
                ["app": .string(app.description), "error": .string(String(describing: error))])
            guard tools.environment.now() - Instant(microseconds: since) < Self.lifetime else {
                tools.environment.log.error("inbound.passing_on_given_up", ["app": .string(app.description)])
                return try await end(job)
            }
            throw error
        }
        try await end(job)
    }

    private func end(_ job: LeasedJob) async throws {
        _ = try await tools.database.query(Progress.complete(job))
    }

    // MARK: Out

    private func send(_ message: JSON, to target: JSON) async throws {
        let request =
            if let url = target["Url"]?.string {
                webhook(message, url, secret: target["Secret"]?.string)
            } else if let topic = target["TopicArn"]?.string {
                try publish(message, to: topic)
            } else {
                throw Fault(.configuration, "TwoWay has neither Url nor TopicArn")
            }
        let response = try await tools.client.send(request)
        guard (200..<300).contains(response.status) else {
            throw Fault(.unavailable, "the receiver answered \(response.status)", isRetryable: true)
        }
    }

    private func webhook(_ message: JSON, _ url: String, secret: String?) -> ClientRequest {
        let body = message.serialized
        let signature = WebhookSignature(secrets: secret.map { [$0] } ?? [])
        let id = message["inboundMessageId"]?.string ?? ""
        return ClientRequest(
            method: "POST", url: url,
            headers: [(name: "Content-Type", value: "application/json")]
                + signature.headers(id: id, body: body, at: tools.environment.realNow()),
            body: body, isRepeatable: true, totalTimeout: Self.timeout)
    }

    /// SNS' Query API: `Action=Publish`. The topic's own region; the installation's key.
    private func publish(_ message: JSON, to topic: String) throws -> ClientRequest {
        let parts = topic.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[2] == "sns", AWSAccess.isRegion(parts[3]) else {
            throw Fault(.configuration, "TwoWay.TopicArn is no ARN of an SNS topic")
        }
        guard let access = tools.aws else {
            throw Fault(.configuration, "NEEDLETAIL_AWS_ACCESS_KEY_ID is not set", isRetryable: true)
        }
        let region = String(parts[3])
        let base = access.snsBase(in: region)
        let text = String(decoding: message.serialized, as: UTF8.self)
        let form = [("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", topic), ("Message", text)]
        let body = Array(form.map { "\($0)=\(SigV4.pathSegment($1))" }.joined(separator: "&").utf8)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        ]
        if let token = access.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        let authority = base.firstRange(of: "://").map { String(base[$0.upperBound...]) } ?? base
        headers += SigV4.sign(
            method: "POST", host: authority, target: "/", headers: headers, body: body, key: access.key, region: region,
            at: tools.environment.realNow(), service: "sns")
        return ClientRequest(
            method: "POST", url: "\(base)/", headers: headers, body: body, isRepeatable: true,
            totalTimeout: Self.timeout)
    }
}
