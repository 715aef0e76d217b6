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
        let page = try PageRequest(QueryParameters(call.request))
        let after = try page.cursor(of: "GetCampaigns").map { token throws(APIError) in
            guard let id = CampaignID(try token.string("Id")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return (createdAt: try token.instant("CreatedAt"), id: id)
        }
        let campaigns = try await call.context.database.withSession { session in
            try await CampaignStore.list(app, after: after, limit: page.size + 1, account: call.account, in: session)
        }
        return answer(call, campaigns, page: page) { last in
            PageToken(
                list: "GetCampaigns",
                position: ["CreatedAt": .integer(last.createdAt.microseconds), "Id": .string(last.id.description)]
            )
        }
    }

    static func versions(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("campaign-id", of: Noun.Campaign.self)
        let page = try PageRequest(QueryParameters(call.request))
        let before = try page.cursor(of: "GetCampaignVersions").map { token throws(APIError) in
            Int(try token.integer("Version"))
        }
        let campaigns = try await call.context.database.withSession { session in
            try await CampaignStore.versions(
                app,
                id: id,
                before: before,
                limit: page.size + 1,
                account: call.account,
                in: session
            )
        }
        // A campaign has at least one version, so an empty first page means that it does not exist.
        if campaigns.isEmpty, before == nil { throw APIError.resourceNotFound }
        return answer(call, campaigns, page: page) { last in
            PageToken(list: "GetCampaignVersions", position: ["Version": .integer(Int64(last.version))])
        }
    }

    /// `campaigns` has one more than the page when there is a next one.
    private static func answer(
        _ call: RequestContext,
        _ campaigns: [StoredCampaign],
        page: PageRequest,
        token: (StoredCampaign) -> PageToken
    ) -> HTTPResponse {
        let shown = campaigns.prefix(page.size)
        let next = campaigns.count > page.size ? shown.last.map { token($0).text } : nil
        let items = shown.map { $0.response(region: call.region, account: call.account) }
        return call.answer(CampaignsResponse(item: items, nextToken: next))
    }
}
