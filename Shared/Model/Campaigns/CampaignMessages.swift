import Core
package import PinpointAPI

/// What the messages and template references of one treatment must be, as far as it can be told without looking anything up.
enum CampaignMessages {
    static func check(_ arm: CampaignArm, isInApp: Bool) throws(APIError) {
        try OutboundTarget.check(arm.delivery, at: arm.path.member("CustomDeliveryConfiguration"))
        if isInApp { return try checkInApp(arm) }
        try checkTemplates(arm)
        try checkLengths(arm)
        if arm.message?.customMessage != nil, arm.delivery == nil {
            throw arm.path.member("CustomDeliveryConfiguration").refusal(
                "is required with MessageConfiguration.CustomMessage")
        }
        if arm.message?.inAppMessage != nil {
            throw arm.messagePath.member("InAppMessage").refusal(
                "is for campaigns whose Frequency is IN_APP_EVENT only")
        }
        guard arm.namesEmail || arm.namesOthers || arm.fallback != nil else {
            throw arm.messagePath.refusal(
                "or TemplateConfiguration must say what to send: a message or a template of a channel, or DefaultMessage"
            )
        }
    }

    private static func checkTemplates(_ arm: CampaignArm) throws(APIError) {
        let (templates, path) = (arm.templates, arm.templatePath)
        if templates?.inAppTemplate != nil {
            throw path.member("InAppTemplate").refusal("is for campaigns whose Frequency is IN_APP_EVENT only")
        }
        try check(template: templates?.emailTemplate, at: path.member("EmailTemplate"))
        try check(template: templates?.pushTemplate, at: path.member("PushTemplate"))
        try check(template: templates?.smsTemplate, at: path.member("SMSTemplate"))
        // Pinpoint has no voice campaigns and refuses it; ours have.
        try check(template: templates?.voiceTemplate, at: path.member("VoiceTemplate"))
    }

    /// What the shape cannot say, because ADM alone takes more.
    private static func checkLengths(_ arm: CampaignArm) throws(APIError) {
        for platform in PushPlatform.allCases {
            guard let message = platform.message(in: arm.message) else { continue }
            let path = arm.messagePath.member(platform.messageMember)
            for (name, text) in [
                ("JsonBody", message.jsonBody), ("RawContent", message.rawContent), ("Title", message.title),
            ] {
                guard let count = text?.unicodeScalars.count, count > platform.payloadCharacters else { continue }
                throw path.member(name).refusal(
                    "must have at most \(platform.payloadCharacters) characters; got \(count)")
            }
        }
    }

    /// Whether it exists is asked later. An absent version is the one active at send time.
    private static func check(template: Template?, at path: WirePath) throws(APIError) {
        guard let template else { return }
        guard let name = template.name, !name.isEmpty else { throw path.member("Name").refusal("is required") }
        guard let version = template.version, version != TemplateVersion.latest else { return }
        guard let number = Int32(version), number > 0, version == String(number) else {
            throw path.member("Version").refusal("must be a version number or latest; got \"\(version.prefix(32))\"")
        }
    }

    // MARK: In-app

    private static func checkInApp(_ arm: CampaignArm) throws(APIError) {
        let template = arm.templates?.inAppTemplate
        guard arm.templates == nil || arm.templates == TemplateConfiguration(inAppTemplate: template) else {
            throw arm.templatePath.refusal("must have InAppTemplate only with IN_APP_EVENT")
        }
        try check(template: template, at: arm.templatePath.member("InAppTemplate"))
        let place = arm.messagePath.member("InAppMessage")
        let inApp = arm.message?.inAppMessage
        guard inApp != nil || template != nil else {
            throw place.refusal("is required with IN_APP_EVENT, or TemplateConfiguration.InAppTemplate")
        }
        guard arm.message == nil || arm.message == MessageConfiguration(inAppMessage: inApp) else {
            throw arm.messagePath.refusal("must have InAppMessage only with IN_APP_EVENT")
        }
        let contents = inApp?.content?.count ?? 0
        guard contents <= Limits.inAppContents else {
            throw place.member("Content").refusal("must have at most \(Limits.inAppContents) items; got \(contents)")
        }
        guard
            template != nil || contents > 0 || inApp?.body?.isEmpty == false || inApp?.customConfig?.isEmpty == false
        else {
            throw place.refusal("must say what to show: Content, Body or CustomConfig")
        }
    }
}

/// Words that stand for a version of a template.
enum TemplateVersion {
    static let latest = "latest"
}

/// The texts of a campaign's own messages that are Handlebars, besides those of its e-mails.
package enum CampaignTexts {
    package static func parts(of campaign: WriteCampaignRequest) -> [TemplatePart] {
        CampaignArm.all(of: campaign).flatMap(parts)
    }

    private static func parts(of arm: CampaignArm) -> [TemplatePart] {
        var texts: [(path: WirePath, source: String?)] = []
        let sms = arm.messagePath.member("SMSMessage")
        texts.append((sms.member("Body"), arm.message?.smsMessage?.body))
        texts += self.texts(of: arm.fallback, at: arm.messagePath.member("DefaultMessage"))
        for platform in PushPlatform.allCases {
            texts += self.texts(
                of: platform.message(in: arm.message), at: arm.messagePath.member(platform.messageMember))
        }
        return texts.compactMap { text in
            text.source.map { TemplatePart(path: text.path, kind: .text, source: $0) }
        }
    }

    private static func texts(of message: Message?, at path: WirePath) -> [(path: WirePath, source: String?)] {
        guard let message else { return [] }
        return [
            (path.member("Body"), message.body), (path.member("ImageIconUrl"), message.imageIconUrl),
            (path.member("ImageSmallIconUrl"), message.imageSmallIconUrl),
            (path.member("ImageUrl"), message.imageUrl), (path.member("MediaUrl"), message.mediaUrl),
            (path.member("RawContent"), message.rawContent), (path.member("Title"), message.title),
            (path.member("Url"), message.url),
        ]
    }
}
