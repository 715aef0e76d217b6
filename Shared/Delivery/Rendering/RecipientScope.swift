import Core
import Templates

/// One person's values, with the JSON columns that the message needs parsed once.
package struct RecipientValues: Sendable {
    let recipient: Recipient
    let unsubscribeURL: String?
    private var columns: [RecipientField.Column: JSON] = [:]

    /// With every column, for a single rendering.
    package init(_ recipient: Recipient, unsubscribeURL: String? = nil) {
        self.init(recipient, parsing: RecipientField.Column.allCases, unsubscribeURL: unsubscribeURL)
    }

    init(_ recipient: Recipient, parsing needed: [RecipientField.Column], unsubscribeURL: String? = nil) {
        self.recipient = recipient
        self.unsubscribeURL = unsubscribeURL
        for column in needed {
            // What the row holds was written by us as valid JSON; an unreadable column prints as missing.
            columns[column] = try? JSON.parse(bytes(of: column))
        }
    }

    func json(_ column: RecipientField.Column) -> JSON { columns[column] ?? .null }

    private func bytes(of column: RecipientField.Column) -> [UInt8] {
        switch column {
        case .attributes: recipient.attributes
        case .metrics: recipient.metrics
        case .userAttributes: recipient.userAttributes
        case .demographic: recipient.demographic
        case .location: recipient.location
        }
    }
}

/// What a template sees of a recipient.
struct RecipientScope: TemplateScope {
    let values: RecipientValues
    /// In the order of the program's paths.
    let fields: [RecipientField]

    func value(_ path: TemplatePath) -> TemplateValue {
        let field = fields.indices.contains(path.slot) ? fields[path.slot] : RecipientField(path.segments)
        let recipient = values.recipient
        switch field {
        case .id: return .text(recipient.endpointID)
        case .address: return text(recipient.address)
        case .channelType: return text(recipient.channelType)
        case .creationDate: return .text(recipient.createdAt.description)
        case .effectiveDate: return .text(recipient.effectiveAt.description)
        case .endpointStatus: return .text(recipient.status)
        case .optOut: return .text(recipient.optOut)
        case .requestID: return text(recipient.requestID)
        case .cohortID: return .text(String(recipient.cohort))
        case .userID: return text(recipient.userID)
        case .column(let column, let rest): return columnValue(column, rest)
        case .unsubscribeURL: return text(values.unsubscribeURL)
        case .user: return .json(user)
        case .whole: return .json(whole)
        case .unknown: return .missing
        }
    }

    private func text(_ value: String?) -> TemplateValue { value.map { .text($0) } ?? .missing }

    /// Attributes are lists of strings, so they print joined and index by `.[0]`.
    private func columnValue(_ column: RecipientField.Column, _ rest: [String]) -> TemplateValue {
        guard let name = rest.first else { return TemplateValue(values.json(column)) }
        guard let member = values.json(column)[name] else { return .missing }
        if case .array(let items) = member {
            return TemplateValue.list(items.compactMap(\.string)).descend(rest.dropFirst())
        }
        return TemplateValue(member).descend(rest.dropFirst())
    }

    private var user: JSON {
        var user: JSONObject = ["UserAttributes": values.json(.userAttributes)]
        if let id = values.recipient.userID { user["UserId"] = .string(id) }
        return .object(user)
    }

    private var whole: JSON {
        let recipient = values.recipient
        var object: JSONObject = [
            "Id": .string(recipient.endpointID), "OptOut": .string(recipient.optOut),
            "EndpointStatus": .string(recipient.status), "CreationDate": .string(recipient.createdAt.description),
            "EffectiveDate": .string(recipient.effectiveAt.description), "Attributes": values.json(.attributes),
            "Metrics": values.json(.metrics), "Demographic": values.json(.demographic),
            "Location": values.json(.location), "User": user,
        ]
        if let address = recipient.address { object["Address"] = .string(address) }
        if let channel = recipient.channelType { object["ChannelType"] = .string(channel) }
        return .object(object)
    }
}
