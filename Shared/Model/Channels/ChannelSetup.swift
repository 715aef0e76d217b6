package import Core
package import Crypto
package import Postgres

/// What a delivery worker knows of an app's channel: whether it is on, Pinpoint's own fields of it, and its providers.
package struct ChannelSetup: Sendable, Equatable {
    /// No row: as if disabled, but for channels that have no operation of their own (`PUSH`, `CUSTOM`, `IN_APP`).
    package var isEnabled: Bool
    /// The request as stored, and its secret members opened, in one.
    package var configuration: JSONObject
    package var providers: [StoredProvider]

    package init(isEnabled: Bool, configuration: JSONObject = [:], providers: [StoredProvider] = []) {
        self.isEnabled = isEnabled
        self.configuration = configuration
        self.providers = providers
    }

    /// Channel types without a channel operation: there is nothing to enable.
    private static let alwaysOn: Set<String> = ["PUSH", "CUSTOM", "IN_APP"]

    package static func load(
        _ app: AppID, type: String, key: MasterKey, in session: Session
    ) async throws -> ChannelSetup {
        let rows = try await session.query(
            """
            SELECT configuration, secrets, enabled
              FROM channels
             WHERE app = \(app) AND type = \(type) AND deleted_at IS NULL
            """)
        let providers = try await ProviderStore.list(app, channel: type, key: key, in: session)
        guard let row = rows.first else {
            return ChannelSetup(isEnabled: alwaysOn.contains(type), providers: providers.filter(\.isEnabled))
        }
        let stored: JSON = try row.get(0)
        var configuration = stored.object ?? [:]
        if let sealed: [UInt8] = try row.get(1) {
            let secrets = try JSON.parse(key.open(sealed, at: secretsPlace(app, type))).object ?? [:]
            configuration = SealedMembers.merge(secrets, into: configuration)
        }
        return ChannelSetup(
            isEnabled: try row.get(2), configuration: configuration, providers: providers.filter(\.isEnabled))
    }

    /// Where `channels.secrets` is sealed.
    package static func secretsPlace(_ app: AppID, _ type: String) -> SealedPlace {
        SealedPlace(table: "channels", column: "secrets", account: app.description, id: type)
    }
}
