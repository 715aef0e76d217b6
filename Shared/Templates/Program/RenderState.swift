import Core

/// What a name is looked up in while rendering.
enum RenderContext: Sendable {
    case root
    case value(TemplateValue)
    /// A context with the named arguments of a partial over it.
    indirect case overlay(RenderContext, [(name: String, value: RenderContext)])
}

/// One context and the one around it. Partials run in the surroundings of their definition, so that `parent` is not
/// always the element before.
struct ContextNode {
    var context: RenderContext
    var parent: Int
}

struct ParameterNode {
    var values: [RenderContext]
    var parent: Int
}

/// What `each` walks over. Holds the collection itself, not a copy of the items.
struct Loop {
    enum Items {
        case texts([String])
        case values([JSON])
        case members([JSONObject.Member])
    }

    let items: Items
    let count: Int
    var index = 0

    /// Nil when `value` is nothing to walk over.
    init?(_ value: TemplateValue, limit: Int) {
        switch value {
        case .list(let texts):
            items = .texts(texts)
            count = min(texts.count, limit)
        case .json(.array(let values)):
            items = .values(values)
            count = min(values.count, limit)
        case .json(.object(let object)):
            items = .members(object.members)
            count = min(object.members.count, limit)
        case .missing, .bool, .integer, .number, .text, .json: return nil
        }
    }

    var item: TemplateValue {
        switch items {
        case .texts(let texts): .text(texts[index])
        case .values(let values): TemplateValue(values[index])
        case .members(let members): TemplateValue(members[index].value)
        }
    }

    var key: TemplateValue {
        switch items {
        case .texts, .values: .integer(Int64(index))
        case .members(let members): .text(members[index].key)
        }
    }

    func value(of variable: LoopVariable) -> TemplateValue {
        switch variable {
        case .index: .integer(Int64(index))
        case .key: key
        case .first: .bool(index == 0)
        case .last: .bool(index == count - 1)
        }
    }
}

/// What was true before a block or a partial began, put back at its end.
struct Surroundings {
    var context: Int
    var contextCount: Int
    var parameters: Int
    var parameterCount: Int
}

struct BlockFrame {
    var surroundings: Surroundings
    var isLoop = false
    var parameterCount: Int32 = 0
}

struct CallFrame {
    var returnTo: Int
    var surroundings: Surroundings
    var block: Int
    var blockCount: Int
    var outputStart: Int
    var indent: [UInt8]
}

/// A partial in force. The context of a snippet is −1: it sees that of its caller and nothing around.
struct PartialDefinition: Sendable {
    var name: Int32
    var entry: Int32
    var context: Int
    var parameters: Int
}

/// The body of `{{#> name}}` while `name` runs.
struct PartialBlock {
    var entry: Int32
    var context: Int
    var parameters: Int
    var outer: Int
}
