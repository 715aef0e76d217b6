package import Core
import PinpointAPI
package import Postgres

extension CampaignStore {
    /// The latest version, or the given one. Nil when there is no such campaign, or it was deleted.
    package static func load(
        _ app: AppID,
        id: CampaignID,
        version: Int? = nil,
        account: String,
        in session: Session
    ) async throws -> StoredCampaign? {
        let wanted = version.flatMap { Int32(exactly: $0) }
        if version != nil, wanted == nil { return nil }
        let campaigns = try await page(
            """
            WHERE c.app = \(app) AND c.id = \(id) AND c.deleted_at IS NULL
              AND v.version = coalesce(\(wanted), c.version)
            """,
            app,
            account: account,
            in: session
        )
        return campaigns.first
    }

    /// Latest versions, oldest campaign first.
    package static func list(
        _ app: AppID,
        after: (createdAt: Instant, id: CampaignID)?,
        limit: Int,
        account: String,
        in session: Session
    ) async throws -> [StoredCampaign] {
        let start: SQL = after.map { "AND (c.created_at, c.id) > (\($0.createdAt), \($0.id))" } ?? .empty
        return try await page(
            """
            WHERE c.app = \(app) AND c.deleted_at IS NULL AND v.version = c.version \(start)
            ORDER BY c.created_at, c.id
            LIMIT \(limit)
            """,
            app,
            account: account,
            in: session
        )
    }

    /// Versions of one campaign, newest first; empty when it does not exist.
    package static func versions(
        _ app: AppID,
        id: CampaignID,
        before: Int?,
        limit: Int,
        account: String,
        in session: Session
    ) async throws -> [StoredCampaign] {
        let start: SQL = before.map { "AND v.version < \($0)" } ?? .empty
        return try await page(
            """
            WHERE c.app = \(app) AND c.id = \(id) AND c.deleted_at IS NULL \(start)
            ORDER BY v.version DESC
            LIMIT \(limit)
            """,
            app,
            account: account,
            in: session
        )
    }

    static func page(
        _ condition: SQL,
        _ app: AppID,
        account: String,
        in session: Session
    ) async throws -> [StoredCampaign] {
        let rows = try await session.query(
            """
            SELECT c.id, v.version, c.status, c.created_at, v.created_at, v.definition
              FROM campaigns c
              JOIN campaign_versions v ON v.app = c.app AND v.id = c.id
            \(condition)
            """
        )
        var campaigns: [StoredCampaign] = []
        for row in rows {
            let id: CampaignID = try row.get(0)
            let word: String = try row.get(2)
            guard let status = CampaignStatus(rawValue: word) else {
                throw Fault(.integrity, "campaign \(id) has the unknown status \(word)")
            }
            campaigns.append(
                StoredCampaign(
                    app: app,
                    id: id,
                    version: try row.get(1),
                    status: status,
                    createdAt: try row.get(3),
                    modifiedAt: try row.get(4),
                    request: try request(try row.get(5), of: id),
                    tags: [:]
                )
            )
        }
        let resources = Set(campaigns.map { ARN.Resource.campaign(app, $0.id) })
        let tags = try await TagStore.tags(of: Array(resources), account: account, in: session)
        let statuses = try await treatmentStatuses(campaigns.map(\.id), app: app, in: session)
        for index in campaigns.indices {
            campaigns[index].tags = tags[.campaign(app, campaigns[index].id)] ?? [:]
            campaigns[index].treatmentStatuses = statuses[campaigns[index].id] ?? [:]
        }
        return campaigns
    }

    /// What was stored passed the same checks when it came in.
    static func request(_ json: JSON, of id: CampaignID) throws(Fault) -> WriteCampaignRequest {
        do {
            return try WriteCampaignRequest(json: json, at: .root)
        } catch {
            throw Fault(.integrity, "The stored definition of campaign \(id) is not valid", cause: error)
        }
    }
}
