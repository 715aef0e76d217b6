package import Core
package import Model

/// Events and people's texts of AWS End User Messaging, which come through SNS topics (`…/sns`): one for a configuration set's events, one
/// per two-way number. Both kinds of AWS providers, `aws-messaging` and `aws-voice`, have it.
package struct AWSMessagingInbound: InboundProvider {
    static let settings = SNSReceiver.settings

    private let receiver: SNSReceiver

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        receiver = try SNSReceiver(setup, tools)
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        try await receiver.verify(call)
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let envelope = try SNSEnvelope(call.body)
        guard envelope.kind == .notification else { return [] }
        return try AWSMessagingEvents.events(in: envelope.message, at: call.receivedAt)
    }
}
