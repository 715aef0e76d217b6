package import Core
import PinpointAPI
package import Postgres

/// The tables `campaigns` and `campaign_versions`: every write is a new version, and runs keep the one they were started with.
///
/// Whoever locks rows of both a campaign and its runs locks the campaign first.
package enum CampaignStore {
    /// - Throws: 404 when the app was deleted meanwhile: a campaign in it would never be cleared away. 400 for an EndTime
    ///   that is past.
    package static func create(
        _ app: AppID,
        id: CampaignID,
        _ definition: CampaignDefinition,
        tags: [String: String]?,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredCampaign {
        let living = try await session.query(
            "SELECT 1 FROM apps WHERE id = \(app) AND deleted_at IS NULL FOR SHARE"
        )
        guard !living.isEmpty else { throw APIError.applicationNotFound }
        var starts: [CampaignStart] = []
        let groups = try ScheduleGroup.all(of: definition.request)
        for group in groups {
            starts.append(try CampaignStart(group, isPaused: definition.isPaused, history: .init(), now: now))
        }
        let status = CampaignStart.status(of: starts)
        if definition.isEvent, starts.contains(where: { $0.dueAt != nil }) {
            try await EventCampaigns.requireRoom(app, for: id, in: session)
        }
        try await session.execute(
            """
            INSERT INTO campaigns (app, id, version, status, next_due_at, frequency, ends_at, events_from,
                                   created_at)
            VALUES (\(app), \(id), 1, \(status.rawValue), \(starts.compactMap(\.dueAt).min()),
                    \(definition.schedule.frequency.rawValue), \(definition.schedule.end),
                    \(definition.isEvent ? starts.first?.first : nil), \(now))
            """
        )
        try await write(groups, starts, of: id, app, in: session)
        try await insertVersion(1, of: id, app, definition, now: now, in: session)
        if let tags, !tags.isEmpty {
            try await TagStore.replace(tags, of: .campaign(app, id), account: account, in: session)
        }
        return StoredCampaign(
            app: app,
            id: id,
            version: 1,
            status: status,
            createdAt: now,
            modifiedAt: now,
            request: definition.request,
            tags: tags ?? [:],
            treatmentStatuses: groups.statuses(starts)
        )
    }

    /// Replaces the definition as a whole, except that an absent `Needletail` member keeps its value; nil when there is no such
    /// campaign. Tags change only when they are given. A run under way is not touched: it has its own frozen version.
    ///
    /// - Throws: 400 for an EndTime that is past, where the write would start a run.
    package static func update(
        _ app: AppID,
        id: CampaignID,
        _ definition: CampaignDefinition,
        tags: [String: String]?,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredCampaign? {
        let rows = try await session.query(
            """
            SELECT c.version, c.created_at, v.definition
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id AND v.version = c.version
             WHERE c.app = \(app) AND c.id = \(id) AND c.deleted_at IS NULL
               FOR UPDATE OF c
            """
        )
        guard let row = rows.first else { return nil }
        let version: Int = try row.get(0) + 1
        var definition = definition
        let previous: JSON = try row.get(2)
        definition.request.needletail = merged(definition.request.needletail, over: previous)
        definition.keepOriginOfDaily(previous)
        var starts: [CampaignStart] = []
        let groups = try ScheduleGroup.all(of: definition.request)
        for group in groups {
            let history = try await CampaignStart.history(of: id, group, app: app, in: session)
            starts.append(try CampaignStart(group, isPaused: definition.isPaused, history: history, now: now))
        }
        let status = CampaignStart.status(of: starts)
        if definition.isEvent, starts.contains(where: { $0.dueAt != nil }) {
            try await EventCampaigns.requireRoom(app, for: id, in: session)
        }
        try await session.batch(EventCampaigns.endRuns(of: id, app, now: now))
        try await session.execute(
            """
            UPDATE campaigns
               SET version = \(Int32(version)), status = \(status.rawValue),
                   next_due_at = \(starts.compactMap(\.dueAt).min()),
                   frequency = \(definition.schedule.frequency.rawValue), ends_at = \(definition.schedule.end),
                   events_from = \(definition.isEvent ? starts.first?.first : nil)
             WHERE app = \(app) AND id = \(id)
            """
        )
        try await write(groups, starts, of: id, app, in: session)
        try await insertVersion(version, of: id, app, definition, now: now, in: session)
        let resource = ARN.Resource.campaign(app, id)
        if let tags { try await TagStore.replace(tags, of: resource, account: account, in: session) }
        return StoredCampaign(
            app: app,
            id: id,
            version: version,
            status: status,
            createdAt: try row.get(1),
            modifiedAt: now,
            request: definition.request,
            tags: try await TagStore.tags(of: [resource], account: account, in: session)[resource] ?? [:],
            treatmentStatuses: groups.statuses(starts)
        )
    }

    /// What was deleted; nil when there was nothing. Its unfinished runs are cancelled: recipients that were not handed over
    /// by then end as `suppressed(CANCELLED)`.
    package static func delete(
        _ app: AppID,
        id: CampaignID,
        account: String,
        now: Instant,
        in session: Session
    ) async throws -> StoredCampaign? {
        let deleted = try await session.execute(
            """
            UPDATE campaigns
               SET status = \(CampaignStatus.deleted.rawValue), deleted_at = \(now), next_due_at = NULL
             WHERE app = \(app) AND id = \(id) AND deleted_at IS NULL
            """
        )
        guard deleted == 1 else { return nil }
        try await session.execute("DELETE FROM campaign_schedules WHERE app = \(app) AND campaign = \(id)")
        try await session.execute(
            """
            UPDATE runs
               SET state = 'CANCELLED', ended_at = \(now)
             WHERE app = \(app) AND campaign = \(id) AND state IN ('INITIALIZING', 'RUNNING')
            """
        )
        let campaigns = try await page(
            "WHERE c.app = \(app) AND c.id = \(id) AND v.version = c.version",
            app,
            account: account,
            in: session
        )
        try await TagStore.removeAll(of: .campaign(app, id), account: account, in: session)
        return campaigns.first
    }

    private static func insertVersion(
        _ version: Int,
        of id: CampaignID,
        _ app: AppID,
        _ definition: CampaignDefinition,
        now: Instant,
        in session: Session
    ) async throws {
        try await session.execute(
            """
            INSERT INTO campaign_versions (app, id, version, definition, created_at)
            VALUES (\(app), \(id), \(Int32(version)), \(SQLBind.jsonb(definition.json.serialized)), \(now))
            """
        )
    }

    /// Extensions that an update leaves out are unchanged.
    private static func merged(_ extensions: JSON?, over previous: JSON) -> JSON? {
        guard var object = previous["Needletail"]?.object else { return extensions }
        for member in extensions?.object?.members ?? [] { object[member.key] = member.value }
        return .object(object)
    }
}
