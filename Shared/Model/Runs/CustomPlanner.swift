import PinpointAPI

/// What a treatment hands to its customer's own webhook or function.
enum CustomPlanner {
    /// Nil without a custom message. That there is a target with it is checked when a campaign is written.
    static func content(of arm: CampaignArm) -> RunPlan.CustomContent? {
        guard let message = arm.message?.customMessage, let uri = arm.delivery?.deliveryUri, !uri.isEmpty else {
            return nil
        }
        return RunPlan.CustomContent(
            data: message.data ?? "", deliveryURI: uri,
            endpointTypes: Set(ChannelPlanner.customChannels(arm.delivery).map(\.rawValue)))
    }
}
