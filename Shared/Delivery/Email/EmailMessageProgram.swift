import Core
import Model
import Providers
import Templates

/// One treatment's e-mail, compiled: what is left to do per person is filling in.
struct EmailMessageProgram: Sendable {
    private let standard: EmailParts
    /// By `LocaleKey`; empty for most messages.
    private let variants: [String: EmailParts]
    private let composer: EmailComposer
    private let sender: EmailAddress
    private let bounceDomain: String?
    private let replyDomain: String?

    /// Throws a `TemplateFault` or an `EmailFault`: then no message of the treatment can be made. `now` is what law is in force.
    init(_ content: RunPlan.EmailContent, plan: RunPlan, at now: Instant) throws {
        func parts(_ content: RunPlan.EmailContent) throws -> EmailParts {
            var parts = try EmailParts(content)
            parts.legal = plan.rules.law.flatMap { LegalTexts(content, law: $0, at: now) }
            return parts
        }
        standard = try parts(content)
        variants = try content.locales.mapValues { try parts(content.localized($0)) }
        guard let from = EmailMailbox(content.from) else {
            throw EmailFault(reason: .invalidAddress, field: "From")
        }
        sender = from.address
        bounceDomain = content.bounceDomain
        replyDomain = content.replyDomain
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

    /// `KR.contact`, for each line that the law of a country wants and the app has no value for.
    var unknownSenderLines: Set<String> {
        ([standard] + variants.values).reduce(into: []) { $0.formUnion($1.legal?.unknown ?? []) }
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
        token: String,
        links: MessageLinks,
        templates: TemplateEnvironment,
        date: Instant
    ) throws -> OutgoingEmail {
        guard let address = send.recipient.address.flatMap({ EmailAddress($0) }) else {
            throw EmailFault(reason: .invalidAddress, field: "To")
        }
        let parts = parts(for: send.recipient)
        let values = RecipientValues(send.recipient, parsing: parts.columns, unsubscribeURL: links.unsubscribeURL)
        var content = try parts.render(values, templates)
        parts.legal?.text(for: send.recipient)?.text.apply(to: &content, unsubscribeURL: links.unsubscribeURL)
        var message: [UInt8] = []
        message.reserveCapacity((content.html?.count ?? 0) * 5 / 4 + (content.text?.count ?? 0) + 2048)
        let composed = try composer.append(
            content,
            for: EmailRecipient(
                to: EmailMailbox(address: address),
                token: token,
                date: date,
                unsubscribeURL: links.unsubscribeURL,
                unsubscribeAddress: replyDomain.map { "u+\(token)@\($0)" },
                replyAddress: replyDomain.map { "r+\(token)@\($0)" },
                openPixelURL: links.openURL
            ),
            to: &message,
            rewriteLink: links.click
        )
        return OutgoingEmail(
            sender: bounceDomain.map { "b+\(token)@\($0)" } ?? sender.rawValue, recipient: address, content: message,
            token: token, parts: composed)
    }
}
