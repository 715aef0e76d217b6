import Core

/// Runs one program for one person.
///
/// A loop over operations with explicit stacks: what a template nests costs entries in an array, never the thread's
/// stack. Every step is charged to the budget.
///
/// The scope is an existential and the machine no generic: callers are other modules, where a generic machine would
/// run unspecialised, with a layout only known at run time (measured: about half as fast).
struct TemplateMachine {
    let program: TemplateProgram
    let scope: any TemplateScope
    let environment: TemplateEnvironment
    let budget: TemplateBudget
    let escaping: TemplateEscaping
    var output: [UInt8] = []
    var outputStart = 0

    var counter = 0
    var spent = 0
    var nextDeadlineCheck = 256
    /// When `charge` has to look at the budget again.
    var nextCheck = 0

    var contexts: [ContextNode] = [ContextNode(context: .root, parent: -1)]
    var context = 0
    var parameterNodes: [ParameterNode] = []
    var parameters = -1
    var loops: [Loop] = []
    var frames: [BlockFrame] = []
    var calls: [CallFrame] = []
    var definitions: [PartialDefinition] = []
    var partialBlocks: [PartialBlock] = []
    var partialBlock = -1

    init(
        program: TemplateProgram, scope: any TemplateScope, environment: TemplateEnvironment, budget: TemplateBudget,
        escaping: TemplateEscaping
    ) {
        self.program = program
        self.scope = scope
        self.environment = environment
        self.budget = budget
        self.escaping = escaping
        if !program.snippets.isEmpty { definitions = program.snippets.map(\.definition) }
    }

    /// On a fault `output` is cut back to what it was.
    mutating func run() throws(TemplateFault) {
        outputStart = output.count
        do throws(TemplateFault) {
            try loop()
        } catch {
            output.removeSubrange(outputStart...)
            let place = counter - 1
            guard let snippet = program.snippets.first(where: { $0.contains(place) }) else { throw error }
            throw error.inSnippet(snippet.name)
        }
    }

    private mutating func loop() throws(TemplateFault) {
        while true {
            try charge(1)
            let operation = program.operations[counter]
            counter += 1
            switch operation {
            case .literal(let start, let end):
                output.append(contentsOf: program.literals[Int(start)..<Int(end)])
                try checkOutput()
            case .printRoot(let slot, let isEscaped):
                try print(rootValue(slot), isEscaped: isEscaped)
            case .print(let expression, let isEscaped):
                try print(evaluate(program.expressions[Int(expression)]), isEscaped: isEscaped)
            case .jump(let target):
                counter = Int(target)
            case .unless(let expression, let zero, let target):
                let value = try evaluateContext(program.expressions[Int(expression)])
                let includesZero = zero >= 0 ? try evaluate(program.expressions[Int(zero)]).isTruthy() : false
                if !isTruthy(value, includingZero: includesZero) { counter = Int(target) }
            case .each(let expression, let count, let target):
                let value = value(of: try evaluateContext(program.expressions[Int(expression)]))
                if try !openLoop(value, parameters: count) { counter = Int(target) }
            case .with(let expression, let count, let target):
                let value = try evaluateContext(program.expressions[Int(expression)])
                if isTruthy(value, includingZero: true) {
                    try open(value, parameters: count)
                } else {
                    counter = Int(target)
                }
            case .section(let expression, let count, let target):
                if try !openSection(program.expressions[Int(expression)], parameters: count) { counter = Int(target) }
            case .end(let body):
                if closeOrRepeat() { counter = Int(body) }
            case .define(let name, let entry):
                definitions.append(
                    PartialDefinition(name: name, entry: entry, context: context, parameters: parameters))
            case .undefine(let count):
                definitions.removeLast(Int(count))
            case .partial(let call):
                try callPartial(program.partialCalls[Int(call)])
            case .finish:
                if calls.isEmpty { return }
                try returnFromPartial()
            }
        }
    }

    // MARK: - Budget

    @inline(__always)
    mutating func charge(_ amount: Int) throws(TemplateFault) {
        spent += amount
        if spent >= nextCheck { try checkBudget() }
    }

    @inline(never)
    private mutating func checkBudget() throws(TemplateFault) {
        guard spent <= budget.operations else {
            throw fault(.budget, "the template takes more than \(budget.operations) steps to render")
        }
        if spent >= nextDeadlineCheck {
            nextDeadlineCheck = spent + 256
            if let isPastDeadline = budget.isPastDeadline, isPastDeadline() {
                throw fault(.budget, "the template takes too long to render")
            }
        }
        nextCheck = min(nextDeadlineCheck, budget.operations + 1)
    }

    @inline(__always)
    func checkOutput() throws(TemplateFault) {
        guard output.count - outputStart <= budget.outputBytes else {
            throw fault(.budget, "the template prints more than \(budget.outputBytes) bytes")
        }
    }

    /// A fault at the operation that is being run.
    func fault(_ kind: TemplateFault.Kind, _ message: String) -> TemplateFault {
        let index = min(max(counter - 1, 0), program.positions.count - 1)
        return program.positions[index].fault(kind, message)
    }

    private mutating func print(_ value: TemplateValue, isEscaped: Bool) throws(TemplateFault) {
        let before = output.count
        value.append(to: &output, isEscaped ? escaping : .none)
        let printed = output.count - before
        if printed > 256 { try charge(printed / 256) }
        try checkOutput()
    }

    // MARK: - Blocks

    var surroundings: Surroundings {
        Surroundings(
            context: context, contextCount: contexts.count, parameters: parameters,
            parameterCount: parameterNodes.count)
    }

    mutating func restore(_ surroundings: Surroundings) {
        context = surroundings.context
        contexts.removeSubrange(surroundings.contextCount...)
        parameters = surroundings.parameters
        parameterNodes.removeSubrange(surroundings.parameterCount...)
    }

    func checkDepth() throws(TemplateFault) {
        guard frames.count + calls.count < budget.depth else {
            throw fault(.budget, "blocks and partials are nested deeper than \(budget.depth) levels")
        }
    }

    mutating func push(_ value: RenderContext, parent: Int) {
        contexts.append(ContextNode(context: value, parent: parent))
        context = contexts.count - 1
    }

    /// False when there is nothing to walk over.
    private mutating func openLoop(_ value: TemplateValue, parameters count: Int32) throws(TemplateFault) -> Bool {
        guard let loop = Loop(value, limit: budget.eachItems), loop.count > 0 else { return false }
        try checkDepth()
        frames.append(BlockFrame(surroundings: surroundings, isLoop: true, parameterCount: count))
        loops.append(loop)
        push(.value(loop.item), parent: context)
        pushParameters(count, .value(loop.item), .value(loop.key))
        return true
    }

    private mutating func open(_ value: RenderContext, parameters count: Int32) throws(TemplateFault) {
        try checkDepth()
        frames.append(BlockFrame(surroundings: surroundings))
        push(value, parent: context)
        pushParameters(count, value, .value(.missing))
    }

    private mutating func pushParameters(_ count: Int32, _ first: RenderContext, _ second: RenderContext) {
        guard count > 0 else { return }
        parameterNodes.append(ParameterNode(values: [first, second], parent: parameters))
        parameters = parameterNodes.count - 1
    }

    private mutating func openSection(_ expression: Expression, parameters count: Int32) throws(TemplateFault) -> Bool {
        let subject = try evaluateContext(expression)
        guard case .value(let value) = subject else {
            try open(subject, parameters: count)
            return true
        }
        switch value {
        case .missing, .json(.null), .bool(false), .json(.bool(false)): return false
        case .list, .json(.array): return try openLoop(value, parameters: count)
        case .bool, .json(.bool):
            try checkDepth()
            frames.append(BlockFrame(surroundings: surroundings))
            pushParameters(count, subject, .value(.missing))
            return true
        case .integer, .number, .text, .json:
            try open(subject, parameters: count)
            return true
        }
    }

    /// True when a loop has another item; otherwise the block is left.
    private mutating func closeOrRepeat() -> Bool {
        guard let frame = frames.last else { return false }
        restore(frame.surroundings)
        if frame.isLoop, var loop = loops.popLast() {
            loop.index += 1
            if loop.index < loop.count {
                push(.value(loop.item), parent: context)
                pushParameters(frame.parameterCount, .value(loop.item), .value(loop.key))
                loops.append(loop)
                return true
            }
        }
        frames.removeLast()
        return false
    }
}
