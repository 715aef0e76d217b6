package import Core
package import Model
package import Postgres
package import Queue

/// Paces messages: who may go has the gate's leave, and needs a token besides.
package protocol SendTokens: Sendable {
    /// In the transaction that opens the window. One answer per recipient, in order: nil when it has its token, otherwise when
    /// to ask again. At most one statement of a round trip or two: the caller may hold locks of people's rows.
    func take(for recipients: [Recipient], of plan: RunPlan, job: LeasedJob, at now: Instant, in session: Session)
        async throws -> [Instant?]
}
