import Core

/// Syntax tree to flat program.
struct TemplateCompiler {
    var program = TemplateProgram()
    var slots: [[String]: Int32] = [:]
    var partials: [String: Int32] = [:]
    var definedPartials: Set<String> = []
    var variables: Set<String> = []
    /// What is known of the contexts around, the innermost last.
    var contexts: [StaticContext] = [.root]
    var blockParameters: [[String]] = []
    /// Partials whose body is being compiled and reached without a condition, the innermost last.
    var unconditional: [String] = []
    /// Each call of a partial by name.
    var uses: [PartialUse] = []
    var snippetSources: [String: String] = [:]
    /// The snippet that is being compiled; nil in the template itself.
    var snippet: String?
    /// Which snippet calls which partials without a condition.
    var inclusions: [String: Set<String>] = [:]
    /// Of the template and its snippets so far, in bytes.
    var sourceLength = 0

    struct PartialUse {
        var name: String
        /// `{{#> name}}` brings its own body for when there is no such partial.
        var hasFallback: Bool
        var snippet: String?
        var position: SourcePosition
    }

    enum StaticContext {
        /// The scope itself, for certain.
        case root
        /// A value of the scope, by name. `isCertain` is false in partials, whose caller may pass another context.
        case path([String], isCertain: Bool)
        case unknown
    }

    mutating func compile(
        _ tree: ProgramNode, defaults: TemplateDefaults
    ) throws(TemplateFault) -> TemplateProgram {
        try emit(tree)
        emit(.finish, at: .start)
        try emitSnippets()
        for use in uses where !use.hasFallback && !definedPartials.contains(use.name) {
            guard snippetSources[use.name] == nil else { continue }
            let fault = use.position.fault(
                .syntax,
                "the partial \"\(use.name)\" is not defined in this template, and there is no snippet of that name")
            throw use.snippet.map { fault.inSnippet($0) } ?? fault
        }
        program.variables = variables.sorted()
        let values = program.paths.map { defaults.value(for: $0.segments) }
        program.defaults = values.contains { !$0.isMissing } ? values : []
        return program
    }

    // MARK: - Emitting

    mutating func emit(_ operation: Operation, at position: SourcePosition) {
        program.operations.append(operation)
        program.positions.append(position)
    }

    var here: Int32 { Int32(program.operations.count) }

    /// An operation whose target is filled in later.
    mutating func reserve(at position: SourcePosition) -> Int {
        emit(.finish, at: position)
        return program.operations.count - 1
    }

    mutating func add(_ expression: Expression) -> Int32 {
        program.expressions.append(expression)
        return Int32(program.expressions.count - 1)
    }

    mutating func slot(_ segments: [String]) -> Int32 {
        if let slot = slots[segments] { return slot }
        let slot = Int32(program.paths.count)
        slots[segments] = slot
        program.paths.append(TemplatePath(slot: Int(slot), segments: segments))
        return slot
    }

    mutating func emitLiteral(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        let start = Int32(program.literals.count)
        program.literals.append(contentsOf: text)
        emit(.literal(start: start, end: Int32(program.literals.count)), at: program.positions.last ?? .start)
    }

    /// Emits the nodes of `tree`, its inline partials first: they hold in the whole block, from its first line on.
    mutating func emit(_ tree: ProgramNode) throws(TemplateFault) {
        let defined = try emitDefinitions(in: tree)
        for node in tree.body {
            switch node {
            case .content(let content): emitLiteral(content.value)
            case .comment: break
            case .mustache(let mustache): try emit(mustache)
            case .partial(let partial):
                try emitPartial(partial.call, block: nil, indent: partial.indent, at: partial.position)
            case .block(let block):
                switch block.kind {
                case .inline: break
                case .section: try emitSection(block)
                case .partial: try emitPartial(block.call, block: block.program, indent: [], at: block.position)
                }
            }
        }
        if defined > 0 { emit(.undefine(count: defined), at: program.positions.last ?? .start) }
    }

    private mutating func emit(_ mustache: MustacheNode) throws(TemplateFault) {
        let expression = try expression(of: mustache.call, at: mustache.position)
        if case .rootPath(let slot) = expression {
            emit(.printRoot(slot: slot, isEscaped: mustache.isEscaped), at: mustache.position)
        } else {
            emit(.print(expression: add(expression), isEscaped: mustache.isEscaped), at: mustache.position)
        }
    }
}
