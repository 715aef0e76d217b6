import Core

/// What can be configured under one name (`twilio`), and how it becomes a provider of each channel it serves. Each provider's file
/// has one, listed in `ProviderKinds.all`.
package struct ProviderKind: Sendable {
    /// One field of `Settings` or `Secrets`.
    package struct Field: Sendable {
        package let name: String
        package let isRequired: Bool
        package let check: (@Sendable (String) -> String?)?

        /// `check`: what is wrong with a value ("must be a number"), or nil.
        package init(_ name: String, required: Bool = false, check: (@Sendable (String) -> String?)? = nil) {
            self.name = name
            isRequired = required
            self.check = check
        }
    }

    package typealias Maker<Message: OutgoingMessage> =
        @Sendable (ProviderSetup, ProviderTools) throws -> Provider<Message>

    package let name: String
    package let settings: [Field]
    package let secrets: [Field]
    package var email: Maker<OutgoingEmail>?
    package var sms: Maker<OutgoingSMS>?
    package var voice: Maker<OutgoingCall>?
    package var push: Maker<OutgoingPush>?
    /// Channel types that it serves: `["SMS"]`.
    package let channels: Set<String>
    /// Reads what it posts to `…/inbound/{provider}/…`.
    package var inbound: (@Sendable (ProviderSetup, ProviderTools) throws -> any InboundProvider)?

    /// Only brings what comes back; never a route of messages.
    var isInboundOnly: Bool { email == nil && sms == nil && voice == nil && push == nil && inbound != nil }

    package init(
        _ name: String, channels: Set<String>, settings: [Field] = [], secrets: [Field] = [],
        email: Maker<OutgoingEmail>? = nil, sms: Maker<OutgoingSMS>? = nil, voice: Maker<OutgoingCall>? = nil,
        push: Maker<OutgoingPush>? = nil,
        inbound: (@Sendable (ProviderSetup, ProviderTools) throws -> any InboundProvider)? = nil
    ) {
        self.name = name
        self.channels = channels
        self.settings = settings + [Field("Url", check: { URLForm.complaint($0) }), Self.timeout]
        self.secrets = secrets
        self.email = email
        self.sms = sms
        self.voice = voice
        self.push = push
        self.inbound = inbound
    }

    private static let timeout = Field("TimeoutSeconds") { text in
        Int(text).map { (1...60).contains($0) } == true ? nil : "must be seconds from 1 to 60"
    }
}

/// Every provider there is. A new one is one line here, one file beside it and one folder of fixtures.
package enum ProviderKinds {
    package static let all: [ProviderKind] = [
        AWSMessaging.kind,
        AWSVoice.kind,
        DevInboxProvider.kind,
        InboundMailbox.kind,
        Kannel.kind,
        Mailgun.kind,
        Postmark.kind,
        SendGrid.kind,
        SES.kind,
        SMTP.kind,
        Twilio.kind,
        TwilioCalls.kind,
        Vonage.kind,
        WebhookProvider.kind,
        WhatsApp.kind,
    ]

    package static func named(_ name: String) -> ProviderKind? { byName[name] }

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

enum URLForm {
    static func complaint(_ text: String) -> String? {
        text.hasPrefix("https://") || text.hasPrefix("http://") ? nil : "must be an http or https URL"
    }
}
