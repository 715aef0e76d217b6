package import Core
package import Model
package import Providers
package import Queue
import Templates

/// Texts as a channel of the delivery worker: templates rendered per person, counted, priced, and given a sender that stays the same
/// for a person.
package struct SMSChannel: DeliveryChannel {
    package static let type = "SMS"

    package let queue = JobQueue.sms
    let providers: ChannelProviders<OutgoingSMS>
    let references: SendReferences
    let tracking: TrackingTokens
    /// Where recipients reach us, without a trailing slash.
    let publicURL: String
    let environment: Environment
    let templates: TemplateEnvironment

    package init(
        providers: ChannelProviders<OutgoingSMS>, references: SendReferences, tracking: TrackingTokens,
        publicURL: String, environment: Environment
    ) {
        self.providers = providers
        self.references = references
        self.tracking = tracking
        self.publicURL = publicURL
        self.environment = environment
        templates = .of(environment)
    }

    package func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        let now = environment.now()
        let messages = try plan.treatments.map { try $0.sms.map { try SMSProgram($0, plan: plan, at: now) } }
        let unknown = Set(messages.flatMap { $0?.unknownSenderLines ?? [] })
        if !unknown.isEmpty {
            environment.log.info(
                "sms.sender_unknown",
                [
                    "app": .string(plan.app.description), "run": .string(plan.run.description),
                    "lines": .array(unknown.sorted().map { .string($0) }),
                ])
        }
        return SMSRun(channel: self, plan: plan, messages: messages)
    }
}

/// One run's texts: a compiled message per treatment.
private struct SMSRun: PreparedRun {
    let channel: SMSChannel
    let plan: RunPlan
    /// By treatment; nil where a treatment has no text.
    let messages: [SMSProgram?]

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        let (provider, configuration) = await channel.providers.configured(plan.app, SMSChannel.type)
        let senders = SMSSenders(channel: configuration)
        var outcomes = [SendOutcome?](repeating: nil, count: sends.count)
        var outgoing: [OutgoingSMS] = []
        var places: [Int] = []
        for (place, send) in sends.enumerated() {
            do throws(Refusal) {
                outgoing.append(try compose(send, senders))
                places.append(place)
            } catch {
                outcomes[place] = error.outcome
            }
        }
        let results = await provider.deliver(outgoing, startBefore: startBefore)
        for (place, result) in zip(places, results) { outcomes[place] = result }
        return outcomes.map { $0 ?? .notSent(.cancelled, detail: "the provider gave no result") }
    }

    private func compose(_ send: Send, _ senders: SMSSenders) throws(Refusal) -> OutgoingSMS {
        let treatment = Int(send.cause.treatment)
        guard messages.indices.contains(treatment), let message = messages[treatment] else {
            throw Refusal(.content, "the treatment has no text message")
        }
        let token = channel.references.mint(
            SendReference(
                run: send.cause.run, chunk: send.cause.chunk, ordinal: send.ordinal, endpointKey: send.recipient.key,
                treatment: send.cause.treatment))
        let links = MessageLinks(send: send, app: plan.app, tokens: channel.tracking, publicURL: channel.publicURL)
        return try message.compose(
            send, links: links, templates: channel.templates, senders: senders, token: token)
    }
}
