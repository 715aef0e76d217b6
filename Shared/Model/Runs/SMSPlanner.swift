import Core
import PinpointAPI
import Postgres
import Templates

/// What a treatment's text says: its own message, what that leaves out from its template, and the default message behind both.
struct SMSPlanner {
    let app: AppID
    let account: String
    let session: Session

    /// Nil where nothing of it is a text, or the app's SMS channel is off: then the treatment's texts are refused by name
    /// (UNSUPPORTED_CHANNEL). Throws `Fault(.invalid)` with the name of what is missing.
    func content(of arm: CampaignArm, purpose: MessagePurpose) async throws -> RunPlan.SMSContent? {
        let path = arm.templatePath.member("SMSTemplate")
        let own = arm.message?.smsMessage
        var stored: TemplateContent?
        if let reference = TemplateReference(arm.templates?.smsTemplate) {
            stored = try await TemplateStore.content(of: reference, type: .sms, at: path, account: account, in: session)
        }
        guard own != nil || stored != nil || arm.fallback?.body?.isEmpty == false,
            try await ChannelStore.isEnabled("SMS", of: app, in: session)
        else { return nil }
        var content = try content(stored, own, fallback: arm.fallback?.body, at: arm.path)
        // Pinpoint's reference gives campaigns no default for MessageType. A campaign is marketing unless it says otherwise, and a text that
        // claims to be transactional passes carriers' do-not-disturb lists: so it follows the campaign's purpose.
        content?.messageType = own?.messageType?.rawValue ?? (purpose == .marketing ? "PROMOTIONAL" : "TRANSACTIONAL")
        guard var content else { return nil }
        content.snippets = try await SnippetStore.called(by: sources(of: content), account: account, in: session)
        try checkCalls(in: content, at: arm.messagePath.member("SMSMessage"))
        return content
    }

    /// Of a template alone: what a test send shows.
    func content(_ stored: TemplateContent) async throws -> RunPlan.SMSContent? {
        guard try await ChannelStore.isEnabled("SMS", of: app, in: session) else { return nil }
        guard var content = try content(stored, nil, fallback: nil, at: stored.path) else { return nil }
        content.snippets = try await SnippetStore.called(by: sources(of: content), account: account, in: session)
        try checkCalls(in: content, at: stored.path)
        return content
    }

    private func content(
        _ stored: TemplateContent?, _ own: CampaignSmsMessage?, fallback: String?, at path: WirePath
    ) throws -> RunPlan.SMSContent? {
        let written = own?.body.flatMap { $0.isEmpty ? nil : $0 }
        let media = stored?.mediaURLs ?? []
        let body = written ?? stored?.members["Body"]?.string ?? fallback ?? ""
        guard !body.isEmpty || !media.isEmpty else { return nil }
        return RunPlan.SMSContent(
            body: body, originationNumber: own?.originationNumber, senderID: own?.senderId, entityID: own?.entityId,
            templateID: own?.templateId, mediaURLs: media,
            defaultSubstitutions: try defaults(stored?.defaultSubstitutions),
            // The message's own body holds in every language.
            locales: written == nil ? locales(of: stored) : [:], whatsApp: stored?.whatsAppContent)
    }

    private func locales(of stored: TemplateContent?) -> [String: String] {
        var locales: [String: String] = [:]
        for variant in stored?.variants ?? [] {
            guard let key = LocaleKey.of(variant.locale), let body = variant.content.members["Body"]?.string else {
                continue
            }
            locales[key] = body
        }
        return locales
    }

    private func defaults(_ text: String?) throws -> JSONObject {
        guard let text, !text.isEmpty else { return [:] }
        do {
            return try JSON.parse(Array(text.utf8)).object ?? [:]
        } catch {
            throw Fault(.integrity, "the default substitutions of a stored template are not JSON", cause: error)
        }
    }

    private func sources(of content: RunPlan.SMSContent) -> [String] {
        [content.body] + content.locales.values + content.mediaURLs + (content.whatsApp?.sources ?? [])
    }

    /// Snippets change on their own, and a run that cannot be rendered should not start.
    private func checkCalls(in content: RunPlan.SMSContent, at path: WirePath) throws {
        for source in sources(of: content) {
            do throws(TemplateFault) {
                guard try !TemplateProgram.partialNames(in: source).isEmpty else { continue }
                _ = try TemplateProgram.compile(source, snippets: content.snippets)
            } catch {
                throw Fault(.invalid, "\(path) is not a valid template: \(error)")
            }
        }
    }
}
