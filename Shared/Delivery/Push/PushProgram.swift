import Core
import Model
import Providers
import Templates

/// One notification of a run for one channel type, ready to be filled in.
struct PushProgram: Sendable {
    let message: PushMessage
    let channelType: String
    let origin: PushOrigin
    let labels: PushLabels?

    func compose(
        for recipient: Recipient, at address: String, _ templates: TemplateEnvironment, token: String
    ) throws(Refusal) -> OutgoingPush {
        let values = RecipientValues(recipient, parsing: message.columns)
        var isBackground = message.isSilent
        let payload: [UInt8]
        if let raw = message.raw {
            var content = try rawContent(raw, values, templates)
            if let label = labels?.label(for: recipient) { content.apply(label) }
            isBackground = isBackground || content.isBackground
            payload = content.bytes
        } else {
            var texts = try texts(values, templates)
            if !message.isSilent, let label = labels?.label(for: recipient) { texts.apply(label) }
            payload = PushPayload.make(message, texts, from: origin)
        }
        guard payload.count <= message.service.limitBytes else {
            throw Refusal(
                .content, "the payload has \(payload.count) bytes; \(channelType) takes \(message.service.limitBytes)")
        }
        return OutgoingPush(
            address: address, channelType: channelType, payload: payload, timeToLive: message.timeToLive,
            priority: message.priority, collapseKey: message.collapseKey,
            pushType: message.pushType ?? (isBackground ? "background" : nil), token: token)
    }

    private func rawContent(
        _ raw: PushText, _ values: RecipientValues, _ templates: TemplateEnvironment
    ) throws(Refusal) -> RawPushContent {
        let text: [UInt8]
        do throws(TemplateFault) {
            text = try raw.render(values, templates)
        } catch {
            throw Refusal(.rendering, "RawContent: \(error)")
        }
        guard let content = RawPushContent(text, for: message.service) else {
            throw Refusal(.rendering, "RawContent is not a JSON object")
        }
        return content
    }

    private func texts(_ values: RecipientValues, _ templates: TemplateEnvironment) throws(Refusal) -> PushTexts {
        do {
            return try PushTexts(message, values, templates)
        } catch let fault as PushTexts.NoJSON {
            throw Refusal(.rendering, "\(fault.member) is not JSON")
        } catch {
            throw Refusal(.rendering, "\(error)")
        }
    }
}
