package import Core
package import Postgres

/// A message that the development inbox caught.
package struct DevInboxEntry: Sendable {
    package var id: Int64
    package var channel: String
    package var sender: String
    package var recipient: String
    package var subject: String?
    package var messageID: String?
    /// Real time.
    package var receivedAt: Instant

    package var json: JSONObject {
        var object: JSONObject = [
            "id": .integer(id), "channel": .string(channel), "sender": .string(sender), "recipient": .string(recipient),
        ]
        object["subject"] = subject.map { .string($0) }
        object["message_id"] = messageID.map { .string($0) }
        object["received_at"] = .string(receivedAt.description)
        return object
    }
}

/// The table `dev_inbox`: what was sent while developing, of every app and channel.
package enum DevInboxStore {
    /// Newest first. `recipient` as it was given to the server, in full.
    package static func list(
        recipient: String?, before: Int64?, limit: Int, in session: Session
    ) async throws -> [DevInboxEntry] {
        let to: SQL = recipient.map { "AND recipient = \($0)" } ?? .empty
        let start: SQL = before.map { "AND id < \($0)" } ?? .empty
        let rows = try await session.query(
            """
            SELECT id, channel, sender, recipient, subject, message_id, received_at
              FROM dev_inbox
             WHERE true \(to) \(start)
             ORDER BY id DESC
             LIMIT \(limit)
            """
        )
        return try rows.map(entry)
    }

    package static func find(_ id: Int64, in session: Session) async throws -> (entry: DevInboxEntry, raw: [UInt8])? {
        let rows = try await session.query(
            """
            SELECT id, channel, sender, recipient, subject, message_id, received_at, raw
              FROM dev_inbox
             WHERE id = \(id)
            """
        )
        return try rows.first.map { (try entry($0), try $0.get(7)) }
    }

    /// Empties the inbox; ids go on.
    package static func clear(in session: Session) async throws {
        try await session.execute("TRUNCATE dev_inbox")
    }

    private static func entry(_ row: Row) throws(SQLFault) -> DevInboxEntry {
        DevInboxEntry(
            id: try row.get(0), channel: try row.get(1), sender: try row.get(2), recipient: try row.get(3),
            subject: try row.get(4), messageID: try row.get(5), receivedAt: try row.get(6))
    }
}
