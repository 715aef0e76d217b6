package import Core
package import PinpointAPI
package import Postgres

/// Makes a run's plan from its campaign: which treatment sends what, until when, by which policy.
package enum RunPlanner {
    /// A campaign without MaximumDuration may retry this long; what is left then is `expired`.
    private static let defaultDuration: Duration = .seconds(24 * 3600)
    /// The same with MessagesPerSecond, where sending itself may take days.
    private static let defaultPacedDuration: Duration = .seconds(30 * 24 * 3600)

    /// Throws `.invalid` when the campaign cannot be sent (template gone, no sender address).
    package static func plan(_ run: RunStart.Initializing, in session: Session) async throws -> RunPlan {
        let campaign = try CampaignStore.request(run.definition, of: run.campaign)
        let treatments = try await treatments(of: campaign, app: run.app, account: run.account, in: session)
        return RunPlan(
            account: run.account,
            app: run.app,
            campaign: run.campaign,
            campaignVersion: run.campaignVersion,
            campaignName: campaign.name ?? "",
            run: run.run,
            runDay: run.runDay,
            scheduledAt: run.scheduledAt,
            expiresAt: expiry(of: campaign, startedAt: run.startedAt),
            deliveryPolicy: policy(campaign.needletail),
            holdoutPercent: campaign.holdoutPercent ?? 0,
            treatments: treatments,
            messagesPerSecond: campaign.limits?.messagesPerSecond ?? 0
        )
    }

    private static func expiry(of campaign: WriteCampaignRequest, startedAt: Instant) -> Instant {
        let seconds = campaign.limits?.maximumDuration ?? 0
        let isPaced = (campaign.limits?.messagesPerSecond ?? 0) > 0
        let unlimited = isPaced ? defaultPacedDuration : defaultDuration
        let end = startedAt + (seconds > 0 ? .seconds(min(seconds, longestDurationSeconds)) : unlimited)
        guard let text = campaign.schedule?.endTime, let scheduled = ISO8601.parse(text) else { return end }
        return min(end, scheduled)
    }

    /// A hundred years: keeps the sum within the instants that Postgres knows.
    private static let longestDurationSeconds = 100 * 365 * 86_400

    private static func policy(_ extensions: JSON?) -> DeliveryPolicy {
        extensions?[CampaignDefinition.deliveryPolicy]?.string.flatMap(DeliveryPolicy.init(rawValue:)) ?? .atMostOnce
    }

    // MARK: Content

    /// What each treatment sends, as far as it is the same for everybody; index 0 is the default treatment.
    ///
    /// Asked when a campaign is written, so that its author learns at once what is missing, and again when a run starts.
    /// Throws `Fault(.invalid)` with the member's name in the message.
    package static func treatments(
        of campaign: WriteCampaignRequest,
        app: AppID,
        account: String,
        in session: Session
    ) async throws -> [RunPlan.Treatment] {
        let planner = EmailPlanner(
            account: account, channel: try await emailChannel(app, in: session), session: session)
        let additional = campaign.additionalTreatments ?? []
        let others = additional.reduce(campaign.holdoutPercent ?? 0) { $0 + ($1.sizePercent ?? 0) }
        var treatments = [
            RunPlan.Treatment(
                name: campaign.treatmentName,
                sizePercent: max(0, 100 - others),
                email: try await planner.content(
                    campaign.messageConfiguration, campaign.templateConfiguration, at: .root)
            )
        ]
        for (index, treatment) in additional.enumerated() {
            let content = try await planner.content(
                treatment.messageConfiguration,
                treatment.templateConfiguration,
                at: .root.member("AdditionalTreatments").element(index)
            )
            treatments.append(
                .init(name: treatment.treatmentName, sizePercent: treatment.sizePercent ?? 0, email: content)
            )
        }
        return treatments
    }

    private static func emailChannel(_ app: AppID, in session: Session) async throws -> StoredEmailChannel {
        guard let channel = try await ChannelStore.email(app, in: session) else {
            throw Fault(.invalid, "The app has no e-mail channel")
        }
        guard channel.isEnabled else { throw Fault(.invalid, "The app's e-mail channel is not enabled") }
        return channel
    }
}
