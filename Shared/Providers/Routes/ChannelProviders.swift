package import Core
package import Crypto
import EventLoop
import HTTPClient
package import Model
import Postgres

/// Who takes the messages of each app's channels, as it is configured now: a change holds within a second.
///
/// What was made of a configuration (access tokens, breakers) lives until the configuration changes.
package final class ChannelProviders<Message: OutgoingMessage>: Sendable {
    private static var lifetime: Duration { .seconds(1) }
    private static var capacity: Int { 4096 }

    private struct Key: Hashable {
        let app: AppID
        let type: String
    }

    private struct Made {
        let setup: ChannelSetup
        let provider: Provider<Message>
    }

    private let tools: ProviderTools
    private let masterKey: MasterKey
    private let maker: @Sendable (ProviderKind) -> ProviderKind.Maker<Message>?
    private let standard: @Sendable (AppID, String, ChannelSetup) -> Provider<Message>?
    private let fresh: ExpiringCache<Key, Provider<Message>>
    private let made = Lock<[Key: Made]>([:])

    /// `maker`: what a kind makes for this channel. `standard`: who takes messages where no provider is configured; nil refuses them.
    package init(
        _ tools: ProviderTools, masterKey: MasterKey,
        maker: @escaping @Sendable (ProviderKind) -> ProviderKind.Maker<Message>?,
        standard: @escaping @Sendable (AppID, String, ChannelSetup) -> Provider<Message>? = { _, _, _ in nil }
    ) {
        self.tools = tools
        self.masterKey = masterKey
        self.maker = maker
        self.standard = standard
        fresh = ExpiringCache(lifetime: Self.lifetime, limit: Self.capacity)
    }

    /// Never throws: what is wrong with the configuration is the outcome of every message.
    package func provider(of app: AppID, _ type: String) async -> Provider<Message> {
        let key = Key(app: app, type: type)
        if let provider = fresh[key] { return provider }
        let readAt = fresh.now()
        let masterKey = masterKey
        let setup: ChannelSetup
        do {
            setup = try await tools.database.withSession { session in
                try await ChannelSetup.load(app, type: type, key: masterKey, in: session)
            }
        } catch {
            return Self.failing(.notSent(.connection, detail: "the channel's configuration could not be read"))
        }
        let provider = made.withLock { made -> Provider<Message> in
            if let known = made[key], known.setup == setup { return known.provider }
            let provider = make(setup, app, type)
            if made.count >= Self.capacity { made = [:] }
            made[key] = Made(setup: setup, provider: provider)
            return provider
        }
        fresh.store(provider, for: key, readAt: readAt)
        return provider
    }

    /// With the channel's own fields, which a message may be made by.
    package func configured(_ app: AppID, _ type: String) async -> (provider: Provider<Message>, channel: JSONObject) {
        let provider = await provider(of: app, type)
        let setup = made.withLock { $0[Key(app: app, type: type)]?.setup }
        return (provider, setup?.configuration ?? [:])
    }

    private func make(_ setup: ChannelSetup, _ app: AppID, _ type: String) -> Provider<Message> {
        guard setup.isEnabled else {
            return Self.failing(
                .rejected(.configuration, detail: "the app's channel \(type) is not enabled", isAddressDead: false))
        }
        var routes: [ProviderRoute<Message>] = []
        var complaints: [String] = []
        for stored in setup.providers where ProviderKinds.named(stored.kind)?.isInboundOnly != true {
            do {
                guard let kind = ProviderKinds.named(stored.kind), let make = maker(kind) else {
                    throw Fault(.configuration, "\(stored.kind) does not serve channel \(type)")
                }
                let own = ProviderSetup(
                    app: app, channelType: type, provider: stored, channel: setup.configuration,
                    publicURL: tools.publicURL)
                routes.append(
                    ProviderRoute(
                        try make(own, tools), rank: stored.rank, weight: stored.weight, breaker: CircuitBreaker()))
            } catch {
                complaints.append("\(stored.name): \(error)")
            }
        }
        if !complaints.isEmpty {
            tools.environment.log.error(
                "provider.unusable",
                [
                    "app": .string(app.description), "channel": .string(type),
                    "problems": .array(complaints.map { .string($0) }),
                ])
        }
        if !routes.isEmpty { return .routed(routes) }
        if complaints.isEmpty, let standard = standard(app, type, setup) { return standard }
        let detail = complaints.first ?? "no provider is configured for channel \(type)"
        return Self.failing(.rejected(.configuration, detail: detail, isAddressDead: false))
    }

    private static func failing(_ outcome: SendOutcome) -> Provider<Message> {
        Provider(name: "none") { messages, _ in messages.map { _ in outcome } }
    }
}
