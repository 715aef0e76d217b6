import Core

/// Expressions to values.
extension TemplateMachine {
    mutating func evaluate(_ expression: Expression) throws(TemplateFault) -> TemplateValue {
        switch expression {
        case .value(let value): return value
        case .rootPath(let slot): return rootValue(slot)
        case .path(let depth, let slot):
            guard let node = node(at: depth) else { return .missing }
            return lookUp(slot, in: contexts[node].context)
        case .loop(let variable, let depth):
            let index = loops.count - 1 - Int(depth)
            return index >= 0 ? loops[index].value(of: variable) : .missing
        case .blockParameter(let depth, let index, let slot):
            return lookUp(slot, in: parameter(depth: depth, index: index))
        case .call(let call):
            try charge(1)
            return try run(call)
        }
    }

    /// As `evaluate`, but the whole scope stays the scope, so that names can be looked up in it later.
    mutating func evaluateContext(_ expression: Expression) throws(TemplateFault) -> RenderContext {
        switch expression {
        case .rootPath(let slot) where program.paths[Int(slot)].segments.isEmpty: return .root
        case .path(let depth, let slot) where program.paths[Int(slot)].segments.isEmpty:
            guard let node = node(at: depth) else { return .value(.missing) }
            return contexts[node].context
        case .path(let depth, let slot):
            guard let node = node(at: depth) else { return .value(.missing) }
            return find(program.paths[Int(slot)], in: contexts[node].context)
        case .blockParameter(let depth, let index, let slot):
            return find(program.paths[Int(slot)], in: parameter(depth: depth, index: index))
        case .value, .rootPath, .loop, .call:
            return .value(try evaluate(expression))
        }
    }

    func rootValue(_ slot: Int32) -> TemplateValue {
        let value = scope.value(program.paths[Int(slot)])
        if !program.defaults.isEmpty, value.isMissing {
            let fallback = program.defaults[Int(slot)]
            return fallback.isMissing ? value : fallback
        }
        return value
    }

    func isTruthy(_ context: RenderContext, includingZero: Bool) -> Bool {
        switch context {
        case .root, .overlay: true
        case .value(let value): value.isTruthy(includingZero: includingZero)
        }
    }

    func value(of context: RenderContext) -> TemplateValue {
        switch context {
        case .root: scope.value(TemplatePath(slot: -1, segments: []))
        case .value(let value): value
        case .overlay(let base, _): value(of: base)
        }
    }

    /// A member whose name came up while rendering.
    func member(_ name: String, of context: RenderContext) -> TemplateValue {
        value(of: find(TemplatePath(slot: -1, segments: [name]), in: context))
    }

    private func node(at depth: Int32) -> Int? {
        var node = context
        for _ in 0..<depth {
            node = contexts[node].parent
            if node < 0 { return nil }
        }
        return node
    }

    private func parameter(depth: Int32, index: Int32) -> RenderContext {
        var node = parameters
        for _ in 0..<depth where node >= 0 { node = parameterNodes[node].parent }
        guard node >= 0, parameterNodes[node].values.indices.contains(Int(index)) else { return .value(.missing) }
        return parameterNodes[node].values[Int(index)]
    }

    private func lookUp(_ slot: Int32, in context: RenderContext) -> TemplateValue {
        if case .value(let value) = context { return value.descend(program.paths[Int(slot)].segments[...]) }
        return value(of: find(program.paths[Int(slot)], in: context))
    }

    private func find(_ path: TemplatePath, in context: RenderContext) -> RenderContext {
        switch context {
        case .root:
            if path.segments.isEmpty { return .root }
            return .value(path.slot >= 0 ? rootValue(Int32(path.slot)) : scope.value(path))
        case .value(let value): return .value(value.descend(path.segments[...]))
        case .overlay(let base, let named):
            guard let first = path.segments.first else { return context }
            guard let found = named.last(where: { $0.name == first }) else { return find(path, in: base) }
            if path.segments.count == 1 { return found.value }
            return find(TemplatePath(slot: -1, segments: Array(path.segments.dropFirst())), in: found.value)
        }
    }
}
