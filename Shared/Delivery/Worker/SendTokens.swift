package import Core
package import Model
package import Postgres
package import Queue

/// Paces messages: who may go has the gate's leave, and needs a token besides.
package protocol SendTokens: Sendable {
    /// In the transaction that opens the window; nil when nothing limits these messages. At most a statement per kind of rate:
    /// the caller may hold locks of people's rows. Throws `NoTurn` when none of them may go now; the transaction must be undone.
    /// `isPaid`: the tokens of the run's rate were taken by a commit whose answer was lost.
    func take(
        for recipients: [Recipient], of plan: RunPlan, job: LeasedJob, at now: Instant, expiresAt: Instant,
        isPaid: Bool,
        in session: Session
    ) async throws -> SendTurns?
}

/// The whole window is too early; nothing of it may stand.
package struct NoTurn: Error {
    package init() {}
}

/// When each message of a window may go.
package struct SendTurns: Sendable, Equatable {
    package enum Turn: Sendable, Equatable {
        case now
        /// The slot is the message's own: it is not asked for again.
        case later(DomainSlots.Mark)
        /// There is no slot before it expires.
        case never
    }

    /// One per recipient, in order.
    package private(set) var turns: [Turn]
    /// When the job's next window may go, from now.
    package var next: Duration?

    package init(count: Int) {
        turns = Array(repeating: .now, count: count)
    }

    package var nowCount: Int { turns.reduce(0) { $0 + ($1 == .now ? 1 : 0) } }

    /// Gives the slots to the recipients at `places`. Waits end on the second, so that the messages of a domain and a second
    /// are one job.
    package mutating func wait(for slots: DomainSlots, at places: [Int], now: Instant, expiresAt: Instant) {
        for (number, place) in places.enumerated() {
            guard let start = slots.start(of: number), now + start < expiresAt else {
                turns[place] = .never
                continue
            }
            guard start > RateBucket.slack else { continue }
            let second = Instant(seconds: (now + start).seconds)
            turns[place] = .later(DomainSlots.Mark(domain: slots.domain, slot: max(second, now)))
        }
    }
}
