package import Core
package import Runtime

/// When bounces make an address count as dead. Pure; `BounceCounts` keeps the history.
package struct BounceRules: Sendable, Equatable {
    /// So many in a row, without a sign of life between them …
    package var softBounces: Int
    /// … over at least this long: five messages of one day to a mailbox that is full today say nothing.
    package var softSpan: Duration
    /// A domain without servers, twice over at least this long: a name server may only be ill.
    package var domainBounces: Int
    package var domainSpan: Duration

    package static let standard = BounceRules()

    /// As the settings have it.
    package init(_ configuration: Configuration) {
        self.init(
            softBounces: configuration.softBounces, softSpan: .seconds(86_400 * configuration.softBounceDays))
    }

    package init(
        softBounces: Int = 5, softSpan: Duration = .seconds(7 * 86_400), domainBounces: Int = 2,
        domainSpan: Duration = .seconds(72 * 3600)
    ) {
        self.softBounces = softBounces
        self.softSpan = softSpan
        self.domainBounces = domainBounces
        self.domainSpan = domainSpan
    }

    /// What is known of an address's bounces since its last sign of life.
    package struct History: Sendable, Equatable {
        package var bounces: Int
        package var first: Instant
        package var last: Instant

        package init(bounces: Int, first: Instant, last: Instant) {
            self.bounces = bounces
            self.first = first
            self.last = last
        }
    }

    package struct Decision: Sendable, Equatable {
        /// Nil: the address goes on.
        package var suppress: SuppressionReason?
        /// Nil: nothing to remember.
        package var history: History?
    }

    /// `status`: the enhanced status of RFC 3463 (`5.1.2`), if there is one. A receipt that says nothing about the address leaves the
    /// history as it is.
    package func decide(
        _ kind: Receipt.Kind, channel: String, status: String? = nil, history: History? = nil, at: Instant
    ) -> Decision {
        switch kind {
        case .hardBounce: return Decision(suppress: Self.dead(channel), history: nil)
        case .complaint: return Decision(suppress: .complaint, history: nil)
        case .optOut: return Decision(suppress: channel == "EMAIL" ? .unsubscribe : .stop, history: nil)
        case .softBounce: return soft(channel, status, history, at)
        case .delivered, .open, .click, .read, .answered, .keyPress, .optIn:
            return Decision(suppress: nil, history: nil)
        case .sent, .buffered, .rejected, .expired, .busy, .noAnswer:
            return Decision(suppress: nil, history: history)
        }
    }

    /// An address, or a device's token.
    private static func dead(_ channel: String) -> SuppressionReason {
        ["EMAIL", "SMS", "VOICE"].contains(channel) ? .hardBounce : .deadToken
    }

    private func soft(_ channel: String, _ status: String?, _ history: History?, _ at: Instant) -> Decision {
        var now = history ?? History(bounces: 0, first: at, last: at)
        now.bounces += 1
        // Receipts come in any order.
        now.first = min(now.first, at)
        now.last = max(now.last, at)
        let span = now.last - now.first
        let isDomainGone = status == "5.1.2" || status == "5.4.4"
        let isDead =
            now.bounces >= softBounces && span >= softSpan
            || isDomainGone && now.bounces >= domainBounces && span >= domainSpan
        return isDead ? Decision(suppress: Self.dead(channel), history: nil) : Decision(suppress: nil, history: now)
    }
}
