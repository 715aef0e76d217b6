package import Core

/// The kinds of channels that laws tell apart.
package enum Medium: String, Sendable, CaseIterable {
    case email = "EMAIL"
    case sms = "SMS"
    case voice = "VOICE"
    case push = "PUSH"
    case custom = "CUSTOM"

    /// Nil for a channel that sends nothing: an in-app message is seen by who opens the app.
    package init?(channelType: String) {
        switch channelType {
        case "EMAIL": self = .email
        case "SMS": self = .sms
        case "VOICE": self = .voice
        case "CUSTOM": self = .custom
        case "GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "ADM", "BAIDU", "PUSH": self = .push
        case _: return nil
        }
    }
}

/// One row of `ops/data/quiet-hours.tsv`.
package struct QuietHours: Sendable, Equatable {
    /// What becomes of a message that comes in a closed time.
    package enum Action: String, Sendable {
        /// It waits until every rule is open.
        case wait = "defer"
        case drop
    }

    package let id: String
    package let country: String
    /// Second half of ISO 3166-2; nil for a rule of the whole country.
    package let region: String?
    package let channels: Set<Medium>
    package let windows: LocalWindows
    package let action: Action
    /// First day in force; nil for one that always was.
    package let since: Day?

    func applies(to channel: Medium, at instant: Instant) -> Bool {
        channels.contains(channel) && (since.map { instant >= $0.start } ?? true)
    }
}
