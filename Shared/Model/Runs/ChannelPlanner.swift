import Core
import PinpointAPI
import Postgres

/// Which channels besides e-mail and push a treatment has a message for: those without a worker are gated and refused by name.
struct ChannelPlanner {
    let account: String
    let session: Session

    /// Types as endpoints name them. Throws `Fault(.invalid)` with the name of what is missing.
    ///
    /// A custom message may go to EMAIL endpoints too; the treatment's own e-mail comes first (`RunPlanner`).
    func channels(of arm: CampaignArm) async throws -> Set<ChannelType> {
        var channels: Set<ChannelType> = []
        if try await hasSMS(arm) { channels.insert(.sms) }
        if arm.message?.customMessage != nil { channels.formUnion(Self.customChannels(arm.delivery)) }
        return channels
    }

    private func hasSMS(_ arm: CampaignArm) async throws -> Bool {
        let own = arm.message?.smsMessage
        let template = try await content(arm.templates?.smsTemplate, .sms, at: arm.templatePath.member("SMSTemplate"))
        let bodies = [own?.body, template?.members["Body"]?.string, arm.fallback?.body]
        if bodies.contains(where: { $0?.isEmpty == false }) { return true }
        guard own == nil, template == nil else {
            let place = arm.messagePath.member("SMSMessage").member("Body")
            throw Fault(.invalid, "\(place) is required, or a template with a Body")
        }
        return false
    }

    /// Those that a template's content is for, e-mail and push left out.
    static func channels(of content: TemplateContent) -> Set<ChannelType> {
        switch content.type {
        case .email, .push: return []
        case .sms: return [.sms]
        case .voice: return [.voice]
        case .inapp: return [.inApp]
        }
    }

    /// Without EndpointTypes the endpoints that are custom themselves.
    static func customChannels(_ delivery: CustomDeliveryConfiguration?) -> [ChannelType] {
        let types = (delivery?.endpointTypes ?? []).compactMap { ChannelType(rawValue: $0.rawValue) }
        return types.isEmpty ? [.custom] : types
    }

    private func content(_ template: Template?, _ type: TemplateType, at path: WirePath) async throws
        -> TemplateContent?
    {
        guard let reference = TemplateReference(template) else { return nil }
        return try await TemplateStore.content(of: reference, type: type, at: path, account: account, in: session)
    }
}
