import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetCampaignActivities: one activity per run and treatment, newest run first. A page holds whole runs.
enum CampaignActivities {
    private static let list = "GetCampaignActivities"

    static func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let campaign = try call.id("campaign-id", of: Noun.Campaign.self)
        let page = try PageRequest(QueryParameters(call.request))
        let before = try page.cursor(of: list).map { token throws(APIError) in
            guard let run = RunID(try token.string("Run")) else {
                throw .badRequest("The token is not valid for this list")
            }
            return (startedAt: try token.instant("StartedAt"), run: run)
        }
        // One run more than fits tells whether there is a next page.
        let activities = try await call.context.database.withSession { session in
            guard try await CampaignLookup.exists(app, campaign: campaign, in: session) else {
                throw APIError.resourceNotFound
            }
            return try await CampaignActivity.list(
                app,
                campaign: campaign,
                before: before,
                runs: page.size + 1,
                in: session
            )
        }
        var runs: [RunID] = []
        for activity in activities where runs.last != activity.run { runs.append(activity.run) }
        let shown = Set(runs.prefix(page.size))
        let items = activities.filter { shown.contains($0.run) }
        var answer = ActivitiesResponse(item: items.map { response($0, app: app, campaign: campaign) })
        if runs.count > page.size, let last = items.last {
            let position: JSONObject = [
                "StartedAt": .integer(last.startedAt.microseconds), "Run": .string(last.run.description),
            ]
            answer.nextToken = PageToken(list: list, position: position).text
        }
        return call.answer(answer)
    }

    private static func response(_ activity: CampaignActivity, app: AppID, campaign: CampaignID) -> ActivityResponse {
        ActivityResponse(
            applicationId: app.description,
            campaignId: campaign.description,
            end: activity.endedAt?.description,
            id: activity.id.description,
            result: activity.result,
            scheduledStart: activity.scheduledAt.description,
            start: activity.startedAt.description,
            state: activity.state,
            successfulEndpointCount: Int(activity.accepted),
            timezonesCompletedCount: Int(activity.zonesCompleted),
            timezonesTotalCount: Int(activity.zones),
            totalEndpointCount: Int(activity.planned),
            treatmentId: String(activity.treatment),
            executionMetrics: activity.executionMetrics.mapValues { String($0) }
        )
    }
}
