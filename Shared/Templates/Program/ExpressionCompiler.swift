import Core

/// Names, literals and calls to expressions.
extension TemplateCompiler {
    /// The value of `{{call}}` and of `(call)`.
    mutating func expression(of call: CallNode, at position: SourcePosition) throws(TemplateFault) -> Expression {
        switch call.callee {
        case .call(let inner):
            guard call.isBare else { throw position.fault(.syntax, "a subexpression cannot be called with arguments") }
            return try expression(of: inner, at: inner.position)
        case .literal(_, let original):
            guard call.isBare else { throw position.fault(.syntax, "unknown helper \"\(original)\"") }
            return variable(PathNode(segments: [original], original: original, position: position))
        case .path(let path):
            if let name = path.simpleName, parameter(named: name) == nil, let helper = Helper(rawValue: name) {
                return .call(try self.call(helper, call, at: position))
            }
            guard call.isBare else { throw position.fault(.syntax, "unknown helper \"\(path.original)\"") }
            return try expression(of: path)
        }
    }

    mutating func expression(of operand: OperandNode) throws(TemplateFault) -> Expression {
        switch operand {
        case .literal(let value, _): return .value(value)
        case .call(let call):
            if case .path(let path) = call.callee, let name = path.simpleName, call.isBare,
                parameter(named: name) == nil, Helper(rawValue: name) == nil
            {
                throw call.position.fault(.syntax, "unknown helper \"\(name)\"")
            }
            return try expression(of: call, at: call.position)
        case .path(let path):
            // A bare helper name as an argument is a call without arguments only where it takes none (`now`, `uuid`).
            if let name = path.simpleName, parameter(named: name) == nil, let helper = Helper(rawValue: name),
                helper.arity.contains(0), helper != .log
            {
                let call = CallNode(callee: operand, position: path.position)
                return .call(try self.call(helper, call, at: path.position))
            }
            return try expression(of: path)
        }
    }

    mutating func named(_ call: CallNode) throws(TemplateFault) -> [NamedExpression] {
        var named: [NamedExpression] = []
        for argument in call.named {
            named.append(NamedExpression(name: argument.name, value: try expression(of: argument.value)))
        }
        return named
    }

    mutating func call(
        _ helper: Helper, _ call: CallNode, at position: SourcePosition
    ) throws(TemplateFault) -> HelperCall {
        guard !helper.isBlockOnly else {
            let name = helper.rawValue
            throw position.fault(.syntax, "\(name) is a block: {{#\(name) …}}…{{/\(name)}}")
        }
        try check(helper, call, at: position)
        var arguments: [Expression] = []
        for argument in call.arguments { arguments.append(try expression(of: argument)) }
        if helper == .now { program.readsClock = true }
        if helper == .uuid { program.readsRandomness = true }
        return HelperCall(helper: helper, arguments: arguments, named: try named(call), position: position)
    }

    func check(_ helper: Helper, _ call: CallNode, at position: SourcePosition) throws(TemplateFault) {
        let arity = helper.arity
        guard !arity.contains(call.arguments.count) else { return }
        let expected =
            arity.lowerBound == arity.upperBound
            ? "\(arity.lowerBound)"
            : arity.upperBound >= TemplateParser.maximumArguments
                ? "at least \(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        throw position.fault(
            .syntax,
            "\(helper.rawValue) takes \(expected) argument\(expected == "1" ? "" : "s"), not \(call.arguments.count)"
        )
    }

    mutating func expression(of path: PathNode) throws(TemplateFault) -> Expression {
        if path.isData { return try data(path) }
        return variable(path)
    }

    private mutating func variable(_ path: PathNode) -> Expression {
        if !path.isScoped, let first = path.segments.first, let (depth, index) = parameter(named: first) {
            let rest = slot(Array(path.segments.dropFirst()))
            return .blockParameter(depth: depth, index: index, slot: rest)
        }
        let level = contexts.count - 1 - path.depth
        guard level >= 0 else { return .path(depth: Int32(path.depth), slot: slot(path.segments)) }
        switch contexts[level] {
        case .root:
            note(path.segments)
            return .rootPath(slot: slot(path.segments))
        case .path(let prefix, _): note(prefix + path.segments)
        case .unknown: break
        }
        return .path(depth: Int32(path.depth), slot: slot(path.segments))
    }

    private mutating func data(_ path: PathNode) throws(TemplateFault) -> Expression {
        guard let name = path.segments.first else {
            throw path.position.fault(.syntax, "@ needs a name: @index, @key, @first, @last or @root")
        }
        if name == "root" {
            let segments = Array(path.segments.dropFirst())
            note(segments)
            return .rootPath(slot: slot(segments))
        }
        guard let variable = LoopVariable(rawValue: name), path.segments.count == 1 else { return .value(.missing) }
        return .loop(variable, depth: Int32(path.depth))
    }

    private mutating func note(_ segments: [String]) {
        if !segments.isEmpty { variables.insert(segments.joined(separator: ".")) }
    }

    /// Where `as |name|` defined `name`: levels out and place in the list.
    func parameter(named name: String) -> (Int32, Int32)? {
        for (depth, names) in blockParameters.reversed().enumerated() {
            if let index = names.firstIndex(of: name) { return (Int32(depth), Int32(index)) }
        }
        return nil
    }

    /// What is known of the context that `{{#with operand}}` opens.
    func staticContext(of operand: OperandNode) -> StaticContext {
        guard case .path(let path) = operand else { return .unknown }
        if path.isData {
            guard path.segments.first == "root" else { return .unknown }
            let segments = Array(path.segments.dropFirst())
            return segments.isEmpty ? .root : .path(segments, isCertain: true)
        }
        if let first = path.segments.first, !path.isScoped, parameter(named: first) != nil { return .unknown }
        let level = contexts.count - 1 - path.depth
        guard level >= 0 else { return .unknown }
        switch contexts[level] {
        case .root: return path.segments.isEmpty ? .root : .path(path.segments, isCertain: true)
        case .path(let prefix, let isCertain): return .path(prefix + path.segments, isCertain: isCertain)
        case .unknown: return .unknown
        }
    }
}
