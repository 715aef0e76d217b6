package import Core
package import Model

/// What a provider is made from: its own settings and, for those that Pinpoint's channel API configures, the channel's.
package struct ProviderSetup: Sendable {
    package let app: AppID
    /// `EMAIL`, `SMS`, `APNS` …
    package let channelType: String
    package let provider: StoredProvider
    /// The channel's own fields as its API takes them: `SenderId`, `BundleId` …, and the secret ones: `TokenKey`, `ServiceJson` ….
    package let channel: JSONObject
    /// Without a slash at the end: `https://n.example.com`.
    package let publicURL: String

    package init(
        app: AppID, channelType: String, provider: StoredProvider, channel: JSONObject = [:], publicURL: String
    ) {
        self.app = app
        self.channelType = channelType
        self.provider = provider
        self.channel = channel
        self.publicURL = publicURL
    }

    /// Where the provider reports to and brings replies: `…/inbound/{provider}/{what}`.
    package func inboundURL(_ what: String) -> String { "\(publicURL)/inbound/\(provider.id)/\(what)" }

    /// A setting or secret by name; `channel`'s field of that name where the provider has none of its own.
    package func text(_ name: String) -> String? {
        let text = provider.settings[name]?.string ?? provider.secrets[name]?.string ?? channel[name]?.string
        return text?.isEmpty == false ? text : nil
    }

    /// As `text`; throws `configuration` naming the field.
    package func required(_ name: String) throws(Fault) -> String {
        guard let text = text(name) else {
            throw Fault(.configuration, "provider \(provider.name) of channel \(channelType) has no \(name)")
        }
        return text
    }

    /// The setting `Url`, for a peer that is not the provider's own: without a slash at the end.
    package func url(or standard: String) -> String {
        var url = text("Url") ?? standard
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// The setting `TimeoutSeconds`: how long one request may take before it is in doubt; nil for the standard.
    package var timeout: Duration? { text("TimeoutSeconds").flatMap { Int($0) }.map { .seconds($0) } }

    /// Whether the provider can call us: not its own service on the internet while we are on a loopback address.
    package var isReachable: Bool {
        if text("Url") != nil { return true }
        return !["://127.", "://localhost", "://[::1]"].contains { mark in
            publicURL.utf8.count >= mark.utf8.count && publicURL.split(separator: mark, maxSplits: 1).count == 2
        }
    }
}
