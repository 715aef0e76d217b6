package import Model
package import Postgres
package import Providers
package import Queue

/// One channel's way of turning recipients into messages and handing them to a provider.
package protocol DeliveryChannel: Sendable {
    /// Whose jobs its workers take; the run's plan says which endpoints those reach (`RunPlan.Treatment.senders`).
    var queue: JobQueue { get }
    /// Compiles what one run needs, once per process and run. Throws what makes every message of the run impossible.
    func prepare(_ plan: RunPlan) throws -> any PreparedRun
    /// Whether those who must be tried again go on together, because they travel together.
    var sharesRetries: Bool { get }
    /// Whether whoever takes these messages recognises one that comes twice by our name of it (reliability: G4). Then people in doubt
    /// are sent to again under the same name, instead of by the run's delivery policy. In the transaction that decides on them.
    func honoursKeys(_ plan: RunPlan, _ cause: SendCause, in session: Session) async throws -> Bool
}

extension DeliveryChannel {
    package var sharesRetries: Bool { false }
    package func honoursKeys(_ plan: RunPlan, _ cause: SendCause, in session: Session) async throws -> Bool { false }
}

/// A run's messages, compiled.
package protocol PreparedRun: Sendable {
    /// Renders and hands over `sends`; the results stand in the same order. Starts nothing at or after `startBefore` (µs of
    /// `MonotonicClock`): what has not started by then is `notSent(.deadline)`, and is asked about again at once.
    /// Never throws: whatever goes wrong with one message is that message's outcome.
    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome]
    /// Whom a text message to `recipient` will come from, for the gate, which asks that sender's opt-out list; nil where the provider
    /// chooses.
    func sender(for recipient: Recipient, arm: Int) -> String?
}

extension PreparedRun {
    package func sender(for _: Recipient, arm _: Int) -> String? { nil }
}

/// One message to be made: who, and which place in the ledger it has.
package struct Send: Sendable {
    package var recipient: Recipient
    package var cause: SendCause
    package var ordinal: Int32
    package var attempt: Int16

    package init(recipient: Recipient, cause: SendCause, ordinal: Int32, attempt: Int16) {
        self.recipient = recipient
        self.cause = cause
        self.ordinal = ordinal
        self.attempt = attempt
    }
}
