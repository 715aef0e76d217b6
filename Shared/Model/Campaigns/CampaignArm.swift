import PinpointAPI

/// What one treatment of a campaign sends, and where it stands in the request: the default one at the root.
struct CampaignArm: Sendable {
    var message: MessageConfiguration?
    var templates: TemplateConfiguration?
    var delivery: CustomDeliveryConfiguration?
    var path: WirePath

    /// Index 0 is the default treatment.
    static func all(of campaign: WriteCampaignRequest) -> [CampaignArm] {
        let first = CampaignArm(
            message: campaign.messageConfiguration, templates: campaign.templateConfiguration,
            delivery: campaign.customDeliveryConfiguration, path: .root)
        let others = (campaign.additionalTreatments ?? []).enumerated().map { index, treatment in
            CampaignArm(
                message: treatment.messageConfiguration, templates: treatment.templateConfiguration,
                delivery: treatment.customDeliveryConfiguration,
                path: .root.member("AdditionalTreatments").element(index))
        }
        return [first] + others
    }

    var messagePath: WirePath { path.member("MessageConfiguration") }
    var templatePath: WirePath { path.member("TemplateConfiguration") }

    /// Speaks for the channels that have no message of their own. An empty one says nothing.
    var fallback: Message? { message?.defaultMessage.flatMap { $0.isEmpty ? nil : $0 } }

    /// Asked for in so many words, not by a default message.
    var namesEmail: Bool { message?.emailMessage != nil || templates?.emailTemplate != nil }

    /// Asked for in so many words, on another channel than e-mail.
    var namesOthers: Bool {
        message?.smsMessage != nil || message?.customMessage != nil || templates?.smsTemplate != nil
            || templates?.pushTemplate != nil || templates?.voiceTemplate != nil
            || PushPlatform.allCases.contains { $0.message(in: message) != nil }
    }
}

/// The push services that a campaign's message can be written for, each with the endpoints it reaches.
enum PushPlatform: CaseIterable, Sendable {
    case adm, apns, baidu, gcm

    var channels: [ChannelType] {
        switch self {
        case .adm: [.adm]
        case .apns: [.apns, .apnsSandbox, .apnsVoip, .apnsVoipSandbox]
        case .baidu: [.baidu]
        case .gcm: [.gcm]
        }
    }

    /// Of a push template's content.
    var templateMember: String {
        switch self {
        case .adm: "ADM"
        case .apns: "APNS"
        case .baidu: "Baidu"
        case .gcm: "GCM"
        }
    }

    var messageMember: String { self == .baidu ? "BaiduMessage" : templateMember + "Message" }

    /// Nil too for an empty one.
    func message(in configuration: MessageConfiguration?) -> Message? {
        let message =
            switch self {
            case .adm: configuration?.admMessage
            case .apns: configuration?.apnsMessage
            case .baidu: configuration?.baiduMessage
            case .gcm: configuration?.gcmMessage
            }
        return message.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Characters of a payload: 6 KB for ADM, 4 KB for the others (pinpoint-api §8).
    var payloadCharacters: Int { self == .adm ? 6000 : 4000 }
}

extension Message {
    /// As clients write what they leave out.
    var isEmpty: Bool { self == Message() }
}
