package import Crypto
package import Model
package import Providers
package import Queue
import Templates

/// Calls as a channel of the delivery worker: a text or an SSML document filled in per person, handed to the app's provider of channel
/// VOICE, or to the development inbox where none is configured.
package struct VoiceChannel: DeliveryChannel {
    static let channelType = "VOICE"

    package let queue = JobQueue.voice
    let providers: ChannelProviders<OutgoingCall>
    let references: SendReferences
    let templates: TemplateEnvironment

    package init(_ tools: ProviderTools, masterKey: MasterKey) {
        providers = ChannelProviders(
            tools, masterKey: masterKey, maker: \.voice,
            standard: DevInboxProvider.standard(tools, maker: \.voice))
        references = SendReferences(masterKey: masterKey)
        templates = .of(tools.environment)
    }

    package func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        VoiceRun(
            channel: self, plan: plan, messages: try plan.treatments.map { try $0.voice.map(VoiceMessageProgram.init) })
    }
}

/// One run's calls: a compiled message per treatment.
private struct VoiceRun: PreparedRun {
    let channel: VoiceChannel
    let plan: RunPlan
    /// By treatment; nil where a treatment has no call.
    let messages: [VoiceMessageProgram?]

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        var outcomes = [SendOutcome?](repeating: nil, count: sends.count)
        var outgoing: [OutgoingCall] = []
        var places: [Int] = []
        for (place, send) in sends.enumerated() {
            do throws(Refusal) {
                outgoing.append(try compose(send))
                places.append(place)
            } catch {
                outcomes[place] = error.outcome
            }
        }
        let provider = await channel.providers.provider(of: plan.app, VoiceChannel.channelType)
        for (place, result) in zip(places, await provider.deliver(outgoing, startBefore: startBefore)) {
            outcomes[place] = result
        }
        return outcomes.map { $0 ?? .notSent(.cancelled, detail: "the provider gave no result") }
    }

    private func compose(_ send: Send) throws(Refusal) -> OutgoingCall {
        let treatment = Int(send.cause.treatment)
        guard messages.indices.contains(treatment), let message = messages[treatment] else {
            throw Refusal(.content, "the treatment has no call")
        }
        let token = channel.references.mint(
            SendReference(
                run: send.cause.run, chunk: send.cause.chunk, ordinal: send.ordinal, endpointKey: send.recipient.key,
                treatment: send.cause.treatment))
        return try message.compose(send.recipient, token: token, channel.templates)
    }
}
