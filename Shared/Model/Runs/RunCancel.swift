package import Core
package import Postgres

/// Ends a run before its messages do. What was not handed over by then ends as `suppressed(CANCELLED)`; people who were not
/// fanned out yet are not planned any more.
package enum RunCancel {
    package enum Answer: Sendable, Equatable {
        /// Now, or before.
        case cancelled
        /// Every recipient has an outcome already.
        case completed
        /// The campaign has no such run.
        case unknown
    }

    /// The campaign goes on to its next occurrence, if it has one.
    package static func cancel(_ key: RunKey, now: Instant, in session: Session) async throws -> Answer {
        // The campaign first, as everybody who locks both (CampaignStore).
        try await session.execute("SELECT 1 FROM campaigns WHERE app = \(key.app) AND id = \(key.campaign) FOR UPDATE")
        let rows = try await session.query(
            """
            SELECT state FROM runs WHERE app = \(key.app) AND id = \(key.run) AND campaign = \(key.campaign) FOR UPDATE
            """
        )
        guard let state: String = try rows.first?.get(0) else { return .unknown }
        if state == "COMPLETED" { return .completed }
        if state == "CANCELLED" { return .cancelled }
        try await session.execute(
            "UPDATE runs SET state = 'CANCELLED', ended_at = \(now) WHERE app = \(key.app) AND id = \(key.run)")
        try await session.execute(RunProgress.restCampaign(key))
        return .cancelled
    }
}
