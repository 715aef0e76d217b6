/// A delivery status notification (RFC 3464).
package struct DeliveryReport: Sendable, Equatable {
    package enum Action: String, Sendable {
        case failed, delayed, delivered, relayed, expanded
    }

    package struct Recipient: Sendable, Equatable {
        /// Nil: one that RFC 3464 does not know, without a permanent status.
        package var action: Action?
        /// `5.1.1`, without a comment behind it.
        package var status: String?
        /// What the other server said: `550 5.1.1 unknown`, unfolded, without its type.
        package var diagnostic: String?
        package var originalRecipient: String?
        package var finalRecipient: String?
        package var remoteServer: String?
    }

    /// As we gave it with MAIL FROM (ENVID).
    package var envelopeID: String?
    package var reportingServer: String?
    /// Never empty.
    package var recipients: [Recipient]

    /// Nil when the message is no report, or reports on nobody.
    package init?(_ mail: ParsedMail) {
        let parts = mail.report("delivery-status") ?? mail.parts
        guard
            let status = parts.first(where: {
                $0.type == "message/delivery-status" || $0.type == "message/global-delivery-status"
            })
        else { return nil }
        let groups = FieldGroups.read(status.content)
        // The first group is on the message; software that forgets the blank line behind it has one group for both.
        recipients = groups.filter { $0["Action"] != nil || $0["Final-Recipient"] != nil }.map(Recipient.init)
        guard !recipients.isEmpty else { return nil }
        envelopeID = groups.lazy.compactMap { $0["Original-Envelope-Id"] }.first.map(FieldGroups.xtextDecoded)
        reportingServer = groups.lazy.compactMap { $0["Reporting-MTA"] }.first.map(FieldGroups.behindType)
    }
}

extension DeliveryReport.Recipient {
    fileprivate init(_ group: MailHeaders) {
        status = group["Status"].map(MailWords.first)
        // Some programs have words of their own (OpenSMTPD: `error`); a permanent status says enough.
        action =
            group["Action"].flatMap { DeliveryReport.Action(rawValue: MailWords.first($0)) }
            ?? (status?.hasPrefix("5") == true ? .failed : nil)
        diagnostic = group["Diagnostic-Code"].map(FieldGroups.behindType)
        originalRecipient = group["Original-Recipient"].map(FieldGroups.behindType).map(FieldGroups.xtextDecoded)
        finalRecipient = group["Final-Recipient"].map(FieldGroups.behindType)
        remoteServer = group["Remote-MTA"].map(FieldGroups.behindType)
    }
}
