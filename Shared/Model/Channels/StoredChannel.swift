package import Core
package import PinpointAPI

/// An app's channel of one type as the API shows it.
package struct StoredChannel: Sendable {
    package var app: AppID
    /// `APNS_SANDBOX`
    package var type: String
    /// The request without `Enabled`, which has a column of its own, and without its secret members.
    package var configuration: JSONObject
    /// The secret members, opened.
    package var secrets: JSONObject
    package var isEnabled: Bool
    package var version: Int
    package var createdAt: Instant
    package var modifiedAt: Instant

    /// As its own path has it: `apns_sandbox`.
    package var id: String { type.lowercased() }

    package var hasCredential: Bool { secrets.members.contains { $0.value.string != nil } }

    /// As GetChannels shows it.
    package var summary: ChannelResponse {
        ChannelResponse(
            applicationId: app.description,
            creationDate: createdAt.description,
            enabled: isEnabled,
            hasCredential: hasCredential,
            id: id,
            isArchived: false,
            lastModifiedDate: modifiedAt.description,
            version: version
        )
    }
}
