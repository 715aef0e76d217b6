import Core
import Jurisdictions
import Templates

/// The texts of one person's notification.
struct PushTexts: Sendable {
    var title: [UInt8]?
    var body: [UInt8]?
    let url: [UInt8]?
    let imageURL: [UInt8]?
    let iconURL: [UInt8]?
    let smallIconURL: [UInt8]?
    let mediaURL: [UInt8]?
    /// Checked to be JSON.
    let jsonBody: [UInt8]?

    struct NoJSON: Error {
        let member: String
    }

    /// Throws a `TemplateFault`, or `NoJSON`.
    init(_ message: PushMessage, _ values: RecipientValues, _ templates: TemplateEnvironment) throws {
        let recipient = values.recipient
        title = try recipient.titleOverride.map { Array($0.utf8) } ?? message.title?.render(values, templates)
        body = try recipient.bodyOverride.map { Array($0.utf8) } ?? message.body?.render(values, templates)
        url = try message.url?.render(values, templates)
        imageURL = try message.imageURL?.render(values, templates)
        iconURL = try message.iconURL?.render(values, templates)
        smallIconURL = try message.smallIconURL?.render(values, templates)
        mediaURL = try message.mediaURL?.render(values, templates)
        jsonBody = try message.jsonBody?.render(values, templates)
        if let jsonBody, (try? JSON.parse(jsonBody)) == nil { throw NoJSON(member: "JsonBody") }
    }

    /// An advertisement begins with the label its reader's law asks for: the title, or the text where there is none.
    mutating func apply(_ label: AdvertisingLabel) {
        if let title, !title.isEmpty {
            self.title = label.applied(to: title)
        } else if let body, !body.isEmpty {
            self.body = label.applied(to: body)
        }
    }
}
