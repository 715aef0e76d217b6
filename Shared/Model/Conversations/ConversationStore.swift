package import Core
package import Postgres

/// The tables `conversations` and `conversation_messages`.
package enum ConversationStore {
    /// Of one message; the rest of a longer one is cut.
    package static let bodyCharacters = 10_000
    package static let mediaPerMessage = 10

    private static let columns: SQL = """
        c.id, c.channel, c.address_hash, c.address, c.our_address, c.state, c.assignee, c.endpoint_id, c.confirmed_at,
        c.created_at, c.modified_at,
        EXISTS (SELECT FROM reply_reviews r
                 WHERE r.app = c.app AND r.address_hash = c.address_hash AND r.decided_at IS NULL AND c.channel = 'SMS')
        """

    /// The conversation that a message belongs to, locked until the transaction ends; made where there is none. A message opens a
    /// closed one again, and moves it to the address that was written to.
    package static func receive(
        _ app: AppID, channel: String, hash: [UInt8], from address: String, to ourAddress: String,
        newID: ConversationID, now: Instant, in session: Session
    ) async throws -> Conversation {
        let rows = try await session.query(
            """
            INSERT INTO conversations AS c (app, id, channel, address_hash, address, our_address, state, created_at, modified_at)
            VALUES (\(app), \(newID), \(channel), \(SQLBind.bytes(hash)), \(address), \(ourAddress), 'OPEN', \(now), \(now))
            ON CONFLICT (app, channel, address_hash) DO UPDATE
               SET address = excluded.address, our_address = excluded.our_address, modified_at = excluded.modified_at,
                   state = CASE c.state WHEN 'CLOSED' THEN 'OPEN' ELSE c.state END
            RETURNING \(columns)
            """)
        guard let row = rows.first else { throw Fault(.integrity, "a conversation was not stored") }
        return try conversation(row)
    }

    package static func find(
        _ app: AppID, _ id: ConversationID, isLocking: Bool = false, in session: Session
    ) async throws -> Conversation? {
        let lock: SQL = isLocking ? "FOR UPDATE" : .empty
        let rows = try await session.query(
            "SELECT \(columns) FROM conversations c WHERE c.app = \(app) AND c.id = \(id) \(lock)")
        return try rows.first.map(conversation)
    }

    package struct Filter: Sendable {
        package var state: Conversation.State?
        package var channel: String?
        package var assignee: String?
        package var hash: [UInt8]?
        package var isUnderReview = false

        package init() {}
    }

    /// Latest first; `before` is where the last page ended.
    package static func list(
        _ app: AppID, _ filter: Filter, before: (at: Instant, id: ConversationID)?, limit: Int, in session: Session
    ) async throws -> [Conversation] {
        var condition: SQL = .empty
        if let state = filter.state { condition = condition + " AND c.state = \(state.rawValue)" }
        if let channel = filter.channel { condition = condition + " AND c.channel = \(channel)" }
        if let assignee = filter.assignee { condition = condition + " AND c.assignee = \(assignee)" }
        if let hash = filter.hash { condition = condition + " AND c.address_hash = \(SQLBind.bytes(hash))" }
        if filter.isUnderReview {
            condition =
                condition + """
                     AND c.channel = 'SMS' AND EXISTS (
                        SELECT FROM reply_reviews r
                         WHERE r.app = c.app AND r.address_hash = c.address_hash AND r.decided_at IS NULL)
                    """
        }
        if let before { condition = condition + " AND (c.modified_at, c.id) < (\(before.at), \(before.id))" }
        let rows = try await session.query(
            """
            SELECT \(columns)
              FROM conversations c
             WHERE c.app = \(app) \(condition)
             ORDER BY c.modified_at DESC, c.id DESC
             LIMIT \(limit)
            """)
        return try rows.map(conversation)
    }

    /// Stores what may be changed: state, assignee, endpoint, last confirmation.
    package static func update(
        _ app: AppID, _ conversation: Conversation, now: Instant, in session: Session
    ) async throws {
        try await session.execute(
            """
            UPDATE conversations
               SET state = \(conversation.state.rawValue), assignee = \(conversation.assignee),
                   endpoint_id = \(conversation.endpointID), confirmed_at = \(conversation.confirmedAt),
                   modified_at = \(now)
             WHERE app = \(app) AND id = \(conversation.id)
            """)
    }

    private static func conversation(_ row: Row) throws -> Conversation {
        let endpoint: String? = try row.get(7)
        return Conversation(
            id: try row.get(0), channel: try row.get(1), addressHash: try row.get(2), address: try row.get(3),
            ourAddress: try row.get(4), state: Conversation.State(rawValue: try row.get(5)) ?? .handedOver,
            assignee: try row.get(6), endpointID: endpoint.map { EndpointID($0) }, confirmedAt: try row.get(8),
            createdAt: try row.get(9), modifiedAt: try row.get(10), isUnderReview: try row.get(11))
    }

    // MARK: Messages

    /// Returns its number within the table.
    @discardableResult
    package static func add(
        _ message: ConversationMessage, to conversation: ConversationID, of app: AppID, in session: Session
    ) async throws -> Int64 {
        let body = String(message.body.unicodeScalars.prefix(bodyCharacters).filter { $0.value != 0 })
        let rows = try await session.query(
            """
            INSERT INTO conversation_messages (app, conversation, is_inbound, author, body, subject, message_id, media, run, at)
            VALUES (\(app), \(conversation), \(message.isInbound), \(message.author.rawValue), \(body), \(message.subject),
                    \(message.messageID), \(Array(message.mediaURLs.prefix(mediaPerMessage))), \(message.run), \(message.at))
            RETURNING id
            """)
        guard let row = rows.first else { throw Fault(.integrity, "a message was not stored") }
        return try row.get(0)
    }

    /// Latest first, before the message `before`.
    package static func messages(
        of conversation: ConversationID, _ app: AppID, before: Int64?, limit: Int, in session: Session
    ) async throws -> [ConversationMessage] {
        let start: SQL = before.map { "AND id < \($0)" } ?? .empty
        let rows = try await session.query(
            """
            SELECT id, author, body, subject, message_id, media, run, at
              FROM conversation_messages
             WHERE app = \(app) AND conversation = \(conversation) \(start)
             ORDER BY id DESC
             LIMIT \(limit)
            """)
        return try rows.map(message)
    }

    package static func message(
        _ id: Int64, of conversation: ConversationID, _ app: AppID, in session: Session
    ) async throws -> ConversationMessage? {
        let rows = try await session.query(
            """
            SELECT id, author, body, subject, message_id, media, run, at
              FROM conversation_messages
             WHERE app = \(app) AND conversation = \(conversation) AND id = \(id)
            """)
        return try rows.first.map(message)
    }

    private static func message(_ row: Row) throws -> ConversationMessage {
        ConversationMessage(
            id: try row.get(0), author: ConversationMessage.Author(rawValue: try row.get(1)) ?? .operator,
            body: try row.get(2), subject: try row.get(3), messageID: try row.get(4), mediaURLs: try row.get(5),
            run: try row.get(6), at: try row.get(7))
    }

    /// Where the books of an answer are.
    package static func setRun(
        _ run: RunID, of message: Int64, in conversation: ConversationID, _ app: AppID, in session: Session
    ) async throws {
        try await session.execute(
            """
            UPDATE conversation_messages SET run = \(run)
             WHERE app = \(app) AND conversation = \(conversation) AND id = \(message)
            """)
    }

    /// How many answers that no person wrote have gone into it since `start`.
    package static func automaticAnswers(
        to conversation: ConversationID, of app: AppID, since start: Instant, in session: Session
    ) async throws -> Int {
        let authors = ConversationMessage.Author.automatic.map(\.rawValue)
        let rows = try await session.query(
            """
            SELECT count(*) FROM (
                SELECT author FROM conversation_messages
                 WHERE app = \(app) AND conversation = \(conversation) AND at > \(start)
                 ORDER BY id DESC LIMIT 500) AS m
             WHERE m.author = ANY (\(authors))
            """)
        return try rows.first?.get(0) ?? 0
    }

    /// Everything of the addresses' conversations, for those who are erased or deleted. Runs after their endpoints' rows are gone: an
    /// address that somebody else has keeps its conversation.
    static func erase(_ app: AppID, _ addresses: [(channel: String, hash: [UInt8])]) -> [SQL] {
        let theirs: SQL = """
            app = \(app)
               AND (channel, address_hash) IN (
                   SELECT w.channel, w.hash
                     FROM unnest(\(addresses.map(\.channel)), \(SQLBind.bytesArray(addresses.map(\.hash)))) AS w (channel, hash)
                    WHERE NOT EXISTS (SELECT FROM endpoints e WHERE e.app = \(app) AND e.address_hash = w.hash))
            """
        let parts: [SQL] = ["conversation_messages", "survey_sessions", "reply_reviews"]
        let ends: [SQL] = parts.map { table in
            """
            DELETE FROM \(table)
             WHERE app = \(app) AND conversation IN (SELECT id FROM conversations WHERE \(theirs))
            """
        }
        return ends + ["DELETE FROM conversations WHERE \(theirs)"]
    }
}
