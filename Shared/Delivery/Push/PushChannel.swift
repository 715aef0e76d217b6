import Core
package import Crypto
import EventLoop
package import Model
import Postgres
package import Providers
package import Queue
import Templates

/// Push as a channel of the delivery worker: a notification in each platform's own form, rendered per person, handed to whoever takes
/// the app's messages of the endpoint's channel type.
package struct PushChannel: DeliveryChannel {
    package let queue = JobQueue.push
    let providers: ChannelProviders<OutgoingPush>
    let references: SendReferences
    let hasher: SuppressionHasher
    let tools: ProviderTools
    let templates: TemplateEnvironment

    package init(_ tools: ProviderTools, masterKey: MasterKey) {
        self.tools = tools
        providers = ChannelProviders(
            tools, masterKey: masterKey, maker: { $0.push },
            standard: { app, type, setup in StandardPush.provider(of: app, type, setup, tools) })
        references = SendReferences(masterKey: masterKey)
        hasher = SuppressionHasher(masterKey: masterKey)
        templates = .of(tools.environment)
    }

    package func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        let now = tools.environment.now()
        let labels = PushLabels(plan.rules.law, at: now)
        let treatments = try plan.treatments.enumerated().map { index, treatment in
            var programs: [String: PushProgram] = [:]
            for (type, members) in treatment.push?.messages ?? [:] {
                guard let content = treatment.push, let service = PushService(channelType: type) else { continue }
                programs[type] = PushProgram(
                    message: try PushMessage(members, for: service, in: content), channelType: type,
                    origin: PushOrigin(plan, treatment: Int16(index)), labels: labels)
            }
            return programs
        }
        return PushRun(channel: self, plan: plan, treatments: treatments)
    }
}

/// One run's notifications: a compiled message per treatment and channel type.
private struct PushRun: PreparedRun {
    let channel: PushChannel
    let plan: RunPlan
    /// By treatment and channel type.
    let treatments: [[String: PushProgram]]

    private struct Part: Sendable {
        var places: [Int] = []
        var messages: [OutgoingPush] = []
    }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        var outcomes = [SendOutcome](
            repeating: .notSent(.cancelled, detail: "the provider gave no result"), count: sends.count)
        var parts: [String: Part] = [:]
        let replacements = Lock<[AddressReplacement]>([])
        for (place, send) in sends.enumerated() {
            do throws(Refusal) {
                var message = try compose(send)
                let (key, type, old) = (send.recipient.key, message.channelType, message.address)
                message.addressHasChanged = { new in
                    let replacement = AddressReplacement(endpointKey: key, channel: type, old: old, new: new)
                    replacements.withLock { $0.append(replacement) }
                }
                parts[type, default: Part()].places.append(place)
                parts[type, default: Part()].messages.append(message)
            } catch {
                outcomes[place] = error.outcome
            }
        }
        await withTaskGroup(of: ([Int], [SendOutcome]).self) { group in
            for (type, part) in parts {
                group.addTask {
                    let provider = await channel.providers.provider(of: plan.app, type)
                    return (part.places, await provider.deliver(part.messages, startBefore: startBefore))
                }
            }
            for await (places, results) in group {
                for (place, result) in zip(places, results) { outcomes[place] = result }
            }
        }
        await apply(replacements.withLock { $0 })
        return outcomes
    }

    private func compose(_ send: Send) throws(Refusal) -> OutgoingPush {
        let treatment = Int(send.cause.treatment)
        guard let type = send.recipient.channelType, treatments.indices.contains(treatment),
            let program = treatments[treatment][type]
        else { throw Refusal(.content, "the treatment has no notification for the channel") }
        guard let address = send.recipient.address, !address.isEmpty else {
            throw Refusal(.address, "the endpoint has no address", isAddressDead: false)
        }
        let reference = SendReference(
            run: send.cause.run, chunk: send.cause.chunk, ordinal: send.ordinal, endpointKey: send.recipient.key,
            treatment: send.cause.treatment)
        var message = try program.compose(
            for: send.recipient, at: address, channel.templates, token: channel.references.mint(reference))
        // Providers speak of real time, endpoints of business time.
        let environment = channel.tools.environment
        message.addressSince = send.recipient.effectiveAt + (environment.realNow() - environment.now())
        return message
    }

    /// The messages are out: what goes wrong here is said and otherwise costs nothing, as the provider says the same again next time.
    private func apply(_ replacements: [AddressReplacement]) async {
        guard !replacements.isEmpty else { return }
        let now = channel.tools.environment.now()
        do {
            try await channel.tools.database.execute(
                AddressReplacement.apply(replacements, of: plan.app, hasher: channel.hasher, at: now))
        } catch {
            channel.tools.environment.log.error(
                "push.address_not_replaced", error, ["app": .string(plan.app.description)])
        }
    }
}
