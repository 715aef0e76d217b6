package import Core

/// What a variable holds while a template is rendered.
///
/// Attribute values of endpoints and users are `.list`: printed they are joined by ",", `.[0]` takes one of them.
package enum TemplateValue: Sendable, Hashable {
    /// Not there (or null): prints nothing, is false; a default substitution may stand in for it.
    case missing
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([String])
    /// A tree: objects and arrays to walk with `each`, `with` and longer paths.
    case json(JSON)

    /// The value of a JSON tree, with scalars as the scalar cases and null as `.missing`.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .missing
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .double(let value): self = .number(value)
        case .string(let value): self = .text(value)
        case .array, .object: self = .json(json)
        }
    }
}

extension TemplateValue {
    /// Whether a default substitution applies: nothing there, or a list without values.
    package var isMissing: Bool {
        switch self {
        case .missing, .json(.null): true
        case .list(let values): values.isEmpty
        case .json(.array(let values)): values.isEmpty
        case .bool, .integer, .number, .text, .json: false
        }
    }

    /// Handlebars' idea of truth: missing, false, 0, "", and the empty list are false. An object is always true.
    package func isTruthy(includingZero: Bool = false) -> Bool {
        switch self {
        case .missing: false
        case .bool(let value): value
        case .integer(let value): value != 0 || includingZero
        case .number(let value): value != 0 && !value.isNaN || includingZero
        case .text(let value): !value.isEmpty
        case .list(let values): !values.isEmpty
        case .json(.array(let values)): !values.isEmpty
        case .json(.object): true
        case .json(let scalar): TemplateValue(scalar).isTruthy(includingZero: includingZero)
        }
    }

    /// The member `name`: a key of an object, an index (or `length`) of a list. Anything else is `.missing`; there is
    /// no prototype whose members could leak (F30).
    package func member(_ name: String) -> TemplateValue {
        switch self {
        case .missing, .bool, .integer, .number: return .missing
        case .text(let value): return name == "length" ? .integer(Int64(value.utf16.count)) : .missing
        case .list(let values):
            if name == "length" { return .integer(Int64(values.count)) }
            guard let index = Int(name), values.indices.contains(index) else { return .missing }
            return .text(values[index])
        case .json(.object(let object)): return object[name].map(TemplateValue.init) ?? .missing
        case .json(.array(let values)):
            if name == "length" { return .integer(Int64(values.count)) }
            guard let index = Int(name), values.indices.contains(index) else { return .missing }
            return TemplateValue(values[index])
        case .json(let scalar): return TemplateValue(scalar).member(name)
        }
    }

    /// The member at the end of `path`, walked from here.
    package func descend(_ path: ArraySlice<String>) -> TemplateValue {
        var value = self
        for name in path {
            value = value.member(name)
            if case .missing = value { return .missing }
        }
        return value
    }
}
