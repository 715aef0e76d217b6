package import Core
package import PinpointAPI
package import Postgres
import Segments

/// Makes a run's plan from its campaign: which treatment sends what, until when, by which policy.
package enum RunPlanner {
    /// A campaign without MaximumDuration may retry this long; what is left then is `expired`.
    private static let defaultDuration: Duration = .seconds(24 * 3600)
    /// The same with MessagesPerSecond, where sending itself may take days.
    private static let defaultPacedDuration: Duration = .seconds(30 * 24 * 3600)

    /// Messages of an event-triggered campaign have their own expiry, soon after their event; the run's is only behind all of them.
    private static let eventGrace: Duration = .seconds(3600)

    /// Throws `.invalid` when the campaign cannot be sent (template gone, no sender address).
    package static func plan(_ run: RunStart.Initializing, in session: Session) async throws -> RunPlan {
        let campaign = try CampaignStore.request(run.definition, of: run.campaign)
        let treatments = try await treatments(of: campaign, app: run.app, account: run.account, in: session)
        var rules = rules(of: campaign, stored: run.definition)
        let settings = try await AppSettingsStore.load(run.app, in: session)?.settings
        rules.law = MarketingLaw.of(campaign, settings)
        var plan = RunPlan(
            account: run.account,
            app: run.app,
            campaign: run.campaign,
            campaignVersion: run.campaignVersion,
            campaignName: campaign.name ?? "",
            run: run.run,
            runDay: run.runDay,
            scheduledAt: run.scheduledAt,
            expiresAt: campaign.schedule?.frequency == .event
                ? (run.runDay + 1).start + eventGrace : expiry(of: campaign, startedAt: run.startedAt),
            deliveryPolicy: CampaignExtensions.policy(campaign.needletail),
            holdoutPercent: campaign.holdoutPercent ?? 0,
            treatments: treatments,
            messagesPerSecond: campaign.limits?.messagesPerSecond ?? 0,
            rules: rules,
            hook: OutboundTarget.hook(campaign.hook)
        )
        plan.trigger = campaign.schedule?.triggerSource
        return try plan.scheduled(as: run, campaign.schedule, lasting: duration(of: campaign))
    }

    private static func expiry(of campaign: WriteCampaignRequest, startedAt: Instant) -> Instant {
        let end = startedAt + duration(of: campaign)
        guard let text = campaign.schedule?.endTime, let scheduled = ISO8601.parse(text) else { return end }
        return min(end, scheduled)
    }

    /// MaximumDuration, or what stands for it.
    private static func duration(of campaign: WriteCampaignRequest) -> Duration {
        let seconds = campaign.limits?.maximumDuration ?? 0
        if seconds > 0 { return .seconds(min(seconds, longestDurationSeconds)) }
        return (campaign.limits?.messagesPerSecond ?? 0) > 0 ? defaultPacedDuration : defaultDuration
    }

    /// A hundred years: keeps the sum within the instants that Postgres knows.
    private static let longestDurationSeconds = 100 * 365 * 86_400

    /// `stored`: the definition as its row has it, which knows whose cap Daily is.
    private static func rules(of campaign: WriteCampaignRequest, stored: JSON) -> RunRules {
        let daily = campaign.limits?.daily ?? 0
        let isOfApp = CampaignDefinition.isDailyOfApp(stored: stored)
        return RunRules(
            quietTime: QuietTimeRules.window(campaign.schedule?.quietTime),
            caps: FrequencyCaps(
                campaignDaily: isOfApp ? 0 : daily, appDaily: isOfApp ? daily : 0, total: campaign.limits?.total ?? 0),
            purpose: CampaignExtensions.purpose(campaign.needletail))
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
        let additional = campaign.additionalTreatments ?? []
        let others = additional.reduce(campaign.holdoutPercent ?? 0) { $0 + ($1.sizePercent ?? 0) }
        let names = [campaign.treatmentName] + additional.map(\.treatmentName)
        let sizes = [max(0, 100 - others)] + additional.map { $0.sizePercent ?? 0 }
        let channel = try await StoredEmailChannel.load(app, in: session)
        let channels = ChannelPlanner(account: account, session: session)
        var treatments: [RunPlan.Treatment] = []
        for (index, arm) in CampaignArm.all(of: campaign).enumerated() {
            let email = try await email(of: arm, channel, account: account, in: session)
            var others = try await channels.channels(of: arm)
            if email != nil { others.remove(.email) }
            var treatment = RunPlan.Treatment(
                name: names[index], sizePercent: sizes[index], email: email,
                otherChannels: Set(others.map(\.rawValue)))
            treatment.sms = try await SMSPlanner(app: app, account: account, session: session).content(
                of: arm, purpose: CampaignExtensions.purpose(campaign.needletail))
            treatment.push = try await PushPlanner(account: account, session: session).content(of: arm)
            treatment.voice = try await VoicePlanner(account: account, session: session).content(of: arm)
            treatment.custom = CustomPlanner.content(of: arm)
            treatment.otherChannels.subtract(treatment.senders.keys)
            treatments.append(treatment)
        }
        return treatments
    }

    /// The e-mail that `arm` asks for, or that its default message makes where the app sends e-mail.
    private static func email(
        of arm: CampaignArm, _ channel: StoredEmailChannel?, account: String, in session: Session
    ) async throws -> RunPlan.EmailContent? {
        guard arm.namesEmail || isEmail(arm, channel) else { return nil }
        let planner = EmailPlanner(account: account, channel: try usable(channel), session: session)
        return try await planner.content(of: arm)
    }

    static func usable(_ channel: StoredEmailChannel?) throws(Fault) -> StoredEmailChannel {
        guard let channel else { throw Fault(.invalid, "The app has no e-mail channel") }
        guard channel.isEnabled else { throw Fault(.invalid, "The app's e-mail channel is not enabled") }
        return channel
    }

    /// A default message without a title, beside messages of other channels, is meant for those that need none.
    private static func isEmail(_ arm: CampaignArm, _ channel: StoredEmailChannel?) -> Bool {
        guard let message = arm.fallback, message.silentPush != true, message.body?.isEmpty == false else {
            return false
        }
        return channel?.isEnabled == true && (message.title?.isEmpty == false || !arm.namesOthers)
    }
}
