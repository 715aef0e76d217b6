import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// GetInAppMessages: the in-app campaigns that are on now and whose segment has the endpoint. The client judges trigger, quiet
/// time and caps.
struct GetInAppMessages: Sendable {
    let campaigns: InAppCampaignCache

    func run(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        guard let answer = try await answer(app, call) else { throw try await ReadEndpoints.notFound(in: app, call) }
        return call.answer(answer)
    }

    /// Nil when there is no such endpoint.
    func answer(_ app: AppID, _ call: RequestContext) async throws -> InAppMessagesResponse? {
        let id = EndpointID(try call.parameter("endpoint-id"))
        let now = call.context.environment.now()
        return try await call.context.database.withSession { session in
            let campaigns = try await campaigns.active(app, account: call.account, at: now, in: session)
            let shown = try await InAppCampaigns.shown(to: id, of: app, among: campaigns, at: now, in: session)
            return shown.map { shown in
                InAppMessagesResponse(
                    inAppMessageCampaigns: shown.map { Self.message(of: campaigns[$0.campaign], arm: $0.arm) })
            }
        }
    }

    private static func message(of campaign: InAppCampaigns.Active, arm: Int16) -> InAppMessageCampaign {
        let request = campaign.request
        let limits = request.limits
        return InAppMessageCampaign(
            campaignId: campaign.id.description,
            dailyCap: limits?.daily ?? 0,
            inAppMessage: campaign.messages[Int(arm)],
            priority: request.priority,
            schedule: InAppCampaignSchedule(
                endDate: request.schedule?.endTime,
                eventFilter: request.schedule?.eventFilter,
                quietTime: request.schedule?.quietTime
            ),
            sessionCap: limits?.session ?? 0,
            totalCap: limits?.total ?? 0,
            treatmentId: String(arm)
        )
    }
}
