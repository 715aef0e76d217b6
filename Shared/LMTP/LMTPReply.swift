/// One reply line (RFC 5321 §4.2) with its enhanced status (RFC 3463).
package struct LMTPReply: Sendable, Equatable, CustomStringConvertible {
    package let code: Int
    package let status: String
    package let text: String

    /// `text`: printable ASCII; nothing of a peer's making.
    package init(_ code: Int, _ status: String, _ text: String) {
        self.code = code
        self.status = status
        self.text = text
    }

    package var isPositive: Bool { code / 100 == 2 }
    package var description: String { "\(code) \(status) \(text)" }

    package static let accepted = LMTPReply(250, "2.1.5", "Ok")
    package static let stored = LMTPReply(250, "2.0.0", "Stored")
    /// Nothing that the sender did: it tries again.
    package static let trouble = LMTPReply(451, "4.3.0", "Temporary trouble here")
    package static let unknown = LMTPReply(550, "5.1.1", "No such mailbox")
}

/// A message with the recipients that were accepted for it.
package struct LMTPMessage: Sendable, Equatable {
    /// Empty is the null sender.
    package var sender: String
    package var recipients: [String]
    /// As sent, dots unstuffed.
    package var content: [UInt8]

    package init(sender: String, recipients: [String], content: [UInt8]) {
        self.sender = sender
        self.recipients = recipients
        self.content = content
    }
}

/// What a server asks its owner.
package struct LMTPHandler: Sendable {
    /// Whether a recipient is ours: 250, 550 or 451.
    package var accept: @Sendable (_ recipient: String) async -> LMTPReply
    /// One reply per recipient, in their order; 250 only after a durable write.
    package var deliver: @Sendable (LMTPMessage) async -> [LMTPReply]

    package init(
        accept: @escaping @Sendable (_ recipient: String) async -> LMTPReply,
        deliver: @escaping @Sendable (LMTPMessage) async -> [LMTPReply]
    ) {
        self.accept = accept
        self.deliver = deliver
    }
}

package struct LMTPLimits: Sendable {
    package var messageBytes = 10 << 20
    package var recipients = 100
    /// RFC 5321 §4.5.3.1.4 says 512; extensions add some.
    package var lineBytes = 2048
    /// Commands that make no sense, in one session.
    package var errors = 20
    package var connections = 32
    /// Of all messages that are being received; at this, DATA has to wait.
    package var heldBytes = 96 << 20
    package var commandDeadline: Duration = .seconds(300)
    package var dataDeadline: Duration = .seconds(600)

    package init() {}
}
