import Core
import PinpointAPI
import Postgres
import Templates

/// What a treatment's e-mail says: its own message, what that leaves out from its template, and the snippets that both call.
struct EmailPlanner {
    let account: String
    let channel: StoredEmailChannel
    let session: Session

    /// Throws `Fault(.invalid)` with the name of what is missing.
    func content(of arm: CampaignArm) async throws -> RunPlan.EmailContent {
        try await content(arm.message, try await stored(arm.templates, at: arm.path), at: arm.path)
    }

    /// `stored`: of the template, or what would be stored.
    func content(
        _ message: MessageConfiguration?,
        _ stored: TemplateContent?,
        at path: WirePath
    ) async throws -> RunPlan.EmailContent {
        let own = message?.emailMessage
        let fallback = message?.defaultMessage
        let template = try stored.map(request)
        let place = path.member("MessageConfiguration").member("EmailMessage")
        guard let from = own?.fromAddress ?? channel.configuration.fromAddress, !from.isEmpty else {
            throw Fault(.invalid, "\(place.member("FromAddress")) is required: the e-mail channel has none")
        }
        guard let subject = own?.title ?? template?.subject ?? fallback?.title, !subject.isEmpty else {
            throw Fault(.invalid, "\(place.member("Title")) is required, or a template with a Subject")
        }
        var content = RunPlan.EmailContent(
            from: from,
            subject: subject,
            html: own?.htmlBody ?? template?.htmlPart,
            text: own?.body ?? template?.textPart ?? fallback?.body,
            headers: (own?.headers ?? template?.headers ?? []).compactMap { header in
                guard let name = header.name, let value = header.value else { return nil }
                return RunPlan.EmailContent.Header(name: name, value: value)
            },
            defaultSubstitutions: try defaults(template?.defaultSubstitutions) ?? [:],
            locales: try locales(of: stored, own),
            bounceDomain: channel.emailDomains.bounces,
            replyDomain: channel.emailDomains.replies
        )
        guard content.html?.isEmpty == false || content.text?.isEmpty == false else {
            throw Fault(.invalid, "\(place.member("HtmlBody")) or Body is required, or a template with a part")
        }
        let sources = sources(of: content)
        content.snippets = try await SnippetStore.called(by: sources, account: account, in: session)
        try checkCalls(in: sources, content.snippets, at: place)
        return content
    }

    /// Texts were compiled when they were written. But snippets change on their own, and a run that cannot be rendered should
    /// not start.
    private func checkCalls(in sources: [String], _ snippets: [String: String], at path: WirePath) throws {
        for source in sources {
            do throws(TemplateFault) {
                guard try !TemplateProgram.partialNames(in: source).isEmpty else { continue }
                _ = try TemplateProgram.compile(source, snippets: snippets)
            } catch {
                throw Fault(.invalid, "\(path) is not a valid template: \(error)")
            }
        }
    }

    private func stored(_ templates: TemplateConfiguration?, at path: WirePath) async throws -> TemplateContent? {
        guard let reference = TemplateReference(templates?.emailTemplate) else { return nil }
        return try await TemplateStore.content(
            of: reference,
            type: .email,
            at: path.member("TemplateConfiguration").member("EmailTemplate"),
            account: account,
            in: session
        )
    }

    private func request(_ content: TemplateContent) throws -> EmailTemplateRequest {
        do {
            return try EmailTemplateRequest(json: .object(content.members), at: content.path)
        } catch {
            throw Fault(.integrity, "a stored e-mail template is not readable", cause: error)
        }
    }

    /// The message's own fields hold in every language.
    private func locales(
        of stored: TemplateContent?, _ own: CampaignEmailMessage?
    ) throws -> [String: RunPlan.EmailContent.Localized] {
        var locales: [String: RunPlan.EmailContent.Localized] = [:]
        for variant in stored?.variants ?? [] {
            guard let key = LocaleKey.of(variant.locale) else { continue }
            let request = try request(variant.content)
            locales[key] = RunPlan.EmailContent.Localized(
                subject: own?.title == nil ? request.subject : nil,
                html: own?.htmlBody == nil ? request.htmlPart : nil,
                text: own?.body == nil ? request.textPart : nil,
                defaultSubstitutions: try defaults(request.defaultSubstitutions)
            )
        }
        return locales
    }

    private func defaults(_ text: String?) throws -> JSONObject? {
        guard let text, !text.isEmpty else { return nil }
        do {
            return try JSON.parse(Array(text.utf8)).object ?? [:]
        } catch {
            throw Fault(.integrity, "the default substitutions of a stored template are not JSON", cause: error)
        }
    }

    private func sources(of content: RunPlan.EmailContent) -> [String] {
        var sources = [content.subject, content.html, content.text].compactMap { $0 } + content.headers.map(\.value)
        for variant in content.locales.values {
            sources += [variant.subject, variant.html, variant.text].compactMap { $0 }
        }
        return sources
    }
}
