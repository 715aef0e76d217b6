import Core
import Model
import Templates

/// One treatment's e-mail, compiled: what is left to do per person is filling in.
struct EmailMessageProgram: Sendable {
    private let subject: PersonalProgram
    private let html: PersonalProgram?
    private let text: PersonalProgram?
    private let headers: [(name: String, value: PersonalProgram)]
    private let columns: [RecipientField.Column]
    private let composer: EmailComposer
    private let sender: EmailAddress

    /// Throws a `TemplateFault` or an `EmailFault`: then no message of the treatment can be made.
    init(_ content: RunPlan.EmailContent, plan: RunPlan) throws {
        let defaults = TemplateDefaults(.object(content.defaultSubstitutions)) ?? .none
        subject = try PersonalProgram(content.subject, defaults)
        html = try content.html.map { try PersonalProgram($0, defaults) }
        text = try content.text.map { try PersonalProgram($0, defaults) }
        headers = try content.headers.map { ($0.name, try PersonalProgram($0.value, defaults)) }
        guard let from = EmailMailbox(content.from) else {
            throw EmailFault(reason: .invalidAddress, field: "From")
        }
        sender = from.address
        let replyTo = try content.replyTo.map { text throws(EmailFault) in
            guard let mailbox = EmailMailbox(text) else { throw EmailFault(reason: .invalidAddress, field: "Reply-To") }
            return mailbox
        }
        composer = EmailComposer(
            layout: try EmailLayout(
                from: from,
                replyTo: replyTo,
                feedbackID: "\(plan.campaign):\(plan.app):campaign:needletail"
            )
        )
        let programs = [subject, html, text].compactMap { $0 } + headers.map(\.value)
        columns = RecipientField.Column.allCases.filter { column in
            programs.contains { $0.columns.contains(column) }
        }
    }

    func compose(
        _ send: Send,
        links: MessageLinks,
        templates: TemplateEnvironment,
        date: Instant
    ) throws -> OutgoingEmail {
        guard let address = send.recipient.address.flatMap({ EmailAddress($0) }) else {
            throw EmailFault(reason: .invalidAddress, field: "To")
        }
        let values = RecipientValues(send.recipient, parsing: columns, unsubscribeURL: links.unsubscribeURL)
        let content = EmailContent(
            subject: try subject.render(values, templates, escaping: .none),
            html: try html?.render(values, templates, escaping: .html),
            text: try text?.render(values, templates, escaping: .none),
            headers: try headers.map { name, value in
                let bytes = try value.render(values, templates, escaping: .none)
                return EmailLayout.Header(name: name, value: String(decoding: bytes, as: UTF8.self))
            }
        )
        let token = send.token
        var message: [UInt8] = []
        message.reserveCapacity((content.html?.count ?? 0) * 5 / 4 + (content.text?.count ?? 0) + 2048)
        try composer.append(
            content,
            for: EmailRecipient(
                to: EmailMailbox(address: address),
                token: token,
                date: date,
                unsubscribeURL: links.unsubscribeURL,
                unsubscribeAddress: nil,
                openPixelURL: links.openURL
            ),
            to: &message,
            rewriteLink: links.click
        )
        return OutgoingEmail(sender: sender.rawValue, recipient: address, content: message, token: token)
    }
}

/// A compiled template and where its variables stand on an endpoint's row.
private struct PersonalProgram: Sendable {
    private let program: TemplateProgram
    private let fields: [RecipientField]
    let columns: [RecipientField.Column]

    init(_ source: String, _ defaults: TemplateDefaults) throws(TemplateFault) {
        program = try TemplateProgram.compile(source, defaults: defaults)
        fields = program.paths.map { RecipientField($0.segments) }
        columns = fields.flatMap(\.columns)
    }

    func render(
        _ values: RecipientValues,
        _ environment: TemplateEnvironment,
        escaping: TemplateEscaping
    ) throws(TemplateFault) -> [UInt8] {
        var bytes: [UInt8] = []
        try program.render(
            RecipientScope(values: values, fields: fields),
            environment: environment,
            escaping: escaping,
            into: &bytes
        )
        return bytes
    }
}
