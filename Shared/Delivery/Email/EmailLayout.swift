package import Core
package import Providers

/// What is the same in every message of one campaign and treatment, checked and written once.
package struct EmailLayout: Sendable {
    package struct Header: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Pinpoint's bounds of `MessageHeader`.
    package static let headersPerMessage = 15
    package static let headerNameLimitBytes = 126
    package static let headerValueLimitBytes = 870

    let from: EmailMailbox
    let replyTo: [EmailMailbox]
    let messageIDDomain: String
    /// `From`, `Reply-To`, `MIME-Version`, `Feedback-ID`: complete lines.
    let constantHeaders: [UInt8]

    /// `feedbackID` is `campaign:customer:type:sender`, what Gmail groups complaints by (reference/providers.md §2.6). An
    /// automatic message (a transactional notice) says so, and is not answered by out-of-office robots.
    ///
    /// - Throws: a fault that names the header whose value cannot be one.
    package init(
        from: EmailMailbox,
        replyTo: [EmailMailbox] = [],
        messageIDDomain: String? = nil,
        feedbackID: String? = nil,
        isAutomatic: Bool = false
    ) throws(EmailFault) {
        self.from = from
        self.replyTo = replyTo
        self.messageIDDomain = messageIDDomain ?? String(from.address.domain)
        guard EmailAddress("x@\(self.messageIDDomain)") != nil else {
            throw EmailFault(reason: .invalidDomain, field: "Message-ID")
        }
        var bytes: [UInt8] = []
        try HeaderWriter.append("From", mailboxes: [from], to: &bytes)
        if !replyTo.isEmpty { try HeaderWriter.append("Reply-To", mailboxes: replyTo, to: &bytes) }
        bytes.append(contentsOf: "MIME-Version: 1.0\r\n".utf8)
        if let feedbackID { try HeaderWriter.append("Feedback-ID", verbatim: Array(feedbackID.utf8), to: &bytes) }
        if isAutomatic { bytes.append(contentsOf: "Auto-Submitted: auto-generated\r\n".utf8) }
        constantHeaders = bytes
    }
}

/// One person's message, rendered; whatever the template produced is checked again before it becomes a header.
package struct EmailContent: Sendable {
    package var subject: [UInt8]
    package var html: [UInt8]?
    package var text: [UInt8]?
    /// Custom headers, at most 15. `List-Unsubscribe` and `List-Unsubscribe-Post` replace ours; other structural ones are refused.
    package var headers: [EmailLayout.Header]

    package init(subject: [UInt8], html: [UInt8]? = nil, text: [UInt8]? = nil, headers: [EmailLayout.Header] = []) {
        self.subject = subject
        self.html = html
        self.text = text
        self.headers = headers
    }
}

/// One recipient's addressing and tracking.
package struct EmailRecipient: Sendable {
    package var to: EmailMailbox
    /// Left side of the Message-ID: the same on every retry of the same message. Base64url or hex, at most 200 bytes.
    package var token: String
    /// Business time.
    package var date: Instant
    /// `https://…/u/TOKEN`: one click, no page (RFC 8058). Nil leaves the list headers out (transactional mail).
    package var unsubscribeURL: String?
    /// `u+TOKEN@domain`
    package var unsubscribeAddress: String?
    /// `r+TOKEN@domain`; answers go to the layout's `Reply-To` where it has one.
    package var replyAddress: String?
    package var openPixelURL: String?

    package init(
        to: EmailMailbox,
        token: String,
        date: Instant,
        unsubscribeURL: String? = nil,
        unsubscribeAddress: String? = nil,
        replyAddress: String? = nil,
        openPixelURL: String? = nil
    ) {
        self.to = to
        self.token = token
        self.date = date
        self.unsubscribeURL = unsubscribeURL
        self.unsubscribeAddress = unsubscribeAddress
        self.replyAddress = replyAddress
        self.openPixelURL = openPixelURL
    }
}
