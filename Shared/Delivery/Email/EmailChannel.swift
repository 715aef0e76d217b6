package import Core
package import Crypto
package import Model
package import Providers
package import Queue
import Templates

/// E-mail as a channel of the delivery worker: templates rendered per person, links and pixel made trackable, one-click
/// unsubscribe headers on every message.
package struct EmailChannel: DeliveryChannel {
    package static let type = "EMAIL"

    package let queue = JobQueue.email
    /// Who takes an app's e-mail now.
    let provider: @Sendable (AppID) async -> EmailProvider
    let references: SendReferences
    let tracking: TrackingTokens
    /// Where recipients' mail programs reach us, without a trailing slash.
    let publicURL: String
    let environment: Environment
    let templates: TemplateEnvironment

    package init(
        provider: @escaping @Sendable (AppID) async -> EmailProvider,
        masterKey: MasterKey,
        publicURL: String,
        environment: Environment
    ) {
        self.provider = provider
        references = SendReferences(masterKey: masterKey)
        tracking = TrackingTokens(masterKey: masterKey)
        self.publicURL = publicURL
        self.environment = environment
        self.templates = .of(environment)
    }

    package func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        let now = environment.now()
        let messages = try plan.treatments.map { treatment in
            try treatment.email.map { try EmailMessageProgram($0, plan: plan, at: now) }
        }
        noteUnknown(Set(messages.flatMap { $0?.unknownSenderLines ?? [] }), of: plan)
        return EmailRun(channel: self, plan: plan, messages: messages)
    }

    /// What the law of some countries wants said of the sender, and the app's settings do not have.
    private func noteUnknown(_ lines: Set<String>, of plan: RunPlan) {
        guard !lines.isEmpty else { return }
        environment.log.info(
            "email.sender_unknown",
            [
                "app": .string(plan.app.description), "run": .string(plan.run.description),
                "lines": .array(lines.sorted().map { .string($0) }),
            ])
    }
}

/// One run's e-mails: a compiled message per treatment.
private struct EmailRun: PreparedRun {
    let channel: EmailChannel
    let plan: RunPlan
    /// By treatment; nil where a treatment has no e-mail.
    let messages: [EmailMessageProgram?]

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        var outcomes = [SendOutcome?](repeating: nil, count: sends.count)
        var outgoing: [OutgoingEmail] = []
        var places: [Int] = []
        for (place, send) in sends.enumerated() {
            switch compose(send) {
            case .success(let message):
                outgoing.append(message)
                places.append(place)
            case .failure(let refusal):
                outcomes[place] = refusal.outcome
            }
        }
        let provider = await channel.provider(plan.app)
        let results = await provider.deliver(outgoing, startBefore: startBefore)
        for (place, result) in zip(places, results) { outcomes[place] = result }
        return outcomes.map { $0 ?? .notSent(.cancelled, detail: "the provider gave no result") }
    }

    private func compose(_ send: Send) -> Result<OutgoingEmail, Refusal> {
        let treatment = Int(send.cause.treatment)
        guard messages.indices.contains(treatment), let message = messages[treatment] else {
            return .failure(Refusal(.content, "the treatment has no e-mail"))
        }
        let links = MessageLinks(send: send, app: plan.app, tokens: channel.tracking, publicURL: channel.publicURL)
        do {
            return .success(
                try message.compose(
                    send,
                    token: channel.references.mint(send.reference),
                    links: links,
                    templates: channel.templates,
                    date: channel.environment.now()
                )
            )
        } catch let fault as EmailFault {
            let isAddress = fault.field == "To"
            return .failure(Refusal(isAddress ? .address : .content, fault.description, isAddressDead: isAddress))
        } catch {
            return .failure(Refusal(.rendering, String(describing: error)))
        }
    }
}
