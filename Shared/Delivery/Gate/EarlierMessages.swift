package import Model

/// How many other messages target an endpoint already: of this campaign, and of all campaigns of its app.
package struct EarlierMessages: Sendable, Equatable {
    /// In the last 24 hours, of all campaigns as far as they are recorded.
    package var appDaily = 0
    /// In the last 24 hours, of this campaign.
    package var campaignDaily = 0
    /// Of this campaign since it began.
    package var total = 0

    package init(appDaily: Int = 0, campaignDaily: Int = 0, total: Int = 0) {
        self.appDaily = appDaily
        self.campaignDaily = campaignDaily
        self.total = total
    }

    /// The cap that lets no further message through. Total first: it stays, while a Daily passes.
    package func exhausted(_ caps: FrequencyCaps) -> OutcomeReason? {
        if caps.total > 0, total >= caps.total { return .campaignCap }
        if caps.campaignDaily > 0, campaignDaily >= caps.campaignDaily { return .dailyCap }
        if caps.appDaily > 0, appDaily >= caps.appDaily { return .dailyCap }
        return nil
    }
}
