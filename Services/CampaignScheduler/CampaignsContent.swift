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
            throw path.member("FromAddress").refusal("must be an e-mail address, as shop@example.com or Shop <shop@example.com>")
        }
        try compile(email.subject, at: path.member("Title"))
        if let html = email.html { try compile(html, at: path.member("HtmlBody")) }
        if let text = email.text { try compile(text, at: path.member("Body")) }
        for (index, header) in email.headers.enumerated() {
            try compile(header.value, at: path.member("Headers").element(index).member("Value"))
        }
    }

    private static func compile(_ source: String, at path: WirePath) throws(APIError) {
        do {
            _ = try TemplateProgram.compile(source)
        } catch {
            throw path.refusal("is not a valid template: \(error)")
        }
    }
}
