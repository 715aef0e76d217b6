package import Core
package import Model

/// The customer's own webhook: a provider of the channel CUSTOM that says how its messages are signed, and what the receiver promises.
/// Where they go is each campaign's own: `CustomDeliveryConfiguration.DeliveryUri`.
package enum WebhookProvider {
    package static let name = "webhook"
    package static let channelType = "CUSTOM"

    /// `Idempotent`: the receiver keeps every `webhook-id` for as long as a run lasts, and takes none twice. `PreviousSecret` is
    /// signed with too while receivers change over.
    static let kind = ProviderKind(
        name, channels: [channelType],
        settings: [.init("Idempotent", check: { isWord($0) ? nil : "must be true or false" })],
        secrets: [
            .init("Secret", check: { WebhookSignature.complaint($0) }),
            .init("PreviousSecret", check: { WebhookSignature.complaint($0) }),
        ])

    private static func isWord(_ text: String) -> Bool { text == "true" || text == "false" }

    package static func isIdempotent(_ settings: JSONObject) -> Bool {
        settings["Idempotent"]?.bool == true || settings["Idempotent"]?.string == "true"
    }

    /// Of the app's providers of the channel, the one that counts: the first that is on.
    package static func chosen(of providers: [StoredProvider]) -> StoredProvider? {
        providers.first { $0.kind == name && $0.isEnabled }
    }

    package static func signature(_ provider: StoredProvider?) -> WebhookSignature {
        let secrets = ["Secret", "PreviousSecret"].compactMap { provider?.secrets[$0]?.string }
        return WebhookSignature(secrets: secrets)
    }
}
