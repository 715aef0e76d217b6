import Core
import Delivery
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Providers

/// Get, Update and Delete of every channel, and GetChannels. A channel that was never configured, or was deleted, is a 404.
enum ChannelCalls {
    static let routes: [Route] =
        ChannelKind.all.flatMap { kind in
            [
                Route(kind.get) { try await get(kind, $0) },
                Route(kind.update) { try await update(kind, $0) },
                Route(kind.delete) { try await delete(kind, $0) },
            ]
        } + [Route(.getChannels, handler: list)]

    private static func get(_ kind: ChannelKind, _ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let key = call.context.masterKey
        let channel = try await call.context.database.withSession { session in
            try await ChannelStore.load(app, type: kind.type, key: key, in: session)
        }
        guard let channel else { throw APIError.resourceNotFound }
        return answer(channel, kind)
    }

    private static func update(_ kind: ChannelKind, _ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request = try kind.request(try call.json()).object ?? [:]
        for member in request.members { try TextLimit.check(secret: member.value.string, at: .root.member(member.key)) }
        let (now, key) = (call.context.environment.now(), call.context.masterKey)
        let channel = try await call.context.database.transaction { session in
            try await ChannelStore.update(app, type: kind.type, request, key: key, now: now, in: session)
        }
        return answer(channel, kind)
    }

    private static func delete(_ kind: ChannelKind, _ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let (now, key) = (call.context.environment.now(), call.context.masterKey)
        let channel = try await call.context.database.transaction { session in
            try await ChannelStore.delete(app, type: kind.type, key: key, now: now, in: session)
        }
        guard let channel else { throw APIError.resourceNotFound }
        return answer(channel, kind)
    }

    /// In-app needs no configuration, so that it is always there, as in Pinpoint.
    private static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let key = call.context.masterKey
        let stored = try await call.context.database.withSession { try await ChannelStore.list(app, key: key, in: $0) }
        var channels = [ChannelType.inApp.rawValue: ChannelResponse(enabled: true, isArchived: false, version: 0)]
        for channel in stored { channels[channel.type] = channel.summary }
        return call.answer(ChannelsResponse(channels: channels))
    }

    /// Rates per second are left out: there is no quota of a provider's to report.
    private static func answer(_ channel: StoredChannel, _ kind: ChannelKind) -> HTTPResponse {
        var members = channel.summary.json.object ?? [:]
        members["Platform"] = .string(channel.type)
        for member in kind.answer(channel).members { members[member.key] = member.value }
        return .json(JSON.object(members).serialized)
    }

    static func check(_ request: EmailChannelRequest) throws(APIError) {
        if let needletail = request.needletail {
            let path = WirePath.root.member("Needletail")
            try NeedletailMembers.only([DomainRates.member] + EmailDomains.members, of: needletail, at: path)
            try EmailDomains.check(needletail, at: path)
            if let rates = needletail[DomainRates.member] {
                try DomainRates.check(rates, at: path.member(DomainRates.member))
            }
        }
        if let from = request.fromAddress, EmailMailbox(from) == nil {
            throw WirePath.root.member("FromAddress").refusal(
                "must be an e-mail address, with or without a name: Name <local@domain>")
        }
        guard request.identity?.isEmpty == false else {
            throw WirePath.root.member("Identity").refusal("must not be empty")
        }
        let texts = [
            ("FromAddress", request.fromAddress), ("Identity", request.identity),
            ("ConfigurationSet", request.configurationSet),
            ("RoleArn", request.roleArn), ("OrchestrationSendingRoleArn", request.orchestrationSendingRoleArn),
        ]
        for (name, text) in texts { try TextLimit.check(text, at: WirePath.root.member(name)) }
    }
}
