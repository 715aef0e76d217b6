import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetApplicationSettings and UpdateApplicationSettings.
enum AppSettingsCalls {
    static func get(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let settings = try await call.context.database.withSession { try await AppSettingsStore.load(app, in: $0) }
        guard let settings else { throw APIError.applicationNotFound }
        return call.answer(settings.response())
    }

    static func update(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request: WriteApplicationSettingsRequest = try call.body()
        try check(request)
        let now = call.context.environment.now()
        let settings = try await call.context.database.transaction { session in
            try await AppSettingsStore.update(app, request, now: now, in: session)
        }
        guard let settings else { throw APIError.applicationNotFound }
        return call.answer(settings.response())
    }

    /// What the wire types cannot say.
    private static func check(_ request: WriteApplicationSettingsRequest) throws(APIError) {
        try MarketingLaw.check(settings: request.needletail, at: WirePath.root.member("Needletail"))
        try QuietTimeRules.check(request.quietTime, at: WirePath.root.member("QuietTime"))
        try OutboundTarget.check(default: request.campaignHook, at: WirePath.root.member("CampaignHook"))
    }
}

/// A bound for strings that the service model leaves unbounded.
enum TextLimit {
    /// As the longest ARN that AWS has.
    static let characters = 2048

    static func check(_ text: String?, at path: WirePath) throws(APIError) {
        guard let text, text.unicodeScalars.count > characters else { return }
        throw path.refusal("must have at most \(characters) characters; got \(text.unicodeScalars.count)")
    }

    /// Keys, certificates with their chains, and a service account's file.
    static func check(secret text: String?, at path: WirePath) throws(APIError) {
        guard let text, text.utf8.count > secretBytes else { return }
        throw path.refusal("must have at most \(secretBytes) bytes; got \(text.utf8.count)")
    }

    private static let secretBytes = 32 << 10
}
