import Core
import Delivery
import Model
import PinpointAPI
import Providers
import Templates

/// Whether every treatment's messages can be made: an e-mail's sender is an address, their texts compile.
enum CampaignsContent {
    static func check(_ treatments: [RunPlan.Treatment]) throws(APIError) {
        for (index, treatment) in treatments.enumerated() {
            guard let email = treatment.email else { continue }
            let place = index == 0 ? WirePath.root : WirePath.root.member("AdditionalTreatments").element(index - 1)
            try check(email, at: place.member("MessageConfiguration").member("EmailMessage"))
        }
    }

    /// Of other channels' messages.
    static func check(_ parts: [TemplatePart], snippets: [String: String]) throws(APIError) {
        let check = CheckTexts(defaults: .none, snippets: snippets)
        for part in parts { try check.text(part.source, part.path) }
    }

    private static func check(_ email: RunPlan.EmailContent, at path: WirePath) throws(APIError) {
        guard EmailMailbox(email.from) != nil else {
            throw path.member("FromAddress").refusal(
                "must be an e-mail address, as shop@example.com or Shop <shop@example.com>")
        }
        try checkTexts(email, at: path)
        for (locale, variant) in email.locales.sorted(by: { $0.key < $1.key }) {
            // Of the template, whose place in the campaign this is.
            try checkTexts(email.localized(variant), at: path.member("Locales").member(locale))
        }
    }

    private static func checkTexts(_ email: RunPlan.EmailContent, at path: WirePath) throws(APIError) {
        let check = CheckTexts(
            defaults: TemplateDefaults(.object(email.defaultSubstitutions)) ?? .none, snippets: email.snippets)
        try check.line(email.subject, path.member("Title"))
        try check.text(email.html, path.member("HtmlBody"))
        try check.text(email.text, path.member("Body"))
        for (index, header) in email.headers.enumerated() {
            let place = path.member("Headers").element(index)
            try CheckTexts.headerName(header.name, place.member("Name"))
            try check.line(header.value, place.member("Value"))
        }
    }
}
