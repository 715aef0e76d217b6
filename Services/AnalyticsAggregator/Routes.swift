import Hosting
import PinpointAPI

/// Every route of analytics-aggregator.
enum Routes {
    static let all: [Route] = [
        Route(.getCampaignActivities, handler: CampaignActivities.list),
        Route(.getCampaignDateRangeKpi, handler: KeyFigures.ofCampaign),
        Route(.getApplicationDateRangeKpi, handler: KeyFigures.ofApplication),
        Route(
            "GET",
            "/v1/apps/{application-id}/campaigns/{campaign-id}/runs",
            access: .signed(action: "mobiletargeting:GetCampaignRuns"),
            handler: CampaignRuns.list
        ),
        Route(
            "GET",
            "/v1/apps/{application-id}/campaigns/{campaign-id}/runs/{run-id}/balance",
            access: .signed(action: "mobiletargeting:GetCampaignRunBalance"),
            handler: RunBalance.show
        ),
        Route(
            "GET",
            "/v1/apps/{application-id}/campaigns/{campaign-id}/runs/{run-id}/engagement",
            access: .signed(action: "mobiletargeting:GetCampaignRunEngagement"),
            handler: RunEngagementAnswer.show
        ),
    ]
}
