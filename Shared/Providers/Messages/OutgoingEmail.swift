/// One composed e-mail ready to be handed to a provider.
package struct OutgoingEmail: OutgoingMessage {
    /// What the message was composed from, for providers that compose it themselves. Shared, so that passing a message on costs one
    /// reference.
    package final class Parts: Sendable {
        package let from: EmailMailbox
        package let to: EmailMailbox
        package let replyTo: [EmailMailbox]
        package let subject: [UInt8]
        /// With tracked links and the pixel.
        package let html: [UInt8]?
        package let text: [UInt8]?

        package init(
            from: EmailMailbox, to: EmailMailbox, replyTo: [EmailMailbox] = [], subject: [UInt8], html: [UInt8]?,
            text: [UInt8]?
        ) {
            self.from = from
            self.to = to
            self.replyTo = replyTo
            self.subject = subject
            self.html = html
            self.text = text
        }
    }

    /// Envelope sender: where bounces go. Empty is the null sender.
    package var sender: String
    package var recipient: EmailAddress
    /// Headers and body with CRLF line ends (`EmailComposer`).
    package var content: [UInt8]
    package var token: String
    package var parts: Parts

    package init(sender: String, recipient: EmailAddress, content: [UInt8], token: String, parts: Parts) {
        self.sender = sender
        self.recipient = recipient
        self.content = content
        self.token = token
        self.parts = parts
    }

    /// Fields that providers which compose the message themselves write from the parts.
    private static let composed: Set<String> = ["from", "to", "reply-to", "subject", "date", "mime-version"]

    /// The other fields of the composed message, unfolded: `Message-ID`, `List-Unsubscribe`, `Feedback-ID`, custom ones. Read on demand,
    /// because SMTP needs none of it.
    package var extraHeaders: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for (lowered, bytes) in DKIMSigner.fields(of: content).fields
        where !Self.composed.contains(lowered) && !lowered.hasPrefix("content-") {
            let name = String(decoding: content[..<(bytes.startIndex - 1)].suffix(lowered.utf8.count), as: UTF8.self)
            var value: [UInt8] = []
            for byte in bytes where byte != 0x0D && byte != 0x0A && !(value.isEmpty && byte == 0x20) {
                value.append(byte)
            }
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
        return headers
    }
}
