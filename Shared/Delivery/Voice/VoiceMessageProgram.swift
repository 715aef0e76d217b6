import Core
import Model
import Providers
import Templates

/// One treatment's call, compiled: what is left to do per person is filling in.
struct VoiceMessageProgram: Sendable {
    /// Pinpoint's limit of one message (https://docs.aws.amazon.com/pinpoint/latest/developerguide/quotas.html).
    private static let bodyCharacters = 3000

    private let content: RunPlan.VoiceContent
    private let isSSML: Bool
    private let body: PersonalProgram
    private let prompt: PersonalProgram?
    private let columns: [RecipientField.Column]

    /// Throws a `TemplateFault`: then no message of the treatment can be made.
    init(_ content: RunPlan.VoiceContent) throws(TemplateFault) {
        self.content = content
        isSSML = SpokenText.isSSML(content.body)
        let defaults = TemplateDefaults(.object(content.defaultSubstitutions)) ?? .none
        body = try PersonalProgram(content.body, defaults, snippets: content.snippets)
        prompt = try content.gather?.prompt.map { (source) throws(TemplateFault) in
            try PersonalProgram(source, defaults, snippets: content.snippets)
        }
        let (body, prompt) = (body, prompt)
        columns = RecipientField.Column.allCases.filter { column in
            body.columns.contains(column) || prompt?.columns.contains(column) == true
        }
    }

    func compose(
        _ recipient: Recipient, token: String, _ templates: TemplateEnvironment
    ) throws(Refusal) -> OutgoingCall {
        guard let address = recipient.address, let number = PhoneNumber(address)?.text else {
            throw Refusal(.address, "the address is not a phone number in international form")
        }
        let values = RecipientValues(recipient, parsing: columns)
        // Values become text of the document, and no element of it: who is called <break/> is called by that name.
        let text = try render(body, values, templates, escaping: isSSML ? .html : .none)
        guard !text.allSatisfy(\.isWhitespace) else { throw Refusal(.content, "there is nothing to say") }
        guard text.unicodeScalars.count <= Self.bodyCharacters else {
            throw Refusal(.content, "a call's text has at most \(Self.bodyCharacters) characters")
        }
        if isSSML, let complaint = SSMLCheck.complaint(text) { throw Refusal(.content, "the SSML \(complaint)") }
        var call = OutgoingCall(
            to: number, from: content.originationNumber, body: text, isSSML: isSSML,
            languageCode: content.languageCode, voiceID: content.voiceID, token: token)
        if let gather = content.gather {
            call.gather = OutgoingCall.Gather(
                digits: gather.digits, timeoutSeconds: gather.timeoutSeconds,
                prompt: try prompt.map { (program) throws(Refusal) in
                    try render(program, values, templates, escaping: .none)
                }, optOutDigit: gather.optOutDigit)
        }
        return call
    }

    private func render(
        _ program: PersonalProgram, _ values: RecipientValues, _ templates: TemplateEnvironment,
        escaping: TemplateEscaping
    ) throws(Refusal) -> String {
        do throws(TemplateFault) {
            let bytes = try program.render(values, templates, escaping: escaping)
            // XML 1.0 has no place for most control characters, not even escaped (§2.2); nobody hears them either.
            let spoken = bytes.filter { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }
            return String(decoding: spoken, as: UTF8.self)
        } catch {
            throw Refusal(.rendering, "\(error)")
        }
    }
}
