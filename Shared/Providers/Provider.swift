/// A message as a provider takes it: rendered, for one person.
package protocol OutgoingMessage: Sendable {
    /// Our name of the message (`SendReference`), the same on every attempt. Comes back in receipts where the provider carries it,
    /// and decides which of several routes of the same rank takes it.
    var token: String { get }
}

/// Somebody who takes messages of one channel: one provider, or several behind `ProviderRoutes`.
///
/// `deliver` returns one outcome per message, in order; one message's failure never touches another. Nothing begins at or after
/// `startBefore` (µs of `MonotonicClock`; the job's lease), nor once the task is cancelled: those are `notSent`. Must not be
/// called inside a database transaction.
package struct Provider<Message: OutgoingMessage>: Sendable {
    /// As an operator knows it, for logs and metrics: `twilio`, or the name of a route.
    package let name: String
    private let send: @Sendable ([Message], Int64?) async -> [SendOutcome]

    package init(name: String, deliver: @escaping @Sendable ([Message], Int64?) async -> [SendOutcome]) {
        self.name = name
        send = deliver
    }

    package func deliver(_ messages: [Message], startBefore: Int64? = nil) async -> [SendOutcome] {
        messages.isEmpty ? [] : await send(messages, startBefore)
    }
}

package typealias EmailProvider = Provider<OutgoingEmail>
