/// One composed e-mail ready to be handed to a provider.
package struct OutgoingEmail: OutgoingMessage {
    /// Envelope sender: where bounces go. Empty is the null sender.
    package var sender: String
    package var recipient: EmailAddress
    /// Headers and body with CRLF line ends (`EmailComposer`).
    package var content: [UInt8]
    package var token: String

    package init(sender: String, recipient: EmailAddress, content: [UInt8], token: String) {
        self.sender = sender
        self.recipient = recipient
        self.content = content
        self.token = token
    }
}
