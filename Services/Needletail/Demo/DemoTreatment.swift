import Core

/// One of the two messages that the campaign compares.
enum DemoTreatment: Int, Sendable, CaseIterable {
    /// The campaign's own message, treatment 0.
    case thanks
    /// The additional treatment, 1.
    case missed

    var id: String { String(rawValue) }

    var name: String {
        switch self {
        case .thanks: "Thank you"
        case .missed: "We miss you"
        }
    }

    var templateName: String {
        switch self {
        case .thanks: "cdnow-thanks"
        case .missed: "cdnow-missed"
        }
    }

    private var subjectTemplate: String {
        switch self {
        case .thanks: #"Thank you for {{inflect Metrics.Cds "CD" "CDs" includeCount=true}}"#
        case .missed: #"We have missed you since {{dateFormat Attributes.LastPurchase outputFormat="yyyy-MM-dd"}}"#
        }
    }

    /// What the subject must be once it is rendered for that person.
    func subject(for customer: PurchaseHistory.Customer) -> String {
        switch self {
        case .thanks: "Thank you for \(customer.cds) \(customer.cds == 1 ? "CD" : "CDs")"
        case .missed: "We have missed you since \(customer.last)"
        }
    }

    /// Where the message's link leads, behind the tracked one.
    func target(for customer: PurchaseHistory.Customer) -> String { target(number: customer.number) }

    private func target(number: String) -> String {
        "https://www.example.com/offers?customer=\(number)&treatment=\(id)"
    }

    /// An EmailTemplateRequest.
    var template: JSON {
        let link = target(number: "{{User.UserId}}")
        let htmlLink = link.split(separator: "&").joined(separator: "&amp;")
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(name)</title></head>
            <body>
            <h1>\(name), customer {{User.UserId}}</h1>
            <p>Since {{dateFormat Attributes.FirstPurchase outputFormat="d MMMM yyyy"}} you placed
            {{inflect Metrics.Purchases "order" "orders" includeCount=true}} with us, the last on
            {{dateFormat Attributes.LastPurchase outputFormat="d MMMM yyyy"}}: {{Metrics.Cds}} CDs for ${{Metrics.Spent}}.</p>
            {{#gt Metrics.Spent 300}}<p>Few people know as much music. Delivery of your next order is free.</p>{{/gt}}
            <p><a href="\(htmlLink)">What is new for you</a></p>
            <p><small>You get this at {{Address}} because you bought from us.
            <a href="{{Needletail.UnsubscribeUrl}}">Unsubscribe</a></small></p>
            </body></html>
            """
        let text = """
            \(name), customer {{User.UserId}}.

            Since {{dateFormat Attributes.FirstPurchase outputFormat="d MMMM yyyy"}} you placed
            {{inflect Metrics.Purchases "order" "orders" includeCount=true}} with us: {{Metrics.Cds}} CDs for ${{Metrics.Spent}}.

            What is new for you: \(link)

            You get this at {{Address}} because you bought from us. Unsubscribe: {{Needletail.UnsubscribeUrl}}
            """
        return ["Subject": .string(subjectTemplate), "HtmlPart": .string(html), "TextPart": .string(text)]
    }
}
