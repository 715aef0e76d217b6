import Core

/// Blocks and partials to operations.
extension TemplateCompiler {
    mutating func emitSection(_ block: BlockNode) throws(TemplateFault) {
        if case .path(let path) = block.call.callee, let name = path.simpleName, parameter(named: name) == nil,
            let helper = Helper(rawValue: name)
        {
            try check(helper, block.call, at: block.position)
            if helper == .if || helper == .unless {
                try emitCondition(helper, block)
            } else if helper == .each || helper == .with {
                try emitScoped(helper, block, operand: block.call.arguments[0])
            } else if helper.isComparison {
                var call = try call(helper, block.call, at: block.position)
                call.named = []
                try emitBranches(block, condition: add(.call(call)), zero: -1, isNegated: false)
            } else {
                throw block.position.fault(.syntax, "\(name) is not a block helper: use {{\(name) …}}")
            }
            return
        }
        guard block.call.isBare else {
            throw block.position.fault(.syntax, "unknown helper \"\(TemplateParser.name(of: block.call))\"")
        }
        try emitScoped(nil, block, operand: block.call.callee)
    }

    /// `if` and `unless` keep the context of their surroundings.
    private mutating func emitCondition(_ helper: Helper, _ block: BlockNode) throws(TemplateFault) {
        let condition = add(try expression(of: block.call.arguments[0]))
        var zero: Int32 = -1
        for argument in block.call.named where argument.name == "includeZero" {
            zero = add(try expression(of: argument.value))
        }
        try emitBranches(block, condition: condition, zero: zero, isNegated: helper == .unless)
    }

    private mutating func emitBranches(
        _ block: BlockNode, condition: Int32, zero: Int32, isNegated: Bool
    ) throws(TemplateFault) {
        let branch = reserve(at: block.position)
        let outer = unconditional
        unconditional = []
        defer { unconditional = outer }
        if let body = isNegated ? block.inverse : block.program { try emit(body) }
        guard let other = isNegated ? block.program : block.inverse else {
            program.operations[branch] = .unless(expression: condition, zero: zero, elseTarget: here)
            return
        }
        let skip = reserve(at: block.position)
        program.operations[branch] = .unless(expression: condition, zero: zero, elseTarget: here)
        try emit(other)
        program.operations[skip] = .jump(to: here)
    }

    /// `each`, `with` and the plain section (`helper` is nil) open a context.
    private mutating func emitScoped(
        _ helper: Helper?, _ block: BlockNode, operand: OperandNode
    ) throws(TemplateFault) {
        let names = block.program?.blockParameters ?? []
        let condition: Int32
        if helper == nil {
            condition = add(try expression(of: block.call, at: block.position))
        } else {
            condition = add(try expression(of: operand))
        }
        if helper == .with, names.isEmpty, case .path(let path) = operand, path.depth == 0, path.segments.isEmpty,
            !path.isData
        {
            return try emitBranches(block, condition: condition, zero: -1, isNegated: false)
        }
        let opened = helper == .with ? staticContext(of: operand) : .unknown
        let open = reserve(at: block.position)
        let outer = unconditional
        unconditional = []
        defer { unconditional = outer }
        if let body = block.program {
            contexts.append(opened)
            if !names.isEmpty { blockParameters.append(names) }
            try emit(body)
            if !names.isEmpty { blockParameters.removeLast() }
            contexts.removeLast()
        }
        emit(.end(body: Int32(open + 1)), at: block.position)
        let skip = block.inverse == nil ? nil : reserve(at: block.position)
        let elseTarget = here
        let count = Int32(names.count)
        if helper == .each {
            program.operations[open] = .each(expression: condition, parameters: count, elseTarget: elseTarget)
        } else if helper == .with {
            program.operations[open] = .with(expression: condition, parameters: count, elseTarget: elseTarget)
        } else {
            program.operations[open] = .section(expression: condition, parameters: count, elseTarget: elseTarget)
        }
        if let inverse = block.inverse, let skip {
            try emit(inverse)
            program.operations[skip] = .jump(to: here)
        }
    }

    // MARK: - Partials

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
    private mutating func emitDetached(_ body: ProgramNode?, named name: String?) throws(TemplateFault) {
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

    private mutating func partial(named name: String) -> Int32 {
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
            if !hasFallback { uses.append((original, position)) }
            return .named(partial(named: original))
        case .path(let path):
            if path.isData, path.original == "partial-block" { return .block }
            guard !path.isData else { throw position.fault(.syntax, "a partial is called by its name") }
            if !hasFallback { uses.append((path.original, position)) }
            return .named(partial(named: path.original))
        }
    }
}
