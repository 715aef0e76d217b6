import Core
package import PinpointAPI
package import Postgres

/// What each arm of an in-app campaign shows: its message, and what that leaves out from its template.
package enum InAppContent {
    /// Where an arm's message and template stand; index 0 is the default treatment.
    private struct Source {
        var message: CampaignInAppMessage?
        var template: TemplateReference?
        var path: WirePath

        init(_ message: MessageConfiguration?, _ templates: TemplateConfiguration?, at path: WirePath) {
            self.message = message?.inAppMessage
            template = TemplateReference(templates?.inAppTemplate)
            self.path = path.member("TemplateConfiguration").member("InAppTemplate")
        }
    }

    private static func sources(of campaign: WriteCampaignRequest) -> [Source] {
        let others = (campaign.additionalTreatments ?? []).enumerated().map { index, treatment in
            let path = WirePath.root.member("AdditionalTreatments").element(index)
            return Source(treatment.messageConfiguration, treatment.templateConfiguration, at: path)
        }
        return [Source(campaign.messageConfiguration, campaign.templateConfiguration, at: .root)] + others
    }

    /// Throws `Fault(.invalid)` naming the first template that is missing, so that the campaign's author learns of it.
    package static func check(_ campaign: WriteCampaignRequest, account: String, in session: Session) async throws {
        for source in sources(of: campaign) {
            guard let template = source.template else { continue }
            _ = try await TemplateStore.content(
                of: template, type: .inapp, at: source.path, account: account, in: session)
        }
    }

    /// By campaign and arm. Nil where the template is gone: then there is nothing to show.
    package static func messages(
        of campaigns: [WriteCampaignRequest], account: String, in session: Session
    ) async throws -> [[InAppMessage?]] {
        let sources = campaigns.map(sources)
        let references = Array(Set(sources.joined().compactMap(\.template)))
        let found = try await TemplateStore.content(of: references, type: .inapp, account: account, in: session)
        var templates: [TemplateReference: InAppTemplateRequest] = [:]
        for (reference, content) in zip(references, found) {
            guard case .content(let content) = content else { continue }
            do {
                templates[reference] = try InAppTemplateRequest(json: .object(content.members), at: .root)
            } catch {
                throw Fault(.integrity, "the stored template \(reference.name) is not readable", cause: error)
            }
        }
        return sources.map { arms in
            arms.map { source in
                let template = source.template.flatMap { templates[$0] }
                if source.template != nil, template == nil { return nil }
                return InAppMessage(
                    content: source.message?.content ?? template?.content ?? bare(source.message?.body),
                    customConfig: source.message?.customConfig ?? template?.customConfig,
                    layout: source.message?.layout ?? template?.layout)
            }
        }
    }

    /// A message that is no more than a text, as clients draw it.
    private static func bare(_ body: String?) -> [InAppMessageContent]? {
        guard let body, !body.isEmpty else { return nil }
        return [
            InAppMessageContent(
                bodyConfig: InAppMessageBodyConfig(alignment: .left, body: body, textColor: "#000000"))
        ]
    }
}
