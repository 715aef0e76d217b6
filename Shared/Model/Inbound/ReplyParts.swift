import Core
import Crypto
import Postgres

/// The table `inbound_parts`: pieces of long messages, each a call of its own, in any order.
enum ReplyParts {
    /// A carrier uses its marks again: pieces further apart are of two messages.
    private static let window: Duration = .seconds(3600)
    static let keptFor: Duration = .seconds(86_400)

    /// The message, when this was its last piece; whole replies are that at once. Whoever adds a piece of one message beside another
    /// waits for the other.
    static func add(
        _ reply: Reply, from event: IncomingEvent, at now: Instant, in session: Session
    ) async throws -> Reply? {
        guard let part = reply.part, part.total > 1, part.total <= Reply.partsLimit else { return reply }
        let mark = "\(reply.from)\n\(reply.to)\n\(part.group)\n\(part.total)"
        let key = Array(SHA256.hash(Array(mark.utf8)).prefix(16))
        let results = try await session.batch([
            AppLock.take([AppLock.key(event.app, "parts/\(Hex.lowercase(key))")]),
            """
            INSERT INTO inbound_parts (app, provider, key, number, reply, at)
            VALUES (\(event.app), \(event.provider), \(SQLBind.bytes(key)), \(Int16(clamping: part.number)),
                    \(SQLBind.jsonb(InboundEvent.reply(reply).json.serialized)), \(now))
            ON CONFLICT (app, provider, key, number) DO UPDATE SET reply = excluded.reply, at = excluded.at
            """,
            """
            SELECT reply
              FROM inbound_parts
             WHERE app = \(event.app) AND provider = \(event.provider) AND key = \(SQLBind.bytes(key))
               AND at >= \(now - window)
            """,
        ])
        let pieces = try results[2].compactMap { row -> Reply? in
            guard case .reply(let piece) = try InboundEvent(json: try row.get(0)) else { return nil }
            return piece
        }
        guard let whole = Reply.joined(pieces) else { return nil }
        try await session.execute(
            """
            DELETE FROM inbound_parts
             WHERE app = \(event.app) AND provider = \(event.provider) AND key = \(SQLBind.bytes(key))
            """)
        return whole
    }
}
