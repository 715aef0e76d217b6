/// A complaint in the Abuse Reporting Format (RFC 5965), as mailbox providers' feedback loops send it.
package struct FeedbackReport: Sendable, Equatable {
    /// `abuse`, `fraud`, `virus`, `not-spam`, `auth-failure`, `other`; in lower case.
    package var type: String
    package var userAgent: String?
    package var originalEnvelopeID: String?
    package var originalSender: String?
    package var reportedDomain: String?

    /// Whether the person does not want this mail.
    package var isComplaint: Bool { ["abuse", "fraud", "virus"].contains(type) }

    /// Nil when the message is no such report.
    package init?(_ mail: ParsedMail) {
        guard let parts = mail.report("feedback-report"),
            let part = parts.first(where: { $0.type == "message/feedback-report" }),
            let fields = FieldGroups.read(part.content).first, let type = fields["Feedback-Type"]
        else { return nil }
        self.type = MailWords.first(type)
        userAgent = fields["User-Agent"]
        originalEnvelopeID = fields["Original-Envelope-Id"].map(FieldGroups.xtextDecoded)
        originalSender = fields["Original-Mail-From"].flatMap(MailWords.address)
        reportedDomain = fields["Reported-Domain"]
    }
}
