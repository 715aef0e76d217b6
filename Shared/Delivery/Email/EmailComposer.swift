import Core
package import Providers

/// Writes whole messages: headers, parts, encodings. Pure; the same values give the same bytes, so that a retry is
/// byte-identical.
package struct EmailComposer: Sendable {
    private let layout: EmailLayout

    package init(layout: EmailLayout) {
        self.layout = layout
    }

    /// Appends one message with CRLF line ends to `bytes`. On a fault `bytes` is as it was.
    ///
    /// `rewriteLink` gets every web link of the HTML part (entities decoded) except the unsubscribe URL and returns what to
    /// link to instead, or nil to keep it.
    @discardableResult
    package func append(
        _ content: EmailContent,
        for recipient: EmailRecipient,
        to bytes: inout [UInt8],
        rewriteLink: ((_ url: String) -> String?)? = nil
    ) throws(EmailFault) -> OutgoingEmail.Parts {
        let start = bytes.count
        do throws(EmailFault) {
            guard content.html != nil || content.text != nil else {
                throw EmailFault(reason: .emptyBody, field: "Body")
            }
            let replyTo = try replyTo(of: recipient)
            try appendHeaders(content, recipient, to: &bytes)
            let html = content.html.map { html -> [UInt8] in
                var rewritten: [UInt8] = []
                HTMLRewriter.append(
                    html, pixel: recipient.openPixelURL.map(HTMLRewriter.pixel), to: &rewritten,
                    rewrite: rewriteLink.map { rewrite in
                        { $0 == recipient.unsubscribeURL ? nil : rewrite($0) }
                    }
                )
                return rewritten
            }
            let size = (html?.count ?? 0) + (content.text?.count ?? 0)
            bytes.reserveCapacity(bytes.count + size + size / 8 + 512)
            appendParts(text: content.text, html: html, boundary: recipient.token, to: &bytes)
            return OutgoingEmail.Parts(
                from: layout.from, to: recipient.to, replyTo: replyTo, subject: content.subject, html: html,
                text: content.text)
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
    }

    // MARK: Headers

    private func replyTo(of recipient: EmailRecipient) throws(EmailFault) -> [EmailMailbox] {
        guard layout.replyTo.isEmpty, let address = recipient.replyAddress else { return layout.replyTo }
        guard let checked = EmailAddress(address) else { throw EmailFault(reason: .invalidAddress, field: "Reply-To") }
        return [EmailMailbox(address: checked)]
    }

    private func appendHeaders(
        _ content: EmailContent, _ recipient: EmailRecipient, to bytes: inout [UInt8]
    ) throws(EmailFault) {
        bytes.append(contentsOf: "Date: ".utf8)
        MailDate.append(recipient.date, to: &bytes)
        HeaderWriter.endLine(&bytes)
        bytes.append(contentsOf: layout.constantHeaders)
        if layout.replyTo.isEmpty, let address = recipient.replyAddress {
            try HeaderWriter.append("Reply-To", verbatim: Array(address.utf8), to: &bytes)
        }
        try HeaderWriter.append("To", mailboxes: [recipient.to], to: &bytes)
        guard (1...200).contains(recipient.token.utf8.count), recipient.token.utf8.allSatisfy(Self.isTokenByte) else {
            throw EmailFault(reason: .controlCharacter, field: "Message-ID")
        }
        let identifier = "<\(recipient.token)@\(layout.messageIDDomain)>"
        try HeaderWriter.append("Message-ID", verbatim: Array(identifier.utf8), to: &bytes)
        // Providers that write a Message-ID of their own (SES) leave this one, and it comes back in bounces.
        try HeaderWriter.append(Self.referenceHeader, verbatim: Array(recipient.token.utf8), to: &bytes)
        try HeaderWriter.append("Subject", text: content.subject, to: &bytes)
        try appendCustom(content.headers, to: &bytes)
        let ownList = content.headers.contains { $0.name.lowercased() == "list-unsubscribe" }
        if !ownList { try appendList(recipient, to: &bytes) }
    }

    private func appendList(_ recipient: EmailRecipient, to bytes: inout [UInt8]) throws(EmailFault) {
        guard let url = recipient.unsubscribeURL else { return }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }) else {
            throw EmailFault(reason: .invalidURL, field: "List-Unsubscribe")
        }
        var value = "<\(url)>"
        if let address = recipient.unsubscribeAddress {
            guard let checked = EmailAddress(address), !checked.needsSMTPUTF8 else {
                throw EmailFault(reason: .invalidURL, field: "List-Unsubscribe")
            }
            value += ",\r\n <mailto:\(checked.rawValue)?subject=unsubscribe>"
        }
        guard value.utf8.count < 1800 else { throw EmailFault(reason: .tooLong, field: "List-Unsubscribe") }
        bytes.append(contentsOf: "List-Unsubscribe: ".utf8)
        bytes.append(contentsOf: value.utf8)
        bytes.append(contentsOf: "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".utf8)
    }

    package static let referenceHeader = "X-Needletail-Reference"

    private static let reserved: Set<String> = [
        "x-needletail-reference",
        "date", "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "message-id", "mime-version", "feedback-id",
        "return-path", "received", "dkim-signature", "auto-submitted",
    ]

    private func appendCustom(_ headers: [EmailLayout.Header], to bytes: inout [UInt8]) throws(EmailFault) {
        guard headers.count <= EmailLayout.headersPerMessage else {
            throw EmailFault(reason: .tooManyHeaders, field: "Headers")
        }
        for header in headers {
            let name = header.name
            guard (1...EmailLayout.headerNameLimitBytes).contains(name.utf8.count),
                name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            else { throw EmailFault(reason: .invalidHeaderName, field: "Headers") }
            let lowered = name.lowercased()
            guard !Self.reserved.contains(lowered), !lowered.hasPrefix("content-") else {
                throw EmailFault(reason: .reservedHeader, field: name)
            }
            let value = Array(header.value.utf8)
            guard value.count <= EmailLayout.headerValueLimitBytes else {
                throw EmailFault(reason: .tooLong, field: name)
            }
            if lowered.hasPrefix("list-") {
                // URLs in angle brackets: an encoded word would make them unreadable to machines.
                guard value.allSatisfy({ $0 < 0x80 }) else { throw EmailFault(reason: .invalidURL, field: name) }
                try HeaderWriter.append(name, verbatim: value, to: &bytes)
            } else {
                try HeaderWriter.append(name, text: value, to: &bytes)
            }
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x2E: true
        case _: false
        }
    }

    // MARK: Parts

    private func appendParts(text: [UInt8]?, html: [UInt8]?, boundary token: String, to bytes: inout [UInt8]) {
        switch (text, html) {
        case (let text?, nil): appendPart(text, type: "plain", to: &bytes)
        case (nil, let html?): appendPart(html, type: "html", to: &bytes)
        case (let text?, let html?):
            // `=_` can stand in no quoted-printable or base64 line, and nobody can write our token into a 7bit one
            // at a line's beginning behind it. At most 70 characters (RFC 2046 §5.1.1).
            let boundary = "=_nt_" + token.suffix(60)
            bytes.append(contentsOf: "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n".utf8)
            for (part, type) in [(text, "plain"), (html, "html")] {
                bytes.append(contentsOf: "--\(boundary)\r\n".utf8)
                appendPart(part, type: type, to: &bytes)
            }
            bytes.append(contentsOf: "--\(boundary)--\r\n".utf8)
        case (nil, nil): break
        }
    }

    private func appendPart(_ body: [UInt8], type: String, to bytes: inout [UInt8]) {
        let encoding = BodyEncoding(for: body)
        bytes.append(contentsOf: "Content-Type: text/\(type); charset=UTF-8\r\n".utf8)
        bytes.append(contentsOf: "Content-Transfer-Encoding: \(encoding.rawValue)\r\n\r\n".utf8)
        encoding.append(body, to: &bytes)
    }
}

/// `Wed, 01 Jul 1998 09:30:00 +0000`
enum MailDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func append(_ instant: Instant, to bytes: inout [UInt8]) {
        let day = instant.day
        let (year, month, dayOfMonth) = day.civil
        let second = Int(instant.seconds - Int64(day.daysSince1970) * 86_400)
        bytes.append(contentsOf: days[Int(Int64(day.daysSince1970).flooredModulo(7))].utf8)
        bytes.append(contentsOf: ", ".utf8)
        bytes.appendDecimal(dayOfMonth, width: 2)
        bytes.append(0x20)
        bytes.append(contentsOf: months[month - 1].utf8)
        bytes.append(0x20)
        bytes.appendDecimal(year, width: 4)
        bytes.append(0x20)
        bytes.appendDecimal(second / 3600, width: 2)
        bytes.append(0x3A)
        bytes.appendDecimal(second / 60 % 60, width: 2)
        bytes.append(0x3A)
        bytes.appendDecimal(second % 60, width: 2)
        bytes.append(contentsOf: " +0000".utf8)
    }
}
