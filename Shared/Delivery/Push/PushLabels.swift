import Core
import Jurisdictions
import Model

/// Labels that the law of some countries wants at the start of an advertisement, decided once per run.
struct PushLabels: Sendable {
    private let byCountry: [String: AdvertisingLabel]
    private let rules: Jurisdictions
    private let defaultCountry: String?

    /// Nil where no law adds anything to anybody's notification.
    init?(_ law: MarketingLaw?, at now: Instant, _ rules: Jurisdictions = .standard) {
        guard let law else { return nil }
        var byCountry: [String: AdvertisingLabel] = [:]
        for country in rules.countriesWithTexts(on: .push) {
            byCountry[country] = rules.label(on: .push, in: country, at: now)
        }
        guard !byCountry.isEmpty else { return nil }
        self.byCountry = byCountry
        self.rules = rules
        defaultCountry = law.defaultCountry
    }

    /// Of the first country that the person may be in and that has one.
    func label(for recipient: Recipient) -> AdvertisingLabel? {
        rules.countries(of: recipient.country, defaultCountry: defaultCountry).lazy.compactMap { byCountry[$0] }.first
    }
}
