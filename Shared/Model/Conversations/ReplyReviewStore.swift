package import Core
package import Postgres

/// The table `reply_reviews`: sentences with a word for stopping, until somebody has looked.
package enum ReplyReviewStore {
    package enum Decision: String, Sendable, CaseIterable {
        case optOut = "OPT_OUT"
        /// It was about something else.
        case keep = "KEEP"
    }

    package static func open(
        _ app: AppID, _ conversation: Conversation, message: Int64, now: Instant, in session: Session
    ) async throws {
        try await session.execute(
            """
            INSERT INTO reply_reviews (app, conversation, message, address_hash, opened_at)
            VALUES (\(app), \(conversation.id), \(message), \(SQLBind.bytes(conversation.addressHash)), \(now))
            ON CONFLICT DO NOTHING
            """)
    }

    /// All that wait of a conversation, as one decision; how many there were.
    package static func decide(
        _ app: AppID, _ conversation: ConversationID, _ decision: Decision, by decider: String?, now: Instant,
        in session: Session
    ) async throws -> Int {
        try await session.execute(
            """
            UPDATE reply_reviews
               SET decided_at = \(now), decision = \(decision.rawValue), decided_by = \(decider)
             WHERE app = \(app) AND conversation = \(conversation) AND decided_at IS NULL
            """)
    }
}
