package import Core

/// One validated write to one endpoint: what it changes, everything else stays.
///
/// Composed with what is stored (and with earlier writes of the same group commit) by `EndpointPlan`.
package struct EndpointWrite: Sendable {
    /// What the write may do when the endpoint does not exist yet.
    package enum Creation: Sendable {
        /// UpdateEndpoint, UpdateEndpointsBatch: an endpoint is born with an address, or the write is refused.
        case needsAddress
        /// PutEvents: an endpoint may exist for analytics only.
        case withoutAddress
    }

    package let app: AppID
    package let id: EndpointID
    package let identity: EndpointIdentity
    package let creation: Creation

    package var channelType: String?
    /// Never empty.
    package var address: String?
    package var optOut: String?
    /// Given by the client, else ACTIVE: a write revives an endpoint.
    package var status: String
    package var userID: String?
    /// The client named no user, but attributes of one: the endpoint's own is meant. `userID` is filled in at the commit.
    package var keepsUser = false
    package var requestID: String?
    package var effectiveAt: Instant

    /// Members replace the stored ones of the same name; a null removes.
    package var attributes: JSONObject
    package var metrics: JSONObject
    package var demographic: JSONObject
    package var location: JSONObject
    /// Of all texts in it.
    var textBytes = 0
    /// Of the user, not of the endpoint.
    package var userAttributes: JSONObject

    package init(
        app: AppID, id: EndpointID, creation: Creation, effectiveAt: Instant, status: String = "ACTIVE"
    ) {
        self.app = app
        self.id = id
        self.identity = EndpointIdentity(app: app, id: id)
        self.creation = creation
        self.effectiveAt = effectiveAt
        self.status = status
        attributes = JSONObject()
        metrics = JSONObject()
        demographic = JSONObject()
        location = JSONObject()
        userAttributes = JSONObject()
    }
}

/// Pinpoint's quotas for one endpoint.
package enum EndpointLimits {
    /// All of a write's texts together, and of the endpoint once merged.
    package static let bytes = 15 << 10
    /// Names over attributes, metrics and user attributes of one endpoint; of the whole app there are as many
    /// (`AttributeLimits`), but a name that was removed from the app stays on endpoints that have it.
    package static let names = 250
    /// Index rows end at 2,700 bytes.
    package static let userIDBytes = 2000
    /// Of a demographic or a place.
    package static let textCharacters = 200
}
