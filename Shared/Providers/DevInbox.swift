package import Core
package import Model
import Postgres

/// The development inbox as a provider of every channel that has none: takes everything, shows it at `/dev/inbox`, delivers nothing.
package enum DevInboxProvider {
    package static let name = "dev-inbox"

    static let kind = ProviderKind(
        name,
        channels: [
            "SMS", "VOICE", "GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "ADM", "BAIDU", "PUSH",
        ],
        sms: { setup, tools in
            provider(tools) { DevInboxMessage(setup.app, "SMS", $0.from, to: $0.to, $0.body, $0.mediaURLs, $0.token) }
        },
        voice: { setup, tools in
            provider(tools) { DevInboxMessage(setup.app, "VOICE", $0.from, to: $0.to, $0.body, [], $0.token) }
        },
        push: { setup, tools in
            provider(tools) {
                DevInboxMessage(
                    setup.app, $0.channelType, nil, to: $0.address,
                    String(decoding: $0.payload, as: UTF8.self),
                    [], $0.token)
            }
        })

    /// Who takes a channel's messages where it has no provider: the inbox where it is on, else nobody.
    package static func standard<Message>(
        _ tools: ProviderTools, maker: @escaping @Sendable (ProviderKind) -> ProviderKind.Maker<Message>?
    ) -> @Sendable (AppID, String, ChannelSetup) -> Provider<Message>? {
        { app, type, setup in
            guard tools.isDevInboxOn, let make = maker(kind) else { return nil }
            let stored = StoredProvider(id: ProviderID(high: 0, low: 0), name: name, kind: name)
            let own = ProviderSetup(
                app: app, channelType: type, provider: stored, channel: setup.configuration, publicURL: tools.publicURL)
            return try? make(own, tools)
        }
    }

    private static func provider<Message: OutgoingMessage>(
        _ tools: ProviderTools, _ entry: @escaping @Sendable (Message) -> DevInboxMessage
    ) -> Provider<Message> {
        let database = tools.database
        return Provider(name: name) { messages, _ in
            do {
                try await database.transaction { session in
                    try await DevInboxStore.add(messages.map(entry), in: session)
                }
            } catch {
                // Rolled back, or its answer was lost: a second entry of the inbox does no harm, and has the same token.
                return messages.map { _ in .notSent(.connection, detail: "the development inbox could not be written") }
            }
            return messages.map { .accepted(providerReference: $0.token) }
        }
    }
}
