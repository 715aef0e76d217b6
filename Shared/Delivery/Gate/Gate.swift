package import Core
package import Model

/// The one decision every send passes, just before it is handed over. Pure: what is sent, the person's state, the clock and
/// the rules in, the verdict out; the worker performs it inside the transaction that opens the window.
///
/// Order matters for which reason is booked and for what counts towards caps: what is true of the run comes first, then what
/// the person asked for, then what is technically missing, then the campaign's hook, its caps, its quiet time, and the law
/// where the person lives. `Shared/Segments`' estimate applies the rules that depend on the endpoint alone in SQL.
package enum Gate {
    /// A message starts at most this long after its person's state was read; what has not started by then is asked again.
    /// With the read itself and the clock's grain this keeps an opt-out's bound of two seconds (reliability §3.6).
    package static let startLimit: Duration = .milliseconds(1500)
    /// How long a message that started at the last moment may take until the provider has it, as far as times of day go.
    package static let requestLimit: Duration = .milliseconds(8500)

    package enum Decision: Sendable, Equatable {
        case send
        case refuse(TerminalState, OutcomeReason?)
        /// Not now; to be asked again then.
        case `defer`(until: Instant)
    }

    package struct Verdict: Sendable, Equatable {
        package var decision: Decision
        /// The message targets the endpoint and counts towards frequency caps, whatever becomes of it (pinpoint-api §4.2.5).
        package var counts: Bool
        /// Ids of the rules of law that decided.
        package var law: [String] = []

        package init(_ decision: Decision, counts: Bool, law: [String] = []) {
            self.decision = decision
            self.counts = counts
            self.law = law
        }
    }

    /// What is to be sent.
    package struct Intent: Sendable {
        /// Channels that the worker which asks sends for this treatment, as endpoints name them.
        package var channels: Set<String>
        /// All channels for which the treatment has a message.
        package var messageChannels: Set<String>
        package var campaign: CampaignID
        /// From here on it is too late.
        package var expiresAt: Instant
        package var runIsCancelled: Bool

        package init(
            channels: Set<String>, messageChannels: Set<String>, campaign: CampaignID, expiresAt: Instant,
            runIsCancelled: Bool = false
        ) {
            self.channels = channels
            self.messageChannels = messageChannels
            self.campaign = campaign
            self.expiresAt = expiresAt
            self.runIsCancelled = runIsCancelled
        }
    }

    /// Whom it is for.
    package struct Person: Sendable {
        /// Nil when the endpoint was deleted after fan-out.
        package var recipient: Recipient?
        package var hook: HookVerdict
        /// Of other messages; a message never counts against itself.
        package var earlier: EarlierMessages
        /// Whom an SMS would come from, where that is known.
        package var sender: String?

        package init(
            _ recipient: Recipient?, hook: HookVerdict = .pass(HookChanges()),
            earlier: EarlierMessages = EarlierMessages(), sender: String? = nil
        ) {
            self.recipient = recipient
            self.hook = hook
            self.earlier = earlier
            self.sender = sender
        }
    }

    package struct Clock: Sendable {
        package var now: Instant
        /// The message reaches the provider at some moment of this, if it goes.
        package var handOver: ClosedRange<Instant> { now...now + Gate.startLimit + Gate.requestLimit }
        /// Seconds east of UTC, nil for what is no zone.
        package var offset: @Sendable (_ zone: String, _ instant: Instant) -> Int?

        package init(now: Instant, offset: @escaping @Sendable (String, Instant) -> Int?) {
            self.now = now
            self.offset = offset
        }
    }

    /// What this campaign and the law ask besides what holds for every message.
    package struct Rules: Sendable {
        package var campaign: RunRules
        package var hours: (any SendingHours)?

        package init(_ campaign: RunRules = RunRules(), hours: (any SendingHours)? = nil) {
            self.campaign = campaign
            self.hours = hours
        }
    }

    package static func decide(_ intent: Intent, _ person: Person, _ clock: Clock, _ rules: Rules) -> Verdict {
        if intent.runIsCancelled { return refuse(.suppressed, .cancelled) }
        if clock.now >= intent.expiresAt { return refuse(.expired, nil) }
        guard let recipient = person.recipient else { return refuse(.suppressed, .deleted) }
        if let reason = obstacle(to: intent, recipient, rules.campaign)
            ?? refusal(of: recipient, person.sender, rules.campaign)
        {
            return refuse(.suppressed, reason)
        }
        switch person.hook {
        case .pass: break
        case .filtered: return refuse(.suppressed, .hookFiltered)
        case .failed: return refuse(.suppressed, .hookFailure)
        case .unasked: return Verdict(.defer(until: clock.now), counts: false)
        }
        if let reason = person.earlier.exhausted(rules.campaign.caps) { return refuse(.suppressed, reason) }
        if let quiet = rules.campaign.quietTime, let zone = recipient.timezone,
            quiet.covers(clock.handOver, offset: { clock.offset(zone, $0) })
        {
            return Verdict(.refuse(.suppressed, .quietTime), counts: true)
        }
        if let hours = rules.hours, let opening = hours.opening(for: recipient, of: intent, clock) {
            return verdict(on: opening, of: intent)
        }
        return Verdict(.send, counts: true)
    }

    private static func verdict(on opening: LegalOpening, of intent: Intent) -> Verdict {
        var verdict = refuse(.expired, nil)
        if let instant = opening.at {
            // Counts when it goes: a cap is over messages that people get, and this one may come a day later.
            if instant < intent.expiresAt { verdict = Verdict(.defer(until: instant), counts: false) }
        } else {
            verdict = Verdict(.refuse(.suppressed, .quietTime), counts: true)
        }
        verdict.law = opening.rules
        return verdict
    }

    private static func refuse(_ state: TerminalState, _ reason: OutcomeReason?) -> Verdict {
        Verdict(.refuse(state, reason), counts: false)
    }

    /// What the endpoint's own state says; `Reachability` is the same in SQL.
    private static func obstacle(
        to intent: Intent, _ recipient: Recipient, _ rules: RunRules
    ) -> OutcomeReason? {
        if let reason = recipient.suppression, rules.answer?.passes(reason) != true { return .suppression(reason) }
        if recipient.optOut == "ALL", rules.answer == nil { return .optOut }
        if recipient.status != "ACTIVE" { return .inactive }
        guard let channel = recipient.channelType, intent.messageChannels.contains(channel) else {
            return .channelMismatch
        }
        if recipient.address?.isEmpty ?? true { return .missingAddress }
        return intent.channels.contains(channel) ? nil : .unsupportedChannel
    }

    /// What the person said about this sender, and about marketing. Depends on the message, so that no estimate knows it.
    private static func refusal(
        of recipient: Recipient, _ sender: String?, _ rules: RunRules
    ) -> OutcomeReason? {
        // A sender that is not known before the provider chooses it may be any of ours.
        if !recipient.refusedSenders.isEmpty, rules.answer != .keyword,
            sender.map({ recipient.refusedSenders.contains(FoldedAddress.fold($0, channel: "SMS")) }) ?? true
        {
            return .suppression(SuppressionReason.stop.rawValue)
        }
        return recipient.isUnderReview && rules.purpose == .marketing ? .underReview : nil
    }
}
