import Core
import Jurisdictions
import Model
import Providers
import Templates

/// One treatment's text, compiled: what is left to do per person is filling in.
struct SMSProgram: Sendable {
    /// Pinpoint's limit of a body, after rendering.
    static let bodyLimitCharacters = 1600

    let content: RunPlan.SMSContent
    private let standard: Body
    /// By `LocaleKey`.
    private let variants: [String: Body]
    private let media: [PersonalProgram]
    private let whatsApp: WhatsAppProgram?
    private let columns: [RecipientField.Column]

    /// In one language.
    private struct Body: Sendable {
        let program: PersonalProgram
        let legal: LegalTexts?
    }

    /// Throws a `TemplateFault`: then no message of the treatment can be made. `now` is what law is in force.
    init(_ content: RunPlan.SMSContent, plan: RunPlan, at now: Instant) throws {
        let defaults = TemplateDefaults(.object(content.defaultSubstitutions)) ?? .none
        func program(_ source: String) throws(TemplateFault) -> PersonalProgram {
            try PersonalProgram(source, defaults, snippets: content.snippets)
        }
        func body(_ source: String) throws(TemplateFault) -> Body {
            Body(
                program: try program(source),
                legal: plan.rules.law.flatMap { law in
                    LegalTexts(text: source, snippets: content.snippets, law: law, medium: .sms, at: now)
                })
        }
        self.content = content
        standard = try body(content.body)
        variants = try content.locales.mapValues { try body($0) }
        media = try content.mediaURLs.map { try program($0) }
        whatsApp = try content.whatsApp.map { try WhatsAppProgram($0, program) }
        let programs = [standard.program] + variants.values.map(\.program) + media + (whatsApp?.programs ?? [])
        columns = RecipientField.Column.allCases.filter { column in programs.contains { $0.columns.contains(column) } }
    }

    /// `KR.contact`, for each line that the law of a country wants and the app has no value for.
    var unknownSenderLines: Set<String> {
        ([standard] + variants.values).reduce(into: []) { $0.formUnion($1.legal?.unknown ?? []) }
    }

    private func body(for recipient: Recipient) -> Body {
        guard !variants.isEmpty, let locale = recipient.locale else { return standard }
        for key in LocaleKey.candidates(locale) {
            if let variant = variants[key] { return variant }
        }
        return standard
    }

    /// For one person, or what keeps it from being made.
    func compose(
        _ send: Send, links: MessageLinks, templates: TemplateEnvironment, senders: SMSSenders, token: String
    ) throws(Refusal) -> OutgoingSMS {
        let recipient = send.recipient
        guard let number = recipient.address.flatMap({ PhoneNumber($0) }) else {
            throw Refusal(.address, "the address is no telephone number with a country code", isAddressDead: true)
        }
        let values = RecipientValues(recipient, parsing: columns, unsubscribeURL: links.unsubscribeURL)
        func rendered(_ program: PersonalProgram) throws(Refusal) -> [UInt8] {
            do throws(TemplateFault) {
                return try program.render(values, templates, escaping: .none)
            } catch {
                throw Refusal(.rendering, "\(error)")
            }
        }
        let body = body(for: recipient)
        var bytes: [UInt8]
        if let words = recipient.bodyOverride {
            // Of the campaign's hook; no template.
            bytes = Array(words.utf8)
        } else {
            bytes = try rendered(body.program)
        }
        if let legal = body.legal?.text(at: recipient.whereabouts) {
            bytes = legal.applied(toText: bytes, unsubscribeURL: links.unsubscribeURL)
        }
        var text = String(decoding: bytes, as: UTF8.self)
        if senders.isSmart { text = SMSSegments.smart(text) }
        var pictures: [String] = []
        for program in media {
            let url = String(decoding: try rendered(program), as: UTF8.self)
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
                throw Refusal(.content, "a picture's address must be an http or https URL")
            }
            pictures.append(url)
        }
        try check(text, hasPictures: !pictures.isEmpty)
        let segments = SMSSegments(text)
        let price = PhoneTables.standard.millicents(of: number)
        return OutgoingSMS(
            to: number.text, from: senders.sender(of: content, to: number), body: text, mediaURLs: pictures,
            messageType: content.messageType, entityID: content.entityID, templateID: content.templateID, token: token,
            charge: SMSCharge(
                parts: segments.count, country: number.country, millicents: price.map { $0 * segments.count }),
            whatsApp: try whatsApp?.filled(rendered))
    }

    private func check(_ text: String, hasPictures: Bool) throws(Refusal) {
        let count = text.unicodeScalars.count
        guard count <= Self.bodyLimitCharacters else {
            throw Refusal(.content, "the text has \(count) characters; at most \(Self.bodyLimitCharacters) are allowed")
        }
        guard hasPictures || whatsApp != nil || text.contains(where: { !$0.isWhitespace }) else {
            throw Refusal(.content, "the text is empty")
        }
    }
}

/// A WhatsApp template's places, compiled.
private struct WhatsAppProgram: Sendable {
    private let content: RunPlan.WhatsAppContent
    private let header: PersonalProgram?
    private let parameters: [PersonalProgram]
    private let buttons: [PersonalProgram]

    init(
        _ content: RunPlan.WhatsAppContent, _ program: (String) throws(TemplateFault) -> PersonalProgram
    ) throws(TemplateFault) {
        self.content = content
        switch content.header {
        case .text(let source), .image(let source): header = try program(source)
        case nil: header = nil
        }
        parameters = try content.parameters.map { (source) throws(TemplateFault) in try program(source) }
        buttons = try content.buttons.map { (source) throws(TemplateFault) in try program(source) }
    }

    var programs: [PersonalProgram] { [header].compactMap { $0 } + parameters + buttons }

    func filled(_ render: (PersonalProgram) throws(Refusal) -> [UInt8]) throws(Refusal) -> WhatsAppTemplate {
        func text(_ program: PersonalProgram) throws(Refusal) -> String {
            String(decoding: try render(program), as: UTF8.self)
        }
        var filled = WhatsAppTemplate(name: content.template, language: content.language)
        if let header {
            let text = try text(header)
            if case .image = content.header { filled.header = .image(text) } else { filled.header = .text(text) }
        }
        for program in parameters { filled.parameters.append(try text(program)) }
        for program in buttons { filled.buttons.append(try text(program)) }
        return filled
    }
}
