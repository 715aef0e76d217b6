package import Core
package import PinpointAPI

/// One version of an e-mail template, as the API shows it.
package struct StoredEmailTemplate: Sendable {
    package var account: String
    package var name: String
    package var version: Int
    /// Without tags, which belong to the template and not to a version.
    package var content: EmailTemplateRequest
    /// Of this version, both.
    package var createdAt: Instant
    package var modifiedAt: Instant
    package var tags: [String: String]

    package func response(region: String) -> EmailTemplateResponse {
        EmailTemplateResponse(
            arn: ARN(region: region, account: account, .template(name: name, .email)).description,
            creationDate: createdAt.description,
            defaultSubstitutions: content.defaultSubstitutions,
            htmlPart: content.htmlPart,
            lastModifiedDate: modifiedAt.description,
            recommenderId: content.recommenderId,
            subject: content.subject,
            headers: content.headers,
            tags: tags,
            templateDescription: content.templateDescription,
            templateName: name,
            templateType: .email,
            textPart: content.textPart,
            version: String(version)
        )
    }

    package var summary: TemplateVersionResponse {
        TemplateVersionResponse(
            creationDate: createdAt.description,
            defaultSubstitutions: content.defaultSubstitutions,
            lastModifiedDate: modifiedAt.description,
            templateDescription: content.templateDescription,
            templateName: name,
            templateType: TemplateType.email.rawValue,
            version: String(version)
        )
    }
}

/// A template of any type in a list: what sends would use now.
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
