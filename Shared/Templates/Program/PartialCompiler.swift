/// Partials to operations: inline ones, and calls of them and of snippets.
extension TemplateCompiler {
    /// Emits the inline partials of `tree`; returns how many hold now.
    mutating func emitDefinitions(in tree: ProgramNode) throws(TemplateFault) -> Int32 {
        var defined: [(name: Int32, entry: Int32, position: SourcePosition)] = []
        for case .block(let block) in tree.body where block.kind == .inline {
            let name = try inlineName(of: block)
            definedPartials.insert(name)
            let skip = reserve(at: block.position)
            let entry = here
            try emitDetached(block.program, named: name)
            program.operations[skip] = .jump(to: here)
            defined.append((partial(named: name), entry, block.position))
        }
        for definition in defined {
            emit(.define(name: definition.name, entry: definition.entry), at: definition.position)
        }
        return Int32(defined.count)
    }

    private func inlineName(of block: BlockNode) throws(TemplateFault) -> String {
        guard TemplateParser.name(of: block.call) == "inline" else {
            throw block.position.fault(.syntax, "the only decorator is the block {{#*inline \"name\"}}…{{/inline}}")
        }
        guard block.call.arguments.count == 1, block.call.named.isEmpty else {
            throw block.position.fault(.syntax, "inline takes one argument: the name of the partial")
        }
        guard case .literal(_, let name) = block.call.arguments[0] else {
            throw block.position.fault(.syntax, "inline takes a literal name, as in {{#*inline \"name\"}}")
        }
        return name
    }

    /// The body of a partial: who calls it may bring another context.
    mutating func emitDetached(_ body: ProgramNode?, named name: String?) throws(TemplateFault) {
        let outer = (contexts, unconditional)
        contexts = contexts.map { context in
            switch context {
            case .root: .path([], isCertain: false)
            case .path(let prefix, _): .path(prefix, isCertain: false)
            case .unknown: .unknown
            }
        }
        unconditional = name.map { [$0] } ?? []
        if let body { try emit(body) }
        emit(.finish, at: program.positions.last ?? .start)
        (contexts, unconditional) = outer
    }

    mutating func partial(named name: String) -> Int32 {
        if let known = partials[name] { return known }
        let index = Int32(program.partialNames.count)
        program.partialNames.append(name)
        partials[name] = index
        return index
    }

    mutating func emitPartial(
        _ call: CallNode, block: ProgramNode?, indent: [UInt8], at position: SourcePosition
    ) throws(TemplateFault) {
        guard call.arguments.count <= 1 else {
            throw position.fault(.syntax, "a partial takes one context, not \(call.arguments.count)")
        }
        let target = try target(of: call, hasFallback: block != nil, at: position)
        if case .named(let index) = target, unconditional.contains(program.partialNames[Int(index)]), block == nil {
            let name = program.partialNames[Int(index)]
            throw position.fault(.syntax, "the partial \"\(name)\" includes itself without end")
        }
        if case .named(let index) = target, let snippet, unconditional.last == snippet {
            inclusions[snippet, default: []].insert(program.partialNames[Int(index)])
        }
        var partial = PartialCall(
            target: target, context: nil, named: try named(call), blockEntry: -1, indent: indent, position: position)
        if let context = call.arguments.first { partial.context = try expression(of: context) }
        var defined: Int32 = 0
        if let block {
            defined = try emitDefinitions(in: block)
            let skip = reserve(at: position)
            partial.blockEntry = here
            let body = ProgramNode(
                block.body.filter { node in
                    if case .block(let inner) = node, inner.kind == .inline { false } else { true }
                })
            try emitDetached(body, named: nil)
            program.operations[skip] = .jump(to: here)
        }
        program.partialCalls.append(partial)
        emit(.partial(call: Int32(program.partialCalls.count - 1)), at: position)
        if defined > 0 { emit(.undefine(count: defined), at: position) }
    }

    private mutating func target(
        of call: CallNode, hasFallback: Bool, at position: SourcePosition
    ) throws(TemplateFault) -> PartialCall.Target {
        switch call.callee {
        case .call(let inner): return .computed(try expression(of: .call(inner)))
        case .literal(_, let original):
            return named(original, hasFallback, position)
        case .path(let path):
            if path.isData, path.original == "partial-block" { return .block }
            guard !path.isData else { throw position.fault(.syntax, "a partial is called by its name") }
            return named(path.original, hasFallback, position)
        }
    }

    private mutating func named(
        _ name: String, _ hasFallback: Bool, _ position: SourcePosition
    ) -> PartialCall.Target {
        uses.append(PartialUse(name: name, hasFallback: hasFallback, snippet: snippet, position: position))
        return .named(partial(named: name))
    }
}
