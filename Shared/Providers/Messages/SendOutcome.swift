/// What is known after one attempt to hand one message to a provider (reference/providers.md §0.1).
///
/// `accepted`, `rejected` and `unknown` are terminal for the attempt; `retry` and `notSent` are both proof that the provider
/// did not take the message, so it may go again without any risk of a duplicate.
package enum SendOutcome: Sendable, Equatable {
    /// The provider took responsibility. The reference is what it called the message (at most 255 bytes; may be empty).
    case accepted(providerReference: String)
    /// The provider will never take this message. `detail` is its answer, at most 1 KiB. `isAddressDead` asks for a suppression.
    case rejected(RejectionClass, detail: String, isAddressDead: Bool)
    /// The provider answered "not now". A throttle does not count as an attempt.
    case retry(after: Duration, isThrottle: Bool, detail: String)
    /// The message was written and no answer was read: only the provider knows.
    case unknown(detail: String)
    /// No byte of the message's content was completed; proven not sent.
    case notSent(NotSentReason, detail: String)
}

/// Why a provider refused for good. The raw value is written as the outcome's reason.
package enum RejectionClass: String, Sendable, CaseIterable {
    /// The address is wrong, or its mailbox or domain does not exist.
    case address = "ADDRESS"
    /// The address exists but cannot take mail now, and the provider says so for good (mailbox full, expired in queue).
    case mailbox = "MAILBOX"
    /// This message can never pass: too big, malformed, blocked by policy.
    case content = "CONTENT"
    /// Our sender address or command is refused: an operator has to act.
    case configuration = "CONFIGURATION"
    case optedOut = "OPTED_OUT"
    /// The customer's own webhook or function does not take it.
    case customDelivery = "CUSTOM_DELIVERY_FAILURE"
    /// The template could not be filled in for this person; nothing reached the provider.
    case rendering = "RENDERING_FAILURE"
}

/// Why nothing was sent.
package enum NotSentReason: String, Sendable, CaseIterable {
    /// The provider could not be reached, or the connection broke before the message was complete.
    case connection = "CONNECTION"
    /// The provider refuses our credentials: stop the channel and tell the operator.
    case authentication = "AUTHENTICATION"
    /// Cancelled (shutdown) before its turn came.
    case cancelled = "CANCELLED"
    /// Its turn did not come before the deadline the caller gave (the gate's answer grew old, or the job's lease ends). Says
    /// nothing about the provider but that it is busy.
    case deadline = "DEADLINE"
}
