package import Core
package import PinpointAPI
package import Postgres

/// An app's settings: what its campaigns start from. The column `apps.settings` holds a WriteApplicationSettingsRequest.
package struct AppSettings: Sendable {
    package var app: AppID
    package var settings: WriteApplicationSettingsRequest
    package var modifiedAt: Instant

    /// `CampaignHook`, `Limits` and `QuietTime` are always there, empty when unset: Terraform reads into them unasked.
    package func response() -> ApplicationSettingsResource {
        ApplicationSettingsResource(
            applicationId: app.description,
            campaignHook: settings.campaignHook ?? CampaignHook(),
            lastModifiedDate: modifiedAt.description,
            limits: settings.limits ?? CampaignLimits(),
            quietTime: settings.quietTime ?? QuietTime(),
            journeyLimits: settings.journeyLimits,
            needletail: settings.needletail
        )
    }
}

package enum AppSettingsStore {
    /// Nil when there is no such app.
    package static func load(_ app: AppID, in session: Session) async throws -> AppSettings? {
        let rows = try await session.query(
            """
            SELECT settings, settings_modified_at
              FROM apps
             WHERE id = \(app) AND deleted_at IS NULL
            """
        )
        return try rows.first.map { try settings($0, of: app) }
    }

    /// Replaces the members that `request` has and leaves the others: a client that writes `{}` changes nothing.
    package static func update(
        _ app: AppID, _ request: WriteApplicationSettingsRequest, now: Instant, in session: Session
    ) async throws -> AppSettings? {
        let rows = try await session.query(
            """
            UPDATE apps
               SET settings = settings || \(SQLBind.jsonb(request.json.serialized)), settings_modified_at = \(now)
             WHERE id = \(app) AND deleted_at IS NULL
            RETURNING settings, settings_modified_at
            """
        )
        return try rows.first.map { try settings($0, of: app) }
    }

    /// What was stored passed the same checks when it came in.
    private static func settings(_ row: Row, of app: AppID) throws -> AppSettings {
        let modifiedAt: Instant = try row.get(1)
        do {
            let settings = try WriteApplicationSettingsRequest(json: try row.get(0), at: .root)
            return AppSettings(app: app, settings: settings, modifiedAt: modifiedAt)
        } catch let error as APIError {
            throw Fault(.integrity, "The stored settings of app \(app) are not valid", cause: error)
        }
    }
}
