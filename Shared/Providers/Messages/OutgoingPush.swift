package import Core

/// One notification ready to be handed to a provider.
package struct OutgoingPush: OutgoingMessage {
    /// The device's token, or a web push subscription as JSON.
    package var address: String
    /// The channel type: `GCM`, `APNS`, `APNS_SANDBOX`, `APNS_VOIP`, `APNS_VOIP_SANDBOX`, `ADM`, `BAIDU`, `PUSH`.
    package var channelType: String
    /// A JSON object: what the platform's API takes as the message, from `RawContent` or made by `PushPayload`.
    package var payload: [UInt8]
    /// Seconds the provider may keep it; nil: the provider's own default.
    package var timeToLive: Int?
    /// `normal` or `high`
    package var priority: String?
    package var collapseKey: String?
    /// Apple's `apns-push-type`: alert, background, voip …
    package var pushType: String?
    /// When the endpoint got the address: an older "unregistered" says nothing about it.
    package var addressSince: Instant?
    package var token: String
    /// Called when the provider says under which address it knows the device from now on.
    package var addressHasChanged: (@Sendable (_ address: String) -> Void)?

    package init(
        address: String, channelType: String, payload: [UInt8], timeToLive: Int? = nil, priority: String? = nil,
        collapseKey: String? = nil, pushType: String? = nil, addressSince: Instant? = nil, token: String
    ) {
        self.address = address
        self.channelType = channelType
        self.payload = payload
        self.timeToLive = timeToLive
        self.priority = priority
        self.collapseKey = collapseKey
        self.pushType = pushType
        self.addressSince = addressSince
        self.token = token
    }
}
