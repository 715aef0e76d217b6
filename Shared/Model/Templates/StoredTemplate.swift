package import Core
package import PinpointAPI

/// One version of a template, as the API shows it.
package struct StoredTemplate: Sendable {
    package var account: String
    package var name: String
    package var version: Int
    package var content: TemplateContent
    /// Of this version, both.
    package var createdAt: Instant
    package var modifiedAt: Instant
    package var tags: [String: String]

    package var resource: ARN.Resource { .template(name: name, content.type) }

    /// `EmailTemplateResponse` and its four sisters: each is its request and the same further members.
    package func response(region: String) -> JSON {
        var members = content.members
        members["Arn"] = .string(ARN(region: region, account: account, resource).description)
        members["CreationDate"] = .string(createdAt.description)
        members["LastModifiedDate"] = .string(modifiedAt.description)
        members["tags"] = tags.json
        members["TemplateName"] = .string(name)
        members["TemplateType"] = .string(content.type.rawValue)
        members["Version"] = .string(String(version))
        return .object(members)
    }

    package var summary: TemplateVersionResponse {
        TemplateVersionResponse(
            creationDate: createdAt.description,
            defaultSubstitutions: content.defaultSubstitutions,
            lastModifiedDate: modifiedAt.description,
            templateDescription: content.description,
            templateName: name,
            templateType: content.type.rawValue,
            version: String(version)
        )
    }
}

/// A template in a list: what sends would use now.
package struct ListedTemplate: Sendable {
    package var account: String
    package var name: String
    package var type: TemplateType
    package var activeVersion: Int
    package var createdAt: Instant
    package var modifiedAt: Instant
    package var defaultSubstitutions: String?
    package var tags: [String: String]

    package var resource: ARN.Resource { .template(name: name, type) }

    /// Lists leave the description out, as Pinpoint does.
    package func response(region: String) -> TemplateResponse {
        TemplateResponse(
            arn: ARN(region: region, account: account, resource).description,
            creationDate: createdAt.description,
            defaultSubstitutions: defaultSubstitutions,
            lastModifiedDate: modifiedAt.description,
            tags: tags,
            templateName: name,
            templateType: type,
            version: String(activeVersion)
        )
    }
}

/// Which version of a template is meant.
package enum WantedTemplateVersion: Hashable, Sendable {
    /// The one that sends use.
    case active
    case latest
    case number(Int32)

    /// A `version` parameter: absent means active, `latest` the newest, else a number from 1 in its shortest form. Nil for
    /// anything else.
    package init?(_ text: String?) {
        switch text {
        case nil: self = .active
        case "latest": self = .latest
        case let text?:
            guard let number = Int32(text), number > 0, String(number) == text else { return nil }
            self = .number(number)
        }
    }
}
