import Hosting
import PinpointAPI

/// Routes of campaigns. `signal` cuts the scheduler's wait short when a campaign may start at once.
func campaignRoutes(_ signal: SchedulerSignal) -> [Route] {
    let write = CampaignsWriting(signal: signal)
    return [
        Route(.createCampaign, handler: write.create),
        Route(.updateCampaign, handler: write.update),
        Route(.deleteCampaign, handler: write.delete),
        Route(.getCampaign, handler: CampaignsReading.latest),
        Route(.getCampaignVersion, handler: CampaignsReading.version),
        Route(.getCampaigns, handler: CampaignsReading.list),
        Route(.getCampaignVersions, handler: CampaignsReading.versions),
        Route(
            "POST",
            "/v1/apps/{application-id}/campaigns/{campaign-id}/runs/{run-id}/cancel",
            access: .signed(action: "mobiletargeting:CancelCampaignRun"),
            handler: CancelRun.post
        ),
    ]
}
