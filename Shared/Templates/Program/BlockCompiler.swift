import Core

/// Blocks to operations.
extension TemplateCompiler {
    mutating func emitSection(_ block: BlockNode) throws(TemplateFault) {
        // The raw block of Handlebars' guide; any other name of a raw block is a variable's, as with other sections.
        if block.isRaw, block.call.isBare, TemplateParser.name(of: block.call) == "raw" {
            if let body = block.program { try emit(body) }
            return
        }
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
}
