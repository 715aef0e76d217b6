import Core
import PinpointAPI
import Postgres

/// What a treatment's notifications say, by channel type: the message for the platform, what that leaves out from the platform's part
/// of the push template; the default message and the template's default part for platforms without either (pinpoint-api §3.5).
struct PushPlanner {
    let account: String
    let session: Session

    /// Members of which a notification has one at least, or it would show and carry nothing.
    private static let contents = ["RawContent", "Title", "Body", "JsonBody", "SilentPush"]
    /// Members that are Handlebars.
    private static let texts = [
        "Body", "ImageIconUrl", "ImageSmallIconUrl", "ImageUrl", "JsonBody", "MediaUrl", "RawContent",
        "SmallImageIconUrl", "Title", "Url",
    ]

    /// Nil where the treatment has no notification. Throws `Fault(.invalid)` with the name of what is missing.
    func content(of arm: CampaignArm) async throws -> RunPlan.PushContent? {
        var template: TemplateContent?
        if let reference = TemplateReference(arm.templates?.pushTemplate) {
            template = try await TemplateStore.content(
                of: reference, type: .push, at: arm.templatePath.member("PushTemplate"), account: account, in: session)
        }
        return try await content(arm.message, template, at: arm.messagePath)
    }

    /// `template`: as stored, or as it would be.
    func content(
        _ message: MessageConfiguration?, _ template: TemplateContent?, at path: WirePath
    ) async throws -> RunPlan.PushContent? {
        let fallback = Self.merged(message?.defaultMessage, template?.members["Default"])
        var messages: [String: JSONObject] = [:]
        for platform in PushPlatform.allCases {
            var own = Self.merged(platform.message(in: message), template?.members[platform.templateMember])
            // A message that only says how is about what the default says.
            if let named = own, !Self.saysSomething(named), let fallback { own = Self.filled(named, from: fallback) }
            guard let chosen = own ?? fallback else { continue }
            guard Self.saysSomething(chosen) else {
                if own == nil { continue }
                let place = path.member(platform.messageMember)
                throw Fault(.invalid, "\(place).Body is required, or Title, JsonBody, SilentPush or RawContent")
            }
            for channel in platform.channels { messages[channel.rawValue] = chosen }
        }
        if let fallback, Self.saysSomething(fallback) { messages[ChannelType.push.rawValue] = fallback }
        guard !messages.isEmpty else { return nil }
        let sources = Set(messages.values.flatMap { message in Self.texts.compactMap { message[$0]?.string } })
        return RunPlan.PushContent(
            messages: messages,
            defaultSubstitutions: try PlannedTexts.defaults(template?.defaultSubstitutions),
            snippets: try await PlannedTexts.snippets(
                calledBy: sources.sorted(), account: account, at: path, in: session))
    }

    /// Nil where there is neither, or both are empty.
    private static func merged(_ own: Message?, _ template: JSON?) -> JSONObject? {
        var message = own?.json.object ?? [:]
        if let template = template?.object {
            // A campaign that writes its own words does not want the template's raw ones, which would replace them.
            var rest = template
            if saysSomething(message) { rest["RawContent"] = nil }
            message = filled(message, from: rest)
        }
        return message.isEmpty ? nil : message
    }

    private static func filled(_ message: JSONObject, from other: JSONObject) -> JSONObject {
        var filled = message
        for member in other.members where filled[member.key] == nil { filled[member.key] = member.value }
        return filled
    }

    private static func saysSomething(_ message: JSONObject) -> Bool {
        contents.contains { name in
            switch message[name] {
            case .string(let text)?: !text.isEmpty
            case .bool(let isSet)?: isSet
            case _: false
            }
        }
    }
}
