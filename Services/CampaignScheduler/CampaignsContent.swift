import Core
import Delivery
import Model
import PinpointAPI
import Templates

/// Whether every treatment's e-mail can be made: its sender is an address, its parts compile.
enum CampaignsContent {
    static func check(_ treatments: [RunPlan.Treatment]) throws(APIError) {
        for (index, treatment) in treatments.enumerated() {
            guard let email = treatment.email else { continue }
            let place = index == 0 ? WirePath.root : WirePath.root.member("AdditionalTreatments").element(index - 1)
            try check(email, at: place.member("MessageConfiguration").member("EmailMessage"))
        }
    }

    private static func check(_ email: RunPlan.EmailContent, at path: WirePath) throws(APIError) {
        guard EmailMailbox(email.from) != nil else {
            throw path.member("FromAddress").refusal(
                "must be an e-mail address, as shop@example.com or Shop <shop@example.com>")
        }
        let defaults = TemplateDefaults(.object(email.defaultSubstitutions)) ?? .none
        try CheckEmailTemplate.line(email.subject, path.member("Title"), defaults)
        try CheckEmailTemplate.compile(email.html, path.member("HtmlBody"), defaults)
        try CheckEmailTemplate.compile(email.text, path.member("Body"), defaults)
        for (index, header) in email.headers.enumerated() {
            let place = path.member("Headers").element(index)
            try CheckEmailTemplate.headerName(header.name, place.member("Name"))
            try CheckEmailTemplate.line(header.value, place.member("Value"), defaults)
        }
    }
}
