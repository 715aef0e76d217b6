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
        if let needletail = request.needletail {
            try NeedletailMembers.only([], of: needletail, at: WirePath.root.member("Needletail"))
        }
        if let quietTime = request.quietTime { try check(quietTime) }
        let hook = WirePath.root.member("CampaignHook")
        try TextLimit.check(request.campaignHook?.lambdaFunctionName, at: hook.member("LambdaFunctionName"))
        try TextLimit.check(request.campaignHook?.webUrl, at: hook.member("WebUrl"))
    }

    /// Both or neither; empty means unset, as Terraform writes it.
    private static func check(_ quietTime: QuietTime) throws(APIError) {
        let path = WirePath.root.member("QuietTime")
        let members = [("Start", quietTime.start ?? ""), ("End", quietTime.end ?? "")]
        if members.allSatisfy({ $0.1.isEmpty }) { return }
        for (name, value) in members where !isTimeOfDay(value) {
            throw path.member(name).refusal(
                "must be a time of day, HH:MM, from 00:00 to 23:59; got \"\(value.prefix(32))\"")
        }
    }

    private static func isTimeOfDay(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return false }
        return hour < 24 && minute < 60
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
}
