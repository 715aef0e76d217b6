/// One step of a compiled template. Targets are indices into `TemplateProgram.operations`.
enum Operation: Sendable {
    /// Prints `literals[start..<end]`.
    case literal(start: Int32, end: Int32)
    /// Prints a variable of the scope: the common case, without a detour over `expressions`.
    case printRoot(slot: Int32, isEscaped: Bool)
    case print(expression: Int32, isEscaped: Bool)
    case jump(to: Int32)
    /// Goes on when the expression is true, else jumps. `zero` (or −1) says whether 0 counts as true.
    case unless(expression: Int32, zero: Int32, elseTarget: Int32)
    case each(expression: Int32, parameters: Int32, elseTarget: Int32)
    case with(expression: Int32, parameters: Int32, elseTarget: Int32)
    /// `{{#name}}` without a helper of that name: each over a list, with over anything else, if over a truth value.
    case section(expression: Int32, parameters: Int32, elseTarget: Int32)
    /// The end of what the last `each`, `with` or `section` opened: the next item from `body` on, or done.
    case end(body: Int32)
    case define(name: Int32, entry: Int32)
    case undefine(count: Int32)
    case partial(call: Int32)
    /// Returns from a partial; ends the program.
    case finish
}

indirect enum Expression: Sendable {
    case value(TemplateValue)
    /// Starts at the context `depth` levels out.
    case path(depth: Int32, slot: Int32)
    /// Starts at the scope, wherever it stands.
    case rootPath(slot: Int32)
    case loop(LoopVariable, depth: Int32)
    /// A name from `as |…|`, `depth` levels out; `slot` is what follows the name.
    case blockParameter(depth: Int32, index: Int32, slot: Int32)
    case call(HelperCall)
}

enum LoopVariable: String, Sendable {
    case index, key, first, last
}

struct HelperCall: Sendable {
    var helper: Helper
    var arguments: [Expression]
    var named: [NamedExpression]
    var position: SourcePosition
}

struct NamedExpression: Sendable {
    var name: String
    var value: Expression
}

struct PartialCall: Sendable {
    enum Target: Sendable {
        case named(Int32)
        case computed(Expression)
        /// `{{> @partial-block}}`
        case block
    }

    var target: Target
    var context: Expression?
    var named: [NamedExpression]
    /// The body of `{{#> name}}…{{/name}}`, or −1.
    var blockEntry: Int32
    var indent: [UInt8]
    var position: SourcePosition
}
