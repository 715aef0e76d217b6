import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `GET …/campaigns/{id}/runs` (extension): the newest runs of a campaign.
enum CampaignRuns {
    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let page = try PageRequest(QueryParameters(call.request))
        let runs = try await call.context.database.withSession { session in
            guard try await CampaignLookup.exists(app, campaign: campaign, in: session) else {
                throw APIError.resourceNotFound
            }
            return try await CampaignLookup.runs(app, campaign: campaign, limit: page.size, in: session)
        }
        let answer: JSON = ["Item": .array(runs.map(item))]
        return .json(answer.serialized)
    }

    private static func item(_ run: CampaignLookup.Run) -> JSON {
        var item: JSONObject = [
            "Id": .string(run.id.description),
            "State": .string(run.state),
            "CampaignVersion": .integer(Int64(run.campaignVersion)),
            "ScheduledStart": .string(run.scheduledAt.description),
            "Start": .string(run.startedAt.description),
            "Planned": .integer(run.planned),
            "FannedOut": .bool(run.isFannedOut),
        ]
        if let end = run.endedAt { item["End"] = .string(end.description) }
        return .object(item)
    }
}
