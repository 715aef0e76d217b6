import Core

/// Calls of partials and the way back.
extension TemplateMachine {
    mutating func callPartial(_ call: PartialCall) throws(TemplateFault) {
        let (entry, definedIn, definedParameters, block) = try resolve(call)
        try checkDepth()
        let before = surroundings
        var subject: RenderContext?
        if let expression = call.context { subject = try evaluateContext(expression) }
        if !call.named.isEmpty {
            var named: [(name: String, value: RenderContext)] = []
            for argument in call.named {
                named.append((argument.name, try evaluateContext(argument.value)))
            }
            subject = .overlay(subject ?? contexts[context].context, named)
        }
        calls.append(
            CallFrame(
                returnTo: counter, surroundings: before, block: partialBlock, blockCount: partialBlocks.count,
                outputStart: output.count, indent: call.indent))
        if call.blockEntry >= 0, entry != call.blockEntry {
            partialBlocks.append(
                PartialBlock(entry: call.blockEntry, context: context, parameters: parameters, outer: partialBlock))
            partialBlock = partialBlocks.count - 1
        } else {
            partialBlock = block
        }
        if let subject {
            push(subject, parent: definedIn)
        } else if context != definedIn {
            push(contexts[context].context, parent: definedIn)
        }
        parameters = definedParameters
        counter = Int(entry)
    }

    /// Entry, surroundings of the definition, and the partial block in force inside.
    private mutating func resolve(
        _ call: PartialCall
    ) throws(TemplateFault) -> (entry: Int32, context: Int, parameters: Int, block: Int) {
        let name: String
        let index: Int32?
        switch call.target {
        case .block:
            guard partialBlock >= 0 else {
                throw fault(.value, "@partial-block is used outside of a partial that was called with a block")
            }
            let block = partialBlocks[partialBlock]
            return (block.entry, block.context, block.parameters, block.outer)
        case .named(let known):
            name = program.partialNames[Int(known)]
            index = known
        case .computed(let expression):
            name = try evaluate(expression).text
            index = program.partialNames.firstIndex(of: name).map(Int32.init)
        }
        if let index, let found = definitions.last(where: { $0.name == index }) {
            return (found.entry, found.context, found.parameters, partialBlock)
        }
        guard call.blockEntry >= 0 else {
            let shown = program.partialNames.contains(name) ? "\"\(name)\" " : ""
            throw fault(.value, "the partial \(shown)is not defined here")
        }
        return (call.blockEntry, context, parameters, partialBlock)
    }

    mutating func returnFromPartial() throws(TemplateFault) {
        guard let frame = calls.popLast() else { return }
        if !frame.indent.isEmpty { try indent(from: frame.outputStart, by: frame.indent) }
        restore(frame.surroundings)
        partialBlock = frame.block
        partialBlocks.removeSubrange(frame.blockCount...)
        counter = frame.returnTo
    }

    /// Puts `indent` in front of each line printed since `start`; not behind a final line end.
    private mutating func indent(from start: Int, by indent: [UInt8]) throws(TemplateFault) {
        let printed = output[start...]
        guard !printed.isEmpty else { return }
        try charge(printed.count / 256)
        let lines = printed.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        guard output.count - outputStart + lines * indent.count <= budget.outputBytes else {
            throw fault(.budget, "the template prints more than \(budget.outputBytes) bytes")
        }
        var indented: [UInt8] = []
        indented.reserveCapacity(printed.count + lines * indent.count)
        indented.append(contentsOf: indent)
        for (place, byte) in zip(printed.indices, printed) {
            indented.append(byte)
            if byte == 0x0A, place + 1 < output.count { indented.append(contentsOf: indent) }
        }
        output.replaceSubrange(start..., with: indented)
    }
}
