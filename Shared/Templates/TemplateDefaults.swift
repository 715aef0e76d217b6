package import Core

/// Values that stand in for variables a person lacks: Pinpoint's `DefaultSubstitutions`, a JSON object in a string
/// whose keys are full dotted names (`{"User.UserAttributes.FirstName":"friend"}`).
package struct TemplateDefaults: Sendable, Hashable {
    private var values: [String: TemplateValue]

    package static let none = TemplateDefaults(values: [:])

    private init(values: [String: TemplateValue]) {
        self.values = values
    }

    /// Nil unless `json` is an object of strings, numbers, booleans and lists of strings.
    package init?(_ json: JSON) {
        guard let object = json.object else { return nil }
        var values: [String: TemplateValue] = [:]
        for member in object.members {
            switch member.value {
            case .string, .integer, .double, .bool: values[member.key] = TemplateValue(member.value)
            case .array(let items):
                let texts = items.compactMap(\.string)
                guard texts.count == items.count else { return nil }
                values[member.key] = .list(texts)
            case .null: break
            case .object: return nil
            }
        }
        self.values = values
    }

    /// The default of a path; `Attributes.Item.[0]` also takes the one of `Attributes.Item`.
    package func value(for segments: [String]) -> TemplateValue {
        guard !values.isEmpty, !segments.isEmpty else { return .missing }
        if let value = values[segments.joined(separator: ".")] { return value }
        let list = segments.dropLast()
        guard let last = segments.last, let index = Int(last), let value = values[list.joined(separator: ".")] else {
            return .missing
        }
        switch value {
        case .list: return value.member(last)
        case .text, .integer, .number, .bool, .json, .missing: return index == 0 ? value : .missing
        }
    }
}
