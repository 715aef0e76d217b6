/// One message with its envelope: one recipient, so that every recipient has an answer of its own.
package struct SMTPMessage: Sendable {
    /// Envelope sender (the bounce address); empty is the null sender `<>`.
    package var sender: String
    package var recipient: String
    /// The whole message, headers and body, with CRLF line ends, lines of at most 998 bytes and no NUL. Not dot-stuffed.
    package var content: [UInt8]
    /// Sent as `ENVID` where the server offers DSN, to recognise reports by. At most 100 bytes before encoding.
    package var envelopeID: String?
    /// Ask for failure and delay reports with headers only, where the server offers DSN.
    package var requestsFailureReports: Bool

    package init(
        sender: String,
        recipient: String,
        content: [UInt8],
        envelopeID: String? = nil,
        requestsFailureReports: Bool = false
    ) {
        self.sender = sender
        self.recipient = recipient
        self.content = content
        self.envelopeID = envelopeID
        self.requestsFailureReports = requestsFailureReports
    }
}

/// The step of the dialogue that a reply answers.
package enum SMTPStage: String, Sendable, CaseIterable {
    case connect, auth, mail, rcpt, data
    /// After the final dot.
    case final
}

/// What happened to one message.
package enum SMTPResult: Sendable, Equatable {
    /// The server answered 2yz after the final dot.
    case accepted(SMTPReply)
    /// The server answered and did not take the message; nothing was delivered.
    case refused(SMTPReply, at: SMTPStage)
    /// The connection failed after the final dot may have been written and before its reply was read.
    case inDoubt(String)
    /// Proven not sent.
    case notSent(SMTPNotSent)
}

/// Why a message was never complete on the wire.
package enum SMTPNotSent: Sendable, Equatable {
    /// No connection, or it broke before the final dot. The delay is when trying again makes sense.
    case connection(String, retryAfter: Duration)
    /// The greeting or EHLO was refused with this reply.
    case greeting(SMTPReply)
    case authentication(String)
    case invalidSender(String)
    case invalidRecipient(String)
    case invalidContent(String)
    /// The server announced a smaller SIZE.
    case tooLarge(limitBytes: Int)
    case cancelled
    case deadline
}
