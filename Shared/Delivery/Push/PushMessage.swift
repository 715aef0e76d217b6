import Core
import Model
import Templates

/// One notification of a run for one channel type, compiled: what is left to do per person is filling in.
///
/// Members are those of Pinpoint's `Message`, of its push templates, and of the messages of direct sends, which name some things
/// differently.
struct PushMessage: Sendable {
    enum Action: String, Sendable {
        case openApp = "OPEN_APP"
        case deepLink = "DEEP_LINK"
        case url = "URL"
    }

    let service: PushService
    let action: Action
    let isSilent: Bool
    let title: PushText?
    let body: PushText?
    let url: PushText?
    let imageURL: PushText?
    let iconURL: PushText?
    let smallIconURL: PushText?
    let mediaURL: PushText?
    /// A JSON document for the app.
    let jsonBody: PushText?
    /// In place of everything else.
    let raw: PushText?
    let sound: String?
    let icon: String?
    let category: String?
    let threadID: String?
    let badge: Int?
    let packageName: String?
    /// Seconds.
    let timeToLive: Int?
    /// `normal` or `high`
    let priority: String?
    let collapseKey: String?
    let pushType: String?
    /// What has to be parsed of a recipient's row.
    let columns: [RecipientField.Column]

    /// Throws a `TemplateFault`: then no message of the run can be made for this channel type.
    init(_ members: JSONObject, for service: PushService, in content: RunPlan.PushContent) throws(TemplateFault) {
        let defaults = TemplateDefaults(.object(content.defaultSubstitutions)) ?? .none
        func text(_ names: String..., escaping: TemplateEscaping = .none) throws(TemplateFault) -> PushText? {
            for name in names {
                if let text = try PushText(members[name], defaults, content.snippets, escaping: escaping) {
                    return text
                }
            }
            return nil
        }
        func word(_ names: String...) -> String? {
            names.lazy.compactMap { members[$0]?.string }.first { !$0.isEmpty }
        }
        self.service = service
        action = word("Action").flatMap(Action.init) ?? .openApp
        isSilent = members["SilentPush"]?.bool ?? false
        title = try text("Title")
        body = try text("Body")
        url = try text("Url")
        imageURL = try text("ImageUrl")
        iconURL = try text("ImageIconUrl")
        smallIconURL = try text("ImageSmallIconUrl", "SmallImageIconUrl")
        mediaURL = try text("MediaUrl")
        jsonBody =
            if let data = members["Data"]?.object, !data.isEmpty { .constant(JSON.object(data).serialized) } else {
                try text("JsonBody", escaping: .json)
            }
        raw = try text("RawContent", escaping: .json)
        sound = word("Sound")
        icon = word("IconReference")
        category = word("Category")
        threadID = word("ThreadId")
        badge = members["Badge"]?.int
        packageName = word("RestrictedPackageName")
        timeToLive = members["TimeToLive"]?.int ?? word("TimeToLive", "ExpiresAfter").flatMap { Int($0) }
        priority = word("Priority").map { ["5", "normal"].contains($0.lowercased()) ? "normal" : "high" }
        collapseKey = word("CollapseId", "CollapseKey", "ConsolidationKey")
        pushType = word("APNSPushType")
        let texts = [title, body, url, imageURL, iconURL, smallIconURL, mediaURL, jsonBody, raw]
        let needed = texts.flatMap { $0?.columns ?? [] }
        columns = RecipientField.Column.allCases.filter(needed.contains)
    }
}
