import Core
import Delivery
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Providers

/// The e-mail channel, and GetChannels. A channel that was never configured, or was deleted, is a 404.
enum ChannelCalls {
    static func getEmail(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let channel = try await call.context.database.withSession { try await ChannelStore.email(app, in: $0) }
        guard let channel else { throw APIError.resourceNotFound }
        return call.answer(channel.response())
    }

    static func updateEmail(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request: EmailChannelRequest = try call.body()
        try check(request)
        let now = call.context.environment.now()
        let channel = try await call.context.database.transaction { session in
            try await ChannelStore.updateEmail(app, request, now: now, in: session)
        }
        return call.answer(channel.response())
    }

    static func deleteEmail(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let now = call.context.environment.now()
        let channel = try await call.context.database.transaction { session in
            try await ChannelStore.deleteEmail(app, now: now, in: session)
        }
        guard let channel else { throw APIError.resourceNotFound }
        return call.answer(channel.response())
    }

    /// In-app needs no configuration, so that it is always there, as in Pinpoint.
    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let email = try await call.context.database.withSession { try await ChannelStore.email(app, in: $0) }
        var channels = [ChannelType.inApp.rawValue: ChannelResponse(enabled: true, isArchived: false, version: 0)]
        channels[StoredEmailChannel.type] = email?.summary
        return call.answer(ChannelsResponse(channels: channels))
    }

    private static func check(_ request: EmailChannelRequest) throws(APIError) {
        if let needletail = request.needletail {
            let path = WirePath.root.member("Needletail")
            try NeedletailMembers.only([DomainRates.member], of: needletail, at: path)
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
