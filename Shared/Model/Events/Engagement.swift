package import Core

/// A person reacted to a message of a campaign: an open, a click, an unsubscribe, a complaint.
package struct Engagement: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case open = "_email.open"
        case click = "_email.click"
        case unsubscribe = "_email.unsubscribe"
        case complaint = "_email.complaint"

        /// Value of the event's attribute `feedback`.
        package var feedback: String {
            switch self {
            case .open: "opened"
            case .click: "clicked"
            case .unsubscribe: "unsubscribed"
            case .complaint: "complaint"
            }
        }
    }

    package let kind: Kind
    package let app: AppID
    package let campaign: CampaignID
    package let run: RunID
    /// As on the wire: "0" … "4".
    package let treatment: String
    package let endpointKey: Int64
    package let at: Instant

    package init(
        kind: Kind, app: AppID, campaign: CampaignID, run: RunID, treatment: String, endpointKey: Int64, at: Instant
    ) {
        self.kind = kind
        self.app = app
        self.campaign = campaign
        self.run = run
        self.treatment = treatment
        self.endpointKey = endpointKey
        self.at = at
    }

    package var minute: Int64 { at.seconds.flooredDivision(by: 60) }
}
