package import Core
package import Model

/// The one decision every send passes, just before it is handed over. Pure: the person's state, the run's state and the
/// clock in, the decision out; the worker performs it inside the transaction that opens the window.
///
/// Order matters only for which reason is booked: what is true of the run comes first, then what the person asked for,
/// then what is technically missing. `Shared/Segments`' estimate applies the same rules in SQL.
package enum Gate {
    package enum Decision: Sendable, Equatable {
        case send
        case refuse(TerminalState, OutcomeReason?)
    }

    /// The channel a message was written for, as its endpoints name it.
    package struct Rules: Sendable {
        package var channelType: String
        package var expiresAt: Instant

        package init(channelType: String, expiresAt: Instant) {
            self.channelType = channelType
            self.expiresAt = expiresAt
        }
    }

    /// `recipient` is nil when the endpoint was deleted after fan-out.
    package static func decide(_ recipient: Recipient?, runIsCancelled: Bool, rules: Rules, now: Instant) -> Decision {
        if runIsCancelled { return .refuse(.suppressed, .cancelled) }
        if now >= rules.expiresAt { return .refuse(.expired, nil) }
        guard let recipient else { return .refuse(.suppressed, .deleted) }
        if let reason = recipient.suppression { return .refuse(.suppressed, .suppression(reason)) }
        if recipient.optOut == "ALL" { return .refuse(.suppressed, .optOut) }
        if recipient.status != "ACTIVE" { return .refuse(.suppressed, .inactive) }
        guard let channel = recipient.channelType, channel == rules.channelType else {
            return .refuse(.suppressed, .channelMismatch)
        }
        guard let address = recipient.address, !address.isEmpty else { return .refuse(.suppressed, .missingAddress) }
        return .send
    }
}
