package import Core

/// One provider of an app's channel, with its secrets opened.
package struct StoredProvider: Sendable, Equatable {
    package var id: ProviderID
    /// As the operator calls it; unique in its channel.
    package var name: String
    /// `twilio`; one of `ProviderKinds`.
    package var kind: String
    /// Lower is tried first.
    package var rank: Int
    /// Share among providers of the same rank.
    package var weight: Int
    package var isEnabled: Bool
    package var settings: JSONObject
    package var secrets: JSONObject

    package init(
        id: ProviderID, name: String, kind: String, rank: Int = 1, weight: Int = 100, isEnabled: Bool = true,
        settings: JSONObject = [:], secrets: JSONObject = [:]
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.rank = rank
        self.weight = weight
        self.isEnabled = isEnabled
        self.settings = settings
        self.secrets = secrets
    }
}
