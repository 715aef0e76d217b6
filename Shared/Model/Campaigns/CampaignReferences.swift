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

    /// Copies the app's limits into a new campaign that does not set them itself, as Pinpoint does at creation and never again.
    ///
    /// Only limits that a run of this version keeps; the app's other defaults are settings of later channels and caps.
    package static func fillDefaults(
        _ definition: CampaignDefinition,
        app: AppID,
        in session: Session
    ) async throws -> CampaignDefinition {
        let rows = try await session.query(
            "SELECT settings->'Limits' FROM apps WHERE id = \(app) AND deleted_at IS NULL")
        guard let row = rows.first else { throw APIError.applicationNotFound }
        guard let json: JSON = try row.get(0) else { return definition }
        let defaults = try CampaignLimits(json: json, at: .root)
        var filled = definition
        var limits = definition.request.limits ?? CampaignLimits()
        limits.maximumDuration = limits.maximumDuration ?? defaults.maximumDuration.flatMap { $0 == 0 ? nil : $0 }
        limits.messagesPerSecond = limits.messagesPerSecond ?? defaults.messagesPerSecond.flatMap { $0 == 0 ? nil : $0 }
        if limits != CampaignLimits() { filled.request.limits = limits }
        return filled
    }
}
