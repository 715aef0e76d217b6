package import Core
package import PinpointAPI

/// One text of a template that is Handlebars.
package struct TemplatePart: Sendable {
    package enum Kind: Sendable {
        /// Values are escaped for HTML.
        case html
        case text
        /// Text without line breaks and control characters: a subject, a header's value.
        case line
    }

    package var path: WirePath
    package var kind: Kind
    package var source: String
}

extension TemplateContent {
    /// Every text that is Handlebars, in the order it was written. Handlebars is not available in in-app templates.
    package var parts: [TemplatePart] {
        var parts: [TemplatePart] = []
        _ = replacingParts { part in
            parts.append(part)
            return part.source
        }
        return parts
    }

    /// The texts of the template and its variants.
    package var sources: [String] {
        (parts + variants.flatMap(\.content.parts)).map(\.source)
    }

    /// The members with each part replaced by what `transform` makes of it.
    package func replacingParts<Failure>(
        _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        switch type {
        case .email:
            let members = try Self.replace(Self.emailParts, in: members, at: path, transform)
            return try Self.replaceHeaders(in: members, at: path, transform)
        case .sms:
            var members = try Self.replace(Self.body, in: members, at: path, transform)
            members = try Self.replaceMedia(in: members, at: path, transform)
            return try Self.replaceWhatsApp(in: members, at: path, transform)
        case .voice:
            // Values become part of an XML document there.
            let kinds: [String: TemplatePart.Kind] =
                SpokenText.isSSML(members["Body"]?.string) ? ["Body": .html] : Self.body
            let members = try Self.replace(kinds, in: members, at: path, transform)
            return try Self.replacePrompt(in: members, at: path, transform)
        case .push:
            var members = members
            for platform in members.members where Self.platforms.contains(platform.key) {
                guard let message = platform.value.object else { continue }
                let place = path.member(platform.key)
                members[platform.key] = .object(try Self.replace(Self.pushParts, in: message, at: place, transform))
            }
            return members
        case .inapp:
            return members
        }
    }

    private static let emailParts: [String: TemplatePart.Kind] = [
        "Subject": .line, "HtmlPart": .html, "TextPart": .text,
    ]
    private static let body: [String: TemplatePart.Kind] = ["Body": .text]
    private static let platforms = ["ADM", "APNS", "Baidu", "Default", "GCM"]
    private static let pushParts: [String: TemplatePart.Kind] = [
        "Body": .text, "ImageIconUrl": .text, "ImageUrl": .text, "MediaUrl": .text, "RawContent": .text,
        "SmallImageIconUrl": .text, "Title": .text, "Url": .text,
    ]

    static func replace<Failure>(
        _ kinds: [String: TemplatePart.Kind],
        in object: JSONObject,
        at path: WirePath,
        _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        var result = object
        for member in object.members {
            guard let kind = kinds[member.key], let source = member.value.string else { continue }
            let part = TemplatePart(path: path.member(member.key), kind: kind, source: source)
            result[member.key] = .string(try transform(part))
        }
        return result
    }

    private static func replaceHeaders<Failure>(
        in object: JSONObject,
        at path: WirePath,
        _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        guard let headers = object["Headers"]?.array else { return object }
        var result = object
        var replaced: [JSON] = []
        for (index, header) in headers.enumerated() {
            let place = path.member("Headers").element(index)
            let header = header.object ?? [:]
            replaced.append(.object(try replace(["Value": .line], in: header, at: place, transform)))
        }
        result["Headers"] = .array(replaced)
        return result
    }
}
