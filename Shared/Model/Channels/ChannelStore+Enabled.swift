package import Core
package import Postgres

extension ChannelStore {
    /// Whether the app has the channel, and it is on.
    package static func isEnabled(_ type: String, of app: AppID, in session: Session) async throws -> Bool {
        let rows = try await session.query(
            "SELECT 1 FROM channels WHERE app = \(app) AND type = \(type) AND enabled AND deleted_at IS NULL")
        return !rows.isEmpty
    }
}
