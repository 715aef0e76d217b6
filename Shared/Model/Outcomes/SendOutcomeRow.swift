/// The terminal states of an intended recipient: planned = accepted + rejected + suppressed + expired + unknown.
package enum TerminalState: Int16, Sendable, CaseIterable {
    case accepted = 1
    case rejected = 2
    case suppressed = 3
    case expired = 4
    case unknown = 5

    package var name: String {
        switch self {
        case .accepted: "accepted"
        case .rejected: "rejected"
        case .suppressed: "suppressed"
        case .expired: "expired"
        case .unknown: "unknown"
        }
    }

    /// Where several rows exist for one recipient, the highest rank is its state: only `unknown` is ever superseded,
    /// by an acceptance that was recorded late.
    package var rank: Int {
        switch self {
        case .accepted: 2
        case .rejected, .suppressed, .expired: 1
        case .unknown: 0
        }
    }
}

/// Why a recipient was refused, in Pinpoint's words where it has them (pinpoint-api §6, §7.4).
package struct OutcomeReason: Hashable, Sendable {
    package let name: String

    package init(_ name: String) {
        self.name = name
    }

    package static let holdout = OutcomeReason("HOLDOUT")
    package static let optOut = OutcomeReason("OPT_OUT")
    package static let inactive = OutcomeReason("ENDPOINT_INACTIVE")
    package static let missingAddress = OutcomeReason("ENDPOINT_MISSING_ADDRESS")
    package static let channelMismatch = OutcomeReason("ENDPOINT_CHANNEL_MISMATCH")
    package static let unsupportedChannel = OutcomeReason("UNSUPPORTED_CHANNEL")
    package static let deleted = OutcomeReason("ENDPOINT_DELETED")
    package static let cancelled = OutcomeReason("CANCELLED")
    package static let quietTime = OutcomeReason("QUIET_TIME")
    package static let dailyCap = OutcomeReason("DAILY_CAP")
    /// Limits.Total.
    package static let campaignCap = OutcomeReason("CAMPAIGN_CAP")
    /// The person's last message may have been an opt-out; nobody has looked yet.
    package static let underReview = OutcomeReason("UNDER_REVIEW")
    /// The campaign's hook could not be asked, or gave no usable answer.
    package static let hookFailure = OutcomeReason("HOOK_FAILURE")
    /// The campaign's hook left this person out.
    package static let hookFiltered = OutcomeReason("HOOK_FILTERED")
    package static let missingTimezone = OutcomeReason("ENDPOINT_MISSING_TIMEZONE")
    package static let timezoneMismatch = OutcomeReason("ENDPOINT_TIMEZONE_MISMATCH")
    package static let poison = OutcomeReason("POISON")
    package static let renderingFailure = OutcomeReason("RENDERING_FAILURE")
    /// The process died between handing over and recording.
    package static let crashed = OutcomeReason("IN_DOUBT")
    /// The provider did not answer after the message was written.
    package static let noReply = OutcomeReason("NO_REPLY")

    /// A suppression entry refused the send: `SUPPRESSED_UNSUBSCRIBE`, `SUPPRESSED_HARD_BOUNCE` …
    package static func suppression(_ reason: String) -> OutcomeReason { OutcomeReason("SUPPRESSED_\(reason)") }
}

/// One line of the ledger.
package struct SendOutcomeRow: Sendable, Equatable {
    package static let possibleDuplicate: Int16 = 1
    /// Recorded after the lease was lost; may only be an acceptance.
    package static let late: Int16 = 2
    /// Sent again under the key of a send in doubt, to a provider that keeps one of both: no duplicate.
    package static let sameKey: Int16 = 4

    package var endpointKey: Int64
    package var ordinal: Int32
    package var state: TerminalState
    package var reason: OutcomeReason?
    package var flags: Int16
    package var attempt: Int16
    package var providerReference: String?

    package init(
        endpointKey: Int64,
        ordinal: Int32,
        state: TerminalState,
        reason: OutcomeReason? = nil,
        flags: Int16 = 0,
        attempt: Int16 = 0,
        providerReference: String? = nil
    ) {
        self.endpointKey = endpointKey
        self.ordinal = ordinal
        self.state = state
        self.reason = reason
        self.flags = flags
        self.attempt = attempt
        self.providerReference = providerReference
    }
}
