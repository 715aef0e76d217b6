package import Core
import PinpointAPI
package import Postgres
package import Queue

/// One answer to one person, as a run of its own: ledger and gate hold for it like for any other message. Its books are those of the
/// campaign whose id is all zeros, as a test send's.
package enum AnswerRun {
    /// Nobody waits longer for an answer.
    private static let duration: Duration = .seconds(3600)
    /// No endpoint has it, so that its default is what is printed: nothing that a person or a model wrote is ever a template.
    private static let variable = "Needletail.Answer"

    package struct Request: Sendable {
        package var app: AppID
        package var run: RunID
        package var channel: String
        /// Nil: nobody asked for it, so that whatever holds for campaigns holds for it, but quiet hours and caps.
        package var kind: AnswerKind?
        /// Where the person wrote to.
        package var from: String
        package var body: String
        /// Handlebars; else text as it is.
        package var isTemplate: Bool
        package var subject: String
        package var headers: [RunPlan.EmailContent.Header]
        package var now: Instant

        package init(
            app: AppID, run: RunID, channel: String, kind: AnswerKind?, from: String, body: String,
            isTemplate: Bool = false,
            subject: String = "", headers: [RunPlan.EmailContent.Header] = [], now: Instant
        ) {
            self.app = app
            self.run = run
            self.channel = channel
            self.kind = kind
            self.from = from
            self.body = body
            self.isTemplate = isTemplate
            self.subject = subject
            self.headers = headers
            self.now = now
        }
    }

    /// Throws `Fault(.invalid)` when the app has no way to send on the channel.
    package static func plan(_ request: Request, in session: Session) async throws -> RunPlan {
        let accounts = try await session.query(
            "SELECT account FROM apps WHERE id = \(request.app) AND deleted_at IS NULL")
        guard let account = accounts.first else { throw APIError.applicationNotFound }
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil)
        let body = request.isTemplate ? request.body : "{{{\(variable)}}}"
        let defaults: JSONObject = request.isTemplate ? [:] : [variable: .string(request.body)]
        if request.channel == "EMAIL" {
            let channel = try RunPlanner.usable(try await StoredEmailChannel.load(request.app, in: session))
            guard let from = channel.configuration.fromAddress, !from.isEmpty else {
                throw Fault(.invalid, "The e-mail channel has no FromAddress")
            }
            treatment.email = RunPlan.EmailContent(
                from: from, subject: "{{{\(variable)Subject}}}", html: nil, text: body, headers: request.headers,
                defaultSubstitutions: defaults.with("\(variable)Subject", .string(request.subject)))
        } else {
            treatment.sms = RunPlan.SMSContent(
                body: body, messageType: "TRANSACTIONAL", originationNumber: request.from,
                defaultSubstitutions: defaults)
        }
        return RunPlan(
            account: try account.get(0), app: request.app, campaign: TestRun.campaign, campaignVersion: 0,
            campaignName: "answer", run: request.run, runDay: request.now.day, scheduledAt: request.now,
            expiresAt: request.now + duration, deliveryPolicy: .atMostOnce, holdoutPercent: 0,
            treatments: [treatment],
            rules: RunRules(
                purpose: request.kind == nil ? .marketing : .transactional, answer: request.kind))
    }

    /// As `TestRun.start`, to one endpoint.
    package static func start(
        _ plan: RunPlan, to endpointKey: Int64, channel: String, kind: String, in session: Session
    ) async throws -> Set<JobQueue> {
        try await TestRun.start(
            plan, to: [TestRun.Target(key: endpointKey, channelType: channel)], kind: kind, in: session)
    }
}

extension JSONObject {
    fileprivate func with(_ key: String, _ value: JSON) -> JSONObject {
        var object = self
        object[key] = value
        return object
    }
}
