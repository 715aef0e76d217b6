package import Core
package import PinpointAPI
package import Postgres

/// What planning an e-mail needs of the app's channel.
package struct StoredEmailChannel: Sendable {
    package static let type = "EMAIL"

    package var configuration: EmailChannelRequest
    package var isEnabled: Bool

    /// Nil when it was never configured, or was deleted.
    package static func load(_ app: AppID, in session: Session) async throws -> StoredEmailChannel? {
        let rows = try await session.query(
            """
            SELECT configuration, enabled
              FROM channels
             WHERE app = \(app) AND type = \(type) AND deleted_at IS NULL
            """)
        guard let row = rows.first else { return nil }
        do {
            return StoredEmailChannel(
                configuration: try EmailChannelRequest(json: try row.get(0), at: .root), isEnabled: try row.get(1))
        } catch let error as APIError {
            throw Fault(.integrity, "The stored e-mail channel of app \(app) is not valid", cause: error)
        }
    }
}
