package import Core
package import PinpointAPI
package import Postgres

/// What a campaign's definition names outside itself: its segment, and the defaults of its app.
package enum CampaignReferences {
    /// Checks the segment and fills `SegmentVersion` with the current one where it is absent.
    package static func fillSegment(
        _ definition: CampaignDefinition,
        app: AppID,
        account: String,
        in session: Session
    ) async throws -> CampaignDefinition {
        guard let text = definition.request.segmentId, let id = SegmentID(text),
            let latest = try await SegmentStore.load(app, id: id, account: account, in: session)
        else { throw APIError.badRequest("SegmentId: the segment does not exist in this app") }
        var filled = definition
        if let version = definition.request.segmentVersion {
            guard (1...latest.version).contains(version) else {
                throw APIError.badRequest(
                    "SegmentVersion: the segment has versions 1 to \(latest.version); got \(version)")
            }
        } else {
            filled.request.segmentVersion = latest.version
        }
        return filled
    }

    /// The app's settings, unless they ask for what a run of this version would not keep.
    ///
    /// They are stored whatever they say, for clients that read back what they wrote. But a campaign that ignored the
    /// app's quiet time or caps would reach people it should not.
    ///
    /// An in-app campaign takes them all: its clients keep them.
    package static func settings(
        of app: AppID,
        isInApp: Bool = false,
        in session: Session
    ) async throws -> WriteApplicationSettingsRequest {
        guard let stored = try await AppSettingsStore.load(app, in: session) else { throw APIError.applicationNotFound }
        let settings = stored.settings
        if isInApp { return settings }
        let limits = settings.limits
        let (hook, quietTime) = (settings.campaignHook, settings.quietTime)
        for (name, isSet) in [
            ("QuietTime", isText(quietTime?.start) || isText(quietTime?.end)),
            ("Limits.Daily", isCap(limits?.daily)),
            ("Limits.Total", isCap(limits?.total)),
            ("Limits.Session", isCap(limits?.session)),
            ("CampaignHook", isText(hook?.lambdaFunctionName) || isText(hook?.webUrl)),
        ] where isSet {
            throw APIError.badRequest(
                "ApplicationSettings.\(name) is not supported in this version; "
                    + "no campaign of the app can be written until UpdateApplicationSettings unsets it")
        }
        return settings
    }

    /// Empty is how Terraform writes what is not set.
    private static func isText(_ text: String?) -> Bool { !(text ?? "").isEmpty }

    /// 0 is how it writes no limit.
    private static func isCap(_ limit: Int?) -> Bool { (limit ?? 0) != 0 }

    /// Copies the app's limits, and for an in-app campaign its quiet time, into a new campaign that does not set them itself, as
    /// Pinpoint does at creation and never again.
    package static func fillDefaults(
        _ definition: CampaignDefinition,
        from settings: WriteApplicationSettingsRequest
    ) -> CampaignDefinition {
        var filled = definition
        if definition.isInApp, definition.request.schedule?.quietTime == nil {
            filled.request.schedule?.quietTime = settings.quietTime
        }
        guard let defaults = settings.limits else { return filled }
        var limits = definition.request.limits ?? CampaignLimits()
        if definition.isInApp {
            limits.daily = limits.daily ?? defaults.daily
            limits.total = limits.total ?? defaults.total
            limits.session = limits.session ?? defaults.session
        }
        limits.maximumDuration = limits.maximumDuration ?? defaults.maximumDuration.flatMap { $0 == 0 ? nil : $0 }
        limits.messagesPerSecond = limits.messagesPerSecond ?? defaults.messagesPerSecond.flatMap { $0 == 0 ? nil : $0 }
        if limits != CampaignLimits() { filled.request.limits = limits }
        return filled
    }
}
