import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetCampaign, GetCampaignVersion, GetCampaigns, GetCampaignVersions.
enum CampaignsReading {
    static func latest(_ call: RequestContext) async throws -> HTTPResponse {
        try await one(call, version: nil)
    }

    static func version(_ call: RequestContext) async throws -> HTTPResponse {
        try await one(call, version: try call.version())
    }

    private static func one(_ call: RequestContext, version: Int?) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("campaign-id", of: Noun.Campaign.self)
        let campaign = try await call.context.database.withSession { session in
            try await CampaignStore.load(app, id: id, version: version, account: call.account, in: session)
        }
        guard let campaign else { throw APIError.resourceNotFound }
        return call.answer(campaign.response(region: call.region, account: call.account))
    }

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let page = try KeysetPage.byCreation(call, list: "GetCampaigns", of: Noun.Campaign.self)
        let after = page.start.map { (createdAt: $0.createdAt, id: $0.id) }
        let campaigns = try await call.context.database.withSession { session in
            try await CampaignStore.list(app, after: after, limit: page.limit, account: call.account, in: session)
        }
        let (shown, next) = page.cut(campaigns) { CreationPosition(createdAt: $0.createdAt, id: $0.id) }
        return answer(call, shown, next)
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("campaign-id", of: Noun.Campaign.self)
        let page = try KeysetPage.byVersion(call, list: "GetCampaignVersions")
        let campaigns = try await call.context.database.withSession { session in
            try await CampaignStore.versions(
                app,
                id: id,
                before: page.start,
                limit: page.limit,
                account: call.account,
                in: session
            )
        }
        // A campaign has at least one version, so an empty first page means that it does not exist.
        if campaigns.isEmpty, page.start == nil { throw APIError.resourceNotFound }
        let (shown, next) = page.cut(campaigns, at: \.version)
        return answer(call, shown, next)
    }

    private static func answer(
        _ call: RequestContext,
        _ campaigns: ArraySlice<StoredCampaign>,
        _ next: String?
    ) -> HTTPResponse {
        let items = campaigns.map { $0.response(region: call.region, account: call.account) }
        return call.answer(CampaignsResponse(item: items, nextToken: next))
    }
}
