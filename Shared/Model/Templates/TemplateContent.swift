package import Core
package import PinpointAPI

/// What one version of a template says, whatever its type: checked as the request of that type, kept as its JSON.
///
/// The five types differ in their members only, so that everything behind the check (versions, lists, answers) is written
/// once, over the JSON.
package struct TemplateContent: Sendable {
    package let type: TemplateType
    /// Without tags, which belong to the template and not to a version.
    package var members: JSONObject
    /// Of the request; they hold when a template is created and are ignored afterwards, as in Pinpoint.
    package let tags: [String: String]
    /// Where the members stand in their request.
    package var path = WirePath.root

    /// From the body of a request. Throws `APIError` naming the member.
    package init(_ type: TemplateType, request json: JSON) throws(APIError) {
        let request: any WireShape =
            switch type {
            case .email: try EmailTemplateRequest(json: json, at: .root)
            case .sms: try SMSTemplateRequest(json: json, at: .root)
            case .push: try PushNotificationTemplateRequest(json: json, at: .root)
            case .voice: try VoiceTemplateRequest(json: json, at: .root)
            case .inapp: try InAppTemplateRequest(json: json, at: .root)
            }
        // What the shape does not know is left out by it.
        var members = request.json.object ?? [:]
        tags = try members["tags"].map { (json) throws(APIError) in try [String: String](json: json, at: .root) } ?? [:]
        members["tags"] = nil
        self.type = type
        self.members = members
    }

    /// As it is stored: it was checked when it was written.
    package init(_ type: TemplateType, stored json: JSON) throws(Fault) {
        guard let members = json.object else { throw Fault(.integrity, "a stored template is not a JSON object") }
        self.type = type
        self.members = members
        tags = [:]
    }

    package var defaultSubstitutions: String? { members[Self.defaultSubstitutions]?.string }
    package var description: String? { members["TemplateDescription"]?.string }

    package static let defaultSubstitutions = "DefaultSubstitutions"

    /// An empty extension is none.
    var stored: SQLBind {
        var stored = members
        if stored[Self.extensions]?.object?.isEmpty == true { stored[Self.extensions] = nil }
        return .jsonb(JSON.object(stored).serialized)
    }
}

extension TemplateType {
    /// As sentences name it.
    package var word: String {
        switch self {
        case .email: "e-mail"
        case .sms: "SMS"
        case .push: "push"
        case .voice: "voice"
        case .inapp: "in-app"
        }
    }
}
