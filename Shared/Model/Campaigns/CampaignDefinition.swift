package import Core
package import PinpointAPI

/// A campaign as its author wrote it, checked as far as it can be without looking anything up.
///
/// What this version does not act on is refused by name rather than stored and ignored: a cap or a quiet time that is
/// silently dropped would reach people it should not.
package struct CampaignDefinition: Sendable {
    /// Without tags, which belong to the campaign and not to a version.
    package var request: WriteCampaignRequest
    package var schedule: CampaignSchedule

    package init(_ request: WriteCampaignRequest) throws(APIError) {
        self.request = request
        self.request.tags = nil
        schedule = try CampaignSchedule(request.schedule)
        guard let segment = request.segmentId else { throw WirePath.root.member("SegmentId").refusal("is required") }
        guard SegmentID(segment) != nil else {
            throw WirePath.root.member("SegmentId").refusal("must be a segment's id, 32 lower-case hex digits")
        }
        if let version = request.segmentVersion, !(1...Int(Int32.max)).contains(version) {
            throw WirePath.root.member("SegmentVersion").refusal("must be a positive version number; got \(version)")
        }
        if request.isPaused == true, schedule.start == .immediate, !isInApp {
            throw WirePath.root.member("IsPaused").refusal("must be false for a campaign that starts IMMEDIATE")
        }
        try Self.refuseUnsupported(request, isInApp: isInApp)
        try Self.checkTreatments(request, isInApp: isInApp)
        try Self.checkExtensions(request.needletail, at: .root.member("Needletail"))
    }

    package var isPaused: Bool { request.isPaused ?? false }

    /// Fetched by clients instead of sent: it makes no run.
    package var isInApp: Bool { schedule.frequency == .inAppEvent }

    /// For `campaign_versions.definition`.
    package var json: JSON { request.json }

    // MARK: Checks

    /// The caps of an in-app campaign are for the client to keep (pinpoint-api §3.11).
    private static func refuseUnsupported(_ request: WriteCampaignRequest, isInApp: Bool) throws(APIError) {
        let root = WirePath.root
        if let hook = request.hook, hook != CampaignHook() { throw root.member("Hook").unsupported }
        if request.customDeliveryConfiguration != nil { throw root.member("CustomDeliveryConfiguration").unsupported }
        let limits = root.member("Limits")
        if isInApp { return }
        for (name, value) in [
            ("Daily", request.limits?.daily), ("Total", request.limits?.total), ("Session", request.limits?.session),
        ] where (value ?? 0) != 0 {
            throw limits.member(name).refusal("must be 0 (no limit) in this version")
        }
    }

    private static func checkTreatments(_ request: WriteCampaignRequest, isInApp: Bool) throws(APIError) {
        let root = WirePath.root
        let additional = request.additionalTreatments ?? []
        let sum = additional.reduce(request.holdoutPercent ?? 0) { $0 + ($1.sizePercent ?? 0) }
        guard sum <= 100 else {
            throw root.member("AdditionalTreatments").refusal(
                "and HoldoutPercent must add up to at most 100 percent; got \(sum)")
        }
        try checkContent(
            request.messageConfiguration, request.templateConfiguration, isInApp: isInApp, at: root)
        for (index, treatment) in additional.enumerated() {
            let path = root.member("AdditionalTreatments").element(index)
            if treatment.customDeliveryConfiguration != nil {
                throw path.member("CustomDeliveryConfiguration").unsupported
            }
            if let schedule = treatment.schedule, schedule != request.schedule {
                throw path.member("Schedule").refusal("must be absent or equal to the campaign's in this version")
            }
            if let extensions = treatment.needletail {
                try NeedletailMembers.only([], of: extensions, at: path.member("Needletail"))
            }
            try checkContent(
                treatment.messageConfiguration, treatment.templateConfiguration, isInApp: isInApp, at: path)
        }
    }

    private static func checkContent(
        _ message: MessageConfiguration?,
        _ templates: TemplateConfiguration?,
        isInApp: Bool,
        at path: WirePath
    ) throws(APIError) {
        if isInApp { return try checkInApp(message, templates, at: path) }
        let messages = path.member("MessageConfiguration")
        for (name, isPresent) in [
            ("ADMMessage", message?.admMessage != nil), ("APNSMessage", message?.apnsMessage != nil),
            ("BaiduMessage", message?.baiduMessage != nil), ("CustomMessage", message?.customMessage != nil),
            ("GCMMessage", message?.gcmMessage != nil), ("InAppMessage", message?.inAppMessage != nil),
            ("SMSMessage", message?.smsMessage != nil),
        ] where isPresent {
            throw messages.member(name).unsupported
        }
        let configuration = path.member("TemplateConfiguration")
        for (name, isPresent) in [
            ("PushTemplate", templates?.pushTemplate != nil), ("SMSTemplate", templates?.smsTemplate != nil),
            ("VoiceTemplate", templates?.voiceTemplate != nil), ("InAppTemplate", templates?.inAppTemplate != nil),
        ] where isPresent {
            throw configuration.member(name).unsupported
        }
        try check(template: templates?.emailTemplate, at: configuration.member("EmailTemplate"))
        guard message?.emailMessage != nil || message?.defaultMessage != nil || templates?.emailTemplate != nil else {
            throw path.member("MessageConfiguration").refusal(
                "or TemplateConfiguration must say what to send: EmailMessage, DefaultMessage or EmailTemplate"
            )
        }
    }

    private static func checkInApp(
        _ message: MessageConfiguration?,
        _ templates: TemplateConfiguration?,
        at path: WirePath
    ) throws(APIError) {
        let configuration = path.member("TemplateConfiguration")
        let template = templates?.inAppTemplate
        guard templates == nil || templates == TemplateConfiguration(inAppTemplate: template) else {
            throw configuration.refusal("must have InAppTemplate only with IN_APP_EVENT")
        }
        try check(template: template, at: configuration.member("InAppTemplate"))
        let messages = path.member("MessageConfiguration")
        let inApp = message?.inAppMessage
        guard inApp != nil || template != nil else {
            throw messages.member("InAppMessage").refusal(
                "is required with IN_APP_EVENT, or TemplateConfiguration.InAppTemplate")
        }
        guard message == nil || message == MessageConfiguration(inAppMessage: inApp) else {
            throw messages.refusal("must have InAppMessage only with IN_APP_EVENT")
        }
        let place = messages.member("InAppMessage")
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

    /// Whether it exists is asked later. An absent version is the one active at send time.
    private static func check(template: Template?, at path: WirePath) throws(APIError) {
        guard let template else { return }
        guard let name = template.name, !name.isEmpty else { throw path.member("Name").refusal("is required") }
        guard let version = template.version, version != TemplateVersion.latest else { return }
        guard let number = Int32(version), number > 0, version == String(number) else {
            throw path.member("Version").refusal("must be a version number or latest; got \"\(version.prefix(32))\"")
        }
    }

    private static func checkExtensions(_ extensions: JSON?, at path: WirePath) throws(APIError) {
        guard let extensions else { return }
        try NeedletailMembers.only([deliveryPolicy], of: extensions, at: path)
        guard let policy = extensions[deliveryPolicy] else { return }
        let allowed = DeliveryPolicy.allCases.map(\.rawValue).sorted().joined(separator: " or ")
        guard let text = policy.string, DeliveryPolicy(rawValue: text) != nil else {
            throw path.member(deliveryPolicy).refusal("must be \(allowed)")
        }
    }

    static let deliveryPolicy = "DeliveryPolicy"
}

/// Words that stand for a version of a template.
enum TemplateVersion {
    static let latest = "latest"
}
