package import Core
package import Postgres

/// What a channel without a provider sent, as the development inbox keeps it.
package struct DevInboxMessage: Sendable {
    package var app: AppID
    package var channel: String
    package var sender: String?
    package var recipient: String
    /// As it would have left: a text, SSML, or the platform's JSON.
    package var body: String
    package var mediaURLs: [String]
    package var token: String

    package init(
        _ app: AppID, _ channel: String, _ sender: String?, to recipient: String, _ body: String, _ mediaURLs: [String],
        _ token: String
    ) {
        self.app = app
        self.channel = channel
        self.sender = sender
        self.recipient = recipient
        self.body = body
        self.mediaURLs = mediaURLs
        self.token = token
    }
}

extension DevInboxStore {
    /// A message that is in the inbox already, by its token, is not added again.
    package static func add(_ messages: [DevInboxMessage], in session: Session) async throws {
        let raw = messages.map { message in
            let media = message.mediaURLs.map { "\n\($0)" }.joined()
            return Array("\(message.body)\(media)".utf8)
        }
        _ = try await session.query(
            """
            INSERT INTO dev_inbox (channel, sender, recipient, subject, message_id, raw)
            SELECT m.channel, m.sender, m.recipient, m.subject, m.token, decode(m.raw, 'hex')
              FROM unnest(\(messages.map(\.channel)), \(messages.map { $0.sender ?? "" }), \(messages.map(\.recipient)),
                          \(messages.map { String($0.body.prefix(80)) }), \(messages.map(\.token)),
                          \(raw.map { Hex.lowercase($0) })) AS m (channel, sender, recipient, subject, token, raw)
             WHERE NOT EXISTS (
                   SELECT FROM dev_inbox d WHERE d.recipient = m.recipient AND d.message_id = m.token)
            """)
    }
}
