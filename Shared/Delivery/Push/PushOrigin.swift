import Core
import Model

/// Where a notification comes from, as apps with Pinpoint's SDKs read it and report it back with `_campaign.opened_notification`
/// and the like (pinpoint-api §3.7).
struct PushOrigin: Sendable {
    let campaign: String
    let activity: String
    let treatment: String

    /// Pinpoint's word for a message of no campaign.
    private static let direct = "_DIRECT"

    init(_ plan: RunPlan, treatment: Int16) {
        campaign = plan.campaign == TestRun.campaign ? Self.direct : plan.campaign.description
        activity = plan.run.description
        self.treatment = String(treatment)
    }

    var members: [(name: String, value: String)] {
        [("campaign_id", campaign), ("campaign_activity_id", activity), ("treatment_id", treatment)]
    }
}
