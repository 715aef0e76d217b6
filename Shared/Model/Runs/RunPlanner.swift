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
        let channel = try await emailChannel(app, in: session)
        let sources = TemplateSources(account: account, session: session)
        let additional = campaign.additionalTreatments ?? []
        let others = additional.reduce(campaign.holdoutPercent ?? 0) { $0 + ($1.sizePercent ?? 0) }
        var treatments = [
            RunPlan.Treatment(
                name: campaign.treatmentName,
                sizePercent: max(0, 100 - others),
                email: try await email(
                    campaign.messageConfiguration,
                    campaign.templateConfiguration,
                    at: .root,
                    channel: channel,
                    sources
                )
            )
        ]
        for (index, treatment) in additional.enumerated() {
            let content = try await email(
                treatment.messageConfiguration,
                treatment.templateConfiguration,
                at: .root.member("AdditionalTreatments").element(index),
                channel: channel,
                sources
            )
            treatments.append(
                .init(name: treatment.treatmentName, sizePercent: treatment.sizePercent ?? 0, email: content)
            )
        }
        return treatments
    }

    /// The message's own fields come before the template's (pinpoint-api §3.5).
    private static func email(
        _ message: MessageConfiguration?,
        _ templates: TemplateConfiguration?,
        at path: WirePath,
        channel: StoredEmailChannel,
        _ sources: TemplateSources
    ) async throws -> RunPlan.EmailContent {
        let own = message?.emailMessage
        let fallback = message?.defaultMessage
        var template: EmailTemplateRequest?
        if let reference = templates?.emailTemplate, let name = reference.name {
            let place = path.member("TemplateConfiguration").member("EmailTemplate")
            template = try await sources.email(name, version: reference.version, at: place)
        }
        let place = path.member("MessageConfiguration").member("EmailMessage")
        guard let from = own?.fromAddress ?? channel.configuration.fromAddress, !from.isEmpty else {
            throw Fault(.invalid, "\(place.member("FromAddress")) is required: the e-mail channel has none")
        }
        guard let subject = own?.title ?? template?.subject ?? fallback?.title, !subject.isEmpty else {
            throw Fault(.invalid, "\(place.member("Title")) is required, or a template with a Subject")
        }
        let content = RunPlan.EmailContent(
            from: from,
            subject: subject,
            html: own?.htmlBody ?? template?.htmlPart,
            text: own?.body ?? template?.textPart ?? fallback?.body,
            headers: (own?.headers ?? template?.headers ?? []).compactMap { header in
                guard let name = header.name, let value = header.value else { return nil }
                return RunPlan.EmailContent.Header(name: name, value: value)
            },
            defaultSubstitutions: try defaults(of: template)
        )
        guard content.html?.isEmpty == false || content.text?.isEmpty == false else {
            throw Fault(.invalid, "\(place.member("HtmlBody")) or Body is required, or a template with a part")
        }
        return content
    }

    private static func defaults(of template: EmailTemplateRequest?) throws -> JSONObject {
        guard let text = template?.defaultSubstitutions, !text.isEmpty else { return [:] }
        do {
            return try JSON.parse(Array(text.utf8)).object ?? [:]
        } catch {
            throw Fault(.integrity, "the default substitutions of a stored template are not JSON", cause: error)
        }
    }

    private static func emailChannel(_ app: AppID, in session: Session) async throws -> StoredEmailChannel {
        guard let channel = try await ChannelStore.email(app, in: session) else {
            throw Fault(.invalid, "The app has no e-mail channel")
        }
        guard channel.isEnabled else { throw Fault(.invalid, "The app's e-mail channel is not enabled") }
        return channel
    }
}

/// Where treatments find the templates they name.
private struct TemplateSources {
    let account: String
    let session: Session

    /// An absent version is the active one now, at send time; `latest` the newest; a number pins it.
    func email(_ name: String, version: String?, at path: WirePath) async throws -> EmailTemplateRequest {
        if let wanted = WantedTemplateVersion(version), let found = try await template(name, wanted) {
            return found.content
        }
        guard try await template(name, .latest) != nil else {
            throw Fault(.invalid, "\(path): there is no e-mail template named \"\(name)\"")
        }
        let lacking = version ?? "that is active"
        throw Fault(.invalid, "\(path): the e-mail template \"\(name)\" has no version \(lacking)")
    }

    private func template(_ name: String, _ version: WantedTemplateVersion) async throws -> StoredEmailTemplate? {
        try await TemplateStore.email(name, version: version, account: account, in: session)
    }
}
