/// One composed message ready to be handed to a provider.
package struct OutgoingEmail: Sendable {
    /// Envelope sender: where bounces go. Empty is the null sender.
    package var sender: String
    package var recipient: EmailAddress
    /// Headers and body with CRLF line ends (`EmailComposer`).
    package var content: [UInt8]
    /// Our name of the message, the same on every retry; comes back in bounces where the server speaks DSN.
    package var token: String

    package init(sender: String, recipient: EmailAddress, content: [UInt8], token: String) {
        self.sender = sender
        self.recipient = recipient
        self.content = content
        self.token = token
    }
}

/// What the delivery worker needs of an e-mail provider.
///
/// `deliver` returns one outcome per message, in order; one message's failure never touches another. Nothing begins after
/// `startBefore` (µs of `MonotonicClock`; the job's lease), nor once the task is cancelled: those are `notSent`. Must not be
/// called inside a database transaction.
package struct EmailProvider: Sendable {
    package let name: String
    private let send: @Sendable ([OutgoingEmail], Int64?) async -> [SendOutcome]

    package init(name: String, deliver: @escaping @Sendable ([OutgoingEmail], Int64?) async -> [SendOutcome]) {
        self.name = name
        send = deliver
    }

    package func deliver(_ messages: [OutgoingEmail], startBefore: Int64? = nil) async -> [SendOutcome] {
        await send(messages, startBefore)
    }
}
