import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime

/// `…/channels/{type}/provider`: who takes a channel's messages, beside what Pinpoint's channel operations say. Secrets come in and
/// never go out.
enum ProviderCalls {
    static let routes: [Route] = [
        Route("GET", path, access: .signed(action: "mobiletargeting:GetChannelProviders"), handler: get),
        Route("PUT", path, access: .signed(action: "mobiletargeting:UpdateChannelProviders"), handler: update),
        Route("DELETE", path, access: .signed(action: "mobiletargeting:DeleteChannelProviders"), handler: delete),
    ]

    private static let path = "/v1/apps/{application-id}/channels/{channel-type}/provider"

    private static func get(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, type) = (try await call.app(), try channelType(call))
        let key = call.context.masterKey
        let providers = try await call.context.database.withSession { session in
            try await ProviderStore.list(app, channel: type, key: key, in: session)
        }
        return answer(providers, call)
    }

    /// All of the channel's providers at once. A provider that is named as before keeps its id, its inbound address, and the secrets
    /// that the request leaves out.
    private static func update(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, type) = (try await call.app(), try channelType(call))
        let request = try ProviderRequest(try call.json(), channel: type)
        let (key, environment) = (call.context.masterKey, call.context.environment)
        let providers = try await call.context.database.transaction { session in
            // Two writers at once would each keep secrets that the other replaces.
            try await session.execute("SELECT FROM apps WHERE id = \(app) FOR NO KEY UPDATE")
            let before = try await ProviderStore.list(app, channel: type, key: key, in: session)
            let providers = try request.providers(before: before, newID: { environment.newID() })
            let setup = try await ChannelSetup.load(app, type: type, key: key, in: session)
            try ProviderRehearsal(call.context).check(
                providers, of: app, channel: type, configuration: setup.configuration)
            try await ProviderStore.replace(
                app, channel: type, with: providers, key: key, now: environment.now(), in: session)
            return providers
        }
        return answer(providers, call)
    }

    private static func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, type) = (try await call.app(), try channelType(call))
        let (key, now) = (call.context.masterKey, call.context.environment.now())
        try await call.context.database.transaction { session in
            try await ProviderStore.replace(app, channel: type, with: [], key: key, now: now, in: session)
        }
        return answer([], call)
    }

    /// `apns_sandbox` → `APNS_SANDBOX`
    private static func channelType(_ call: RequestContext) throws -> String {
        let name = try call.parameter("channel-type")
        guard let type = ChannelType(rawValue: name.uppercased()), type != .inApp, name == name.lowercased() else {
            throw APIError.resourceNotFound
        }
        return type.rawValue
    }

    private static func answer(_ providers: [StoredProvider], _ call: RequestContext) -> HTTPResponse {
        let publicURL = call.context.configuration.publicURL
        let list = providers.map { provider -> JSON in
            [
                "Name": .string(provider.name), "Kind": .string(provider.kind), "Id": .string(provider.id.description),
                "Rank": .integer(Int64(provider.rank)), "Weight": .integer(Int64(provider.weight)),
                "Enabled": .bool(provider.isEnabled), "Settings": .object(provider.settings),
                "Secrets": .array(provider.secrets.keys.sorted().map { .string($0) }),
                "InboundUrl": .string("\(publicURL)/inbound/\(provider.id)/"),
            ]
        }
        return .json(JSON.object(["Providers": .array(list)]).serialized)
    }
}
