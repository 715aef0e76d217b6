import Core
import Model
import Templates

/// One treatment's e-mail, compiled: what is left to do per person is filling in.
struct EmailMessageProgram: Sendable {
    private let standard: EmailParts
    /// By `LocaleKey`; empty for most messages.
    private let variants: [String: EmailParts]
    private let composer: EmailComposer
    private let sender: EmailAddress

    /// Throws a `TemplateFault` or an `EmailFault`: then no message of the treatment can be made.
    init(_ content: RunPlan.EmailContent, plan: RunPlan) throws {
        standard = try EmailParts(content)
        variants = try content.locales.mapValues { try EmailParts(content.localized($0)) }
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
    }

    func parts(for recipient: Recipient) -> EmailParts {
        guard !variants.isEmpty, let locale = recipient.locale else { return standard }
        for key in LocaleKey.candidates(locale) {
            if let variant = variants[key] { return variant }
        }
        return standard
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
        let parts = parts(for: send.recipient)
        let values = RecipientValues(send.recipient, parsing: parts.columns, unsubscribeURL: links.unsubscribeURL)
        let content = try parts.render(values, templates)
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
