package import Core
package import Jurisdictions
package import Model

/// When the law where a person lives lets a marketing message reach them. Pure; the rules are data.
package protocol SendingHours: Sendable {
    /// Nil when the message may arrive at every moment of `clock.handOver`.
    func opening(for recipient: Recipient, of intent: Gate.Intent, _ clock: Gate.Clock) -> LegalOpening?
}

/// What stands in the way of a message now.
package struct LegalOpening: Sendable, Equatable {
    /// The first moment when it may be asked again; nil for never.
    package var at: Instant?
    /// Ids of the rules.
    package var rules: [String]

    package init(at: Instant?, rules: [String] = []) {
        self.at = at
        self.rules = rules
    }
}

/// The hours of `ops/data/quiet-hours.tsv`, for a run whose app keeps them.
package struct LegalHours: SendingHours {
    private let jurisdictions: Jurisdictions
    private let law: MarketingLaw

    /// Nil for a run that no hours bind: transactional, or switched off.
    package init?(_ rules: RunRules, jurisdictions: Jurisdictions = .standard) {
        guard let law = rules.law else { return nil }
        self.law = law
        self.jurisdictions = jurisdictions
    }

    package func opening(for recipient: Recipient, of intent: Gate.Intent, _ clock: Gate.Clock) -> LegalOpening? {
        guard let medium = recipient.channelType.flatMap(Medium.init(channelType:)), jurisdictions.hasHours(on: medium)
        else {
            return nil
        }
        let hours = clock.handOver
        let ruling = jurisdictions.ruling(
            on: medium, to: recipient.whereabouts, defaultCountry: law.defaultCountry, now: hours.lowerBound,
            lasting: hours.upperBound - hours.lowerBound, offset: clock.offset)
        switch ruling.verdict {
        case .allowed: return nil
        case .notUntil(let opening): return LegalOpening(at: opening, rules: ruling.rules)
        case .refused: return LegalOpening(at: nil, rules: ruling.rules)
        }
    }
}
