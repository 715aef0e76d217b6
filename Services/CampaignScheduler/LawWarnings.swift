import Core
import Jurisdictions
import Model
import PinpointAPI

/// What an author should know of the laws on advertising when writing; nothing is refused for it.
enum LawWarnings {
    /// Response header of CreateCampaign and UpdateCampaign: codes, comma-separated. A header, because a member of the answer
    /// would come back in the next update of a client that sends what it read.
    static let header = "X-Needletail-Warnings"

    /// Of a template's subject: written almost like a label that the law wants exactly so.
    static func subject(_ subject: String?, at path: WirePath) -> [String] {
        guard let subject else { return [] }
        return Jurisdictions.standard.allLabels.compactMap { label in
            label.variant(atStartOf: subject).map {
                "\(path): \($0) is not the label that the law wants (\(label.id)): people there get \(label.text) instead"
            }
        }
    }

    /// Of a campaign's e-mails: `label:KR-AD-LABEL` for a subject as above, `sender:KR-SENDER` where the app's settings lack
    /// something that a country wants said of a sender.
    static func codes(of treatments: [RunPlan.Treatment], law: MarketingLaw?, at now: Instant) -> [String] {
        let emails = treatments.compactMap(\.email)
        guard let law, !emails.isEmpty else { return [] }
        let rules = Jurisdictions.standard
        let contents = emails.flatMap { email in [email] + email.locales.values.map { email.localized($0) } }
        let labels = rules.allLabels.filter { label in
            contents.contains { label.variant(atStartOf: $0.subject) != nil }
        }
        let senders = rules.countriesWithTexts(on: .email).compactMap { country -> String? in
            guard let lines = rules.senderLines(on: .email, in: country, at: now),
                lines.lines.contains(where: { $0 != .optOut && law.sender[$0] == nil })
            else { return nil }
            return "sender:\(lines.id)"
        }
        return labels.map { "label:\($0.id)" } + senders
    }
}
