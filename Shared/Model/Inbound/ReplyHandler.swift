package import Core
package import Postgres
package import Queue

/// What becomes of people's messages. Given each of them once: the transaction that `session` is in also marks the message as done,
/// so that neither stands without the other.
package protocol ReplyHandler: Sendable {
    /// Inside a transaction: no network call; whatever is to be sent or asked is a job, enqueued in `session`. Throwing undoes the
    /// message's transaction; it is tried again, and kept with its error when that does not help.
    func handle(_ reply: Reply, from origin: ReplyOrigin, in session: Session) async throws -> ReplyOutcome
}

/// Where a reply came in, and what is known of the message that it answers.
package struct ReplyOrigin: Sendable {
    package let app: AppID
    /// All zero: put in by the development inbox.
    package let provider: ProviderID
    /// The channel type that the provider was configured for: `SMS`, `EMAIL`.
    package let channel: String
    /// Found by the reference in the reply, or by the provider's id of our message; always of `app`.
    package let send: SendReference?
    /// Campaign of `send`.
    package let campaign: CampaignID?
    /// Business time.
    package let now: Instant

    package init(
        app: AppID, provider: ProviderID, channel: String, send: SendReference? = nil, campaign: CampaignID? = nil,
        now: Instant
    ) {
        self.app = app
        self.provider = provider
        self.channel = channel
        self.send = send
        self.campaign = campaign
        self.now = now
    }
}

/// What was done with a reply, as far as others go on from there.
package struct ReplyOutcome: Sendable, Equatable {
    /// `messageKeyword` of the payload that is passed on: the keyword that was recognised; nil: the first word.
    package var keyword: String?
    /// Whether the customer's webhook or topic gets it (Pinpoint: not what an opt-out keyword handled, unless the number is
    /// self-managed).
    package var isPassedOn: Bool
    /// Queues that have got work: they are told after the commit.
    package var queues: Set<JobQueue>

    package init(keyword: String? = nil, isPassedOn: Bool = true, queues: Set<JobQueue> = []) {
        self.keyword = keyword
        self.isPassedOn = isPassedOn
        self.queues = queues
    }
}
