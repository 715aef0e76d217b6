package import Core
package import PinpointAPI
package import Postgres

/// An app's e-mail channel as the API shows it.
package struct StoredEmailChannel: Sendable {
    package static let type = "EMAIL"

    package var app: AppID
    /// Without `Enabled`, which has a column of its own.
    package var configuration: EmailChannelRequest
    package var isEnabled: Bool
    package var version: Int
    package var createdAt: Instant
    package var modifiedAt: Instant

    /// `MessagesPerSecond` is left out: there is no quota of a provider's to report.
    package func response() -> EmailChannelResponse {
        EmailChannelResponse(
            applicationId: app.description,
            configurationSet: configuration.configurationSet,
            creationDate: createdAt.description,
            enabled: isEnabled,
            fromAddress: configuration.fromAddress,
            hasCredential: false,
            id: "email",
            identity: configuration.identity,
            isArchived: false,
            lastModifiedDate: modifiedAt.description,
            platform: Self.type,
            roleArn: configuration.roleArn,
            orchestrationSendingRoleArn: configuration.orchestrationSendingRoleArn,
            version: version,
            needletail: configuration.needletail
        )
    }

    /// As GetChannels shows it.
    package var summary: ChannelResponse {
        ChannelResponse(
            applicationId: app.description,
            creationDate: createdAt.description,
            enabled: isEnabled,
            hasCredential: false,
            id: "email",
            isArchived: false,
            lastModifiedDate: modifiedAt.description,
            version: version
        )
    }
}

/// The table `channels`: at most one row of a type per app. A deleted channel is as if it had never been, except that its
/// version number goes on.
package enum ChannelStore {
    package static func email(_ app: AppID, in session: Session) async throws -> StoredEmailChannel? {
        let rows = try await session.query(
            """
            SELECT configuration, enabled, version, created_at, modified_at
              FROM channels
             WHERE app = \(app) AND type = \(StoredEmailChannel.type) AND deleted_at IS NULL
            """
        )
        return try rows.first.map { try email($0, of: app) }
    }

    /// Creates the channel or replaces its configuration as a whole, except that extensions which are left out are unchanged.
    /// A channel is enabled unless the request says otherwise.
    package static func updateEmail(
        _ app: AppID, _ request: EmailChannelRequest, now: Instant, in session: Session
    ) async throws -> StoredEmailChannel {
        var configuration = request
        configuration.enabled = nil
        let rows = try await session.query(
            """
            INSERT INTO channels AS c (app, type, configuration, enabled, created_at, modified_at)
            VALUES (\(app), \(StoredEmailChannel.type), \(SQLBind.jsonb(configuration.json.serialized)),
                    \(request.enabled ?? true), \(now), \(now))
            ON CONFLICT (app, type) DO UPDATE
               SET configuration = CASE WHEN c.deleted_at IS NULL AND c.configuration ? 'Needletail'
                       THEN excluded.configuration || jsonb_build_object('Needletail',
                           (c.configuration->'Needletail') || coalesce(excluded.configuration->'Needletail', '{}'))
                       ELSE excluded.configuration END,
                   enabled = excluded.enabled, version = c.version + 1,
                   created_at = CASE WHEN c.deleted_at IS NULL THEN c.created_at ELSE excluded.created_at END,
                   modified_at = excluded.modified_at, deleted_at = NULL
            RETURNING configuration, enabled, version, created_at, modified_at
            """
        )
        guard let row = rows.first else { throw Fault(.integrity, "The channel was not stored") }
        return try email(row, of: app)
    }

    /// What limits how fast the app's mail goes to a domain; nil when nothing does.
    package static func domainRates(_ app: AppID, in session: Session) async throws -> DomainRates? {
        let rows = try await session.query(
            """
            SELECT configuration->'Needletail'->\(DomainRates.member)
              FROM channels
             WHERE app = \(app) AND type = \(StoredEmailChannel.type) AND deleted_at IS NULL
            """
        )
        let stored: JSON? = try rows.first?.get(0)
        return DomainRates(stored: stored)
    }

    /// What was deleted; nil when there was nothing.
    package static func deleteEmail(
        _ app: AppID, now: Instant, in session: Session
    ) async throws -> StoredEmailChannel? {
        let rows = try await session.query(
            """
            UPDATE channels
               SET deleted_at = \(now)
             WHERE app = \(app) AND type = \(StoredEmailChannel.type) AND deleted_at IS NULL
            RETURNING configuration, enabled, version, created_at, modified_at
            """
        )
        return try rows.first.map { try email($0, of: app) }
    }

    private static func email(_ row: Row, of app: AppID) throws -> StoredEmailChannel {
        let configuration: EmailChannelRequest
        do {
            configuration = try EmailChannelRequest(json: try row.get(0), at: .root)
        } catch let error as APIError {
            throw Fault(.integrity, "The stored e-mail channel of app \(app) is not valid", cause: error)
        }
        return StoredEmailChannel(
            app: app, configuration: configuration, isEnabled: try row.get(1), version: try row.get(2),
            createdAt: try row.get(3), modifiedAt: try row.get(4))
    }
}
