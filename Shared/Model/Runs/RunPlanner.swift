import Core
import PinpointAPI
package import Postgres

/// Makes a run's plan from its campaign: which treatment sends what, until when, by which policy.
package enum RunPlanner {
    /// A campaign without MaximumDuration may retry this long; what is left then is `expired`.
    private static let defaultDuration: Duration = .seconds(24 * 3600)

    /// Throws `.invalid` when the campaign cannot be sent (template gone, no sender address).
    package static func plan(
        _ run: RunStart.Initializing,
        account: String,
        in session: Session
    ) async throws -> RunPlan {
        let campaign = try WriteCampaignRequest(json: run.definition, at: .root)
        var treatments: [RunPlan.Treatment] = []
        let additional = campaign.additionalTreatments ?? []
        let additionalPercent = additional.reduce(0) { $0 + ($1.sizePercent ?? 0) }
        let sender = try await channelSender(run.app, in: session)
        let first = try await email(
            campaign.messageConfiguration,
            campaign.templateConfiguration,
            sender: sender,
            account: account,
            in: session
        )
        treatments.append(
            .init(
                name: campaign.treatmentName,
                sizePercent: 100 - additionalPercent - (campaign.holdoutPercent ?? 0),
                email: first
            )
        )
        for treatment in additional {
            let content = try await email(
                treatment.messageConfiguration ?? campaign.messageConfiguration,
                treatment.templateConfiguration ?? campaign.templateConfiguration,
                sender: sender,
                account: account,
                in: session
            )
            treatments.append(
                .init(name: treatment.treatmentName, sizePercent: treatment.sizePercent ?? 0, email: content)
            )
        }
        return RunPlan(
            account: account,
            app: run.app,
            campaign: run.campaign,
            campaignVersion: run.campaignVersion,
            campaignName: campaign.name ?? "",
            run: run.run,
            runDay: run.runDay,
            scheduledAt: run.scheduledAt,
            expiresAt: run.startedAt + maximumDuration(campaign.limits),
            deliveryPolicy: policy(campaign.needletail),
            holdoutPercent: campaign.holdoutPercent ?? 0,
            treatments: treatments
        )
    }

    private static func maximumDuration(_ limits: CampaignLimits?) -> Duration {
        guard let seconds = limits?.maximumDuration, seconds > 0 else { return defaultDuration }
        return .seconds(seconds)
    }

    private static func policy(_ extensions: JSON?) -> DeliveryPolicy {
        extensions?["DeliveryPolicy"]?.string.flatMap(DeliveryPolicy.init(rawValue:)) ?? .atMostOnce
    }

    /// The message's own fields come before the template's (pinpoint-api §3.5). Nil when the treatment has no e-mail.
    private static func email(
        _ message: MessageConfiguration?,
        _ templates: TemplateConfiguration?,
        sender: String?,
        account: String,
        in session: Session
    ) async throws -> RunPlan.EmailContent? {
        let own = message?.emailMessage
        var template: EmailTemplateRequest?
        if let reference = templates?.emailTemplate, let name = reference.name {
            template = try await emailTemplate(name, version: reference.version, account: account, in: session)
        }
        guard own != nil || template != nil || message?.defaultMessage?.body != nil else { return nil }
        guard let from = own?.fromAddress ?? sender else {
            throw Fault(.invalid, "no sender: neither MessageConfiguration.EmailMessage.FromAddress nor the e-mail channel's FromAddress is set")
        }
        let headers = own?.headers ?? template?.headers ?? []
        let defaults = try template?.defaultSubstitutions.map { try JSON.parse(Array($0.utf8)) }
        return RunPlan.EmailContent(
            from: from,
            subject: own?.title ?? template?.subject ?? "",
            html: own?.htmlBody ?? template?.htmlPart,
            text: own?.body ?? template?.textPart ?? message?.defaultMessage?.body,
            headers: headers.compactMap { header in
                guard let name = header.name, let value = header.value else { return nil }
                return RunPlan.EmailContent.Header(name: name, value: value)
            },
            defaultSubstitutions: defaults?.object ?? [:]
        )
    }

    /// An absent version is the active one now, at send time; `latest` the newest; a number pins it.
    private static func emailTemplate(
        _ name: String,
        version: String?,
        account: String,
        in session: Session
    ) async throws -> EmailTemplateRequest {
        let pinned = version.flatMap { Int32($0) }
        let rows = try await session.query(
            """
            SELECT v.content FROM templates t
              JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
             WHERE t.account = \(account) AND t.name = \(name) AND t.type = 'EMAIL' AND t.deleted_at IS NULL
               AND v.version = coalesce(\(pinned), CASE WHEN \(version == "latest") THEN t.version ELSE t.active_version END)
            """
        )
        guard let row = rows.first else {
            throw Fault(.invalid, "the e-mail template \(name) (version \(version ?? "active")) does not exist")
        }
        return try EmailTemplateRequest(json: try row.get(0), at: .root)
    }

    private static func channelSender(_ app: AppID, in session: Session) async throws -> String? {
        let rows = try await session.query(
            """
            SELECT configuration->>'FromAddress' FROM channels
             WHERE app = \(app) AND type = 'EMAIL' AND deleted_at IS NULL AND enabled
            """
        )
        guard let row = rows.first else { return nil }
        return try row.get(0)
    }
}
