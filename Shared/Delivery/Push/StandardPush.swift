import Core
import HTTPClient
import Model
import Providers

/// Who takes a channel's notifications where no provider is configured: the platform itself, with the credentials that Pinpoint's own
/// channel API was given; the development inbox, where there are none.
enum StandardPush {
    private static let kinds: [String: (kind: String, fields: [String])] = {
        let apns = ("apns", ["TokenKey", "Certificate"])
        return [
            "APNS": apns, "APNS_SANDBOX": apns, "APNS_VOIP": apns, "APNS_VOIP_SANDBOX": apns,
            "GCM": ("fcm", ["ServiceJson", "ApiKey"]), "ADM": ("adm", ["ClientSecret"]),
            "BAIDU": ("baidu", ["SecretKey"]),
        ]
    }()

    static func provider(
        of app: AppID, _ type: String, _ setup: ChannelSetup, _ tools: ProviderTools
    ) -> Provider<OutgoingPush>? {
        if let (kind, fields) = kinds[type],
            fields.contains(where: { setup.configuration[$0]?.string?.isEmpty == false })
        {
            return platform(kind, app, type, setup, tools)
        }
        return tools.isDevInboxOn ? made(DevInboxProvider.name, app, type, setup, tools) : nil
    }

    /// What is wrong with the credentials is the outcome of every message, in words for the operator.
    private static func platform(
        _ kind: String, _ app: AppID, _ type: String, _ setup: ChannelSetup, _ tools: ProviderTools
    ) -> Provider<OutgoingPush>? {
        guard let provider = made(kind, app, type, setup, tools) else { return nil }
        return .routed([ProviderRoute(provider, breaker: CircuitBreaker())])
    }

    private static func made(
        _ kind: String, _ app: AppID, _ type: String, _ setup: ChannelSetup, _ tools: ProviderTools
    ) -> Provider<OutgoingPush>? {
        guard let make = ProviderKinds.named(kind)?.push else { return nil }
        let stored = StoredProvider(id: ProviderID(high: 0, low: 0), name: kind, kind: kind)
        do {
            return try make(
                ProviderSetup(
                    app: app, channelType: type, provider: stored, channel: setup.configuration,
                    publicURL: tools.publicURL), tools)
        } catch {
            let detail = (error as? Fault)?.publicMessage ?? "the credentials of the channel cannot be used"
            tools.environment.log.error(
                "provider.unusable",
                [
                    "app": .string(app.description), "channel": .string(type),
                    "problems": [.string("\(kind): \(detail)")],
                ])
            return Provider(name: kind) { messages, _ in
                messages.map { _ in .rejected(.configuration, detail: detail, isAddressDead: false) }
            }
        }
    }
}
