package import Core
import PinpointAPI
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

    /// Copies the app's limits, quiet time and hook into a new campaign that says nothing about them, as Pinpoint does at
    /// creation and never again. A campaign that says 0, or an empty object, has none.
    package static func fillDefaults(
        _ definition: CampaignDefinition,
        of app: AppID,
        in session: Session
    ) async throws -> CampaignDefinition {
        guard let stored = try await AppSettingsStore.load(app, in: session) else { throw APIError.applicationNotFound }
        let settings = stored.settings
        var filled = definition
        if QuietTimeRules.window(settings.quietTime) != nil { fill(settings.quietTime, in: &filled.request) }
        // Clients fetch an in-app campaign: nobody is sent to, so nobody is filtered.
        if definition.request.hook == nil, !definition.isInApp, OutboundTarget.hook(settings.campaignHook) != nil {
            filled.request.hook = settings.campaignHook
        }
        fillLimits(&filled, from: settings.limits)
        return filled
    }

    /// In treatments' own schedules too: nobody is written to at night because of how a schedule was written down.
    private static func fill(_ quietTime: QuietTime?, in request: inout WriteCampaignRequest) {
        if request.schedule?.quietTime == nil { request.schedule?.quietTime = quietTime }
        for index in (request.additionalTreatments ?? []).indices
        where request.additionalTreatments?[index].schedule?.quietTime == nil {
            request.additionalTreatments?[index].schedule?.quietTime = quietTime
        }
    }

    /// Session is of in-app campaigns only, but an answer shows it on all.
    private static func fillLimits(_ definition: inout CampaignDefinition, from defaults: CampaignLimits?) {
        guard let defaults else { return }
        var limits = definition.request.limits ?? CampaignLimits()
        definition.isDailyOfApp = limits.daily == nil && set(defaults.daily) != nil
        limits.daily = limits.daily ?? set(defaults.daily)
        limits.total = limits.total ?? set(defaults.total)
        limits.session = limits.session ?? set(defaults.session)
        limits.maximumDuration = limits.maximumDuration ?? set(defaults.maximumDuration)
        limits.messagesPerSecond = limits.messagesPerSecond ?? set(defaults.messagesPerSecond)
        if limits != CampaignLimits() { definition.request.limits = limits }
    }

    /// 0 is how Terraform writes no limit.
    private static func set(_ limit: Int?) -> Int? { limit.flatMap { $0 == 0 ? nil : $0 } }
}
