/// Blocks: sections with their `else` chains, inline partials, partial blocks, raw blocks.
extension TemplateParser {
    mutating func parseBlock(
        _ kind: BlockNode.Kind, _ strip: StripFlags, _ position: SourcePosition, isInverted: Bool
    ) throws(TemplateFault) -> BlockNode {
        try enter()
        let call = try parseCall()
        let parameters = try parseBlockParameters()
        let openStrip = try closeTag(strip, .mustache)
        let block = BlockNode(kind: kind, call: call, position: position, openStrip: openStrip)
        let name = TemplateParser.name(of: call)
        let (program, end) = try parseProgram()
        program.blockParameters = parameters
        block.program = program
        try finish(block, at: end, closing: name)
        if isInverted { (block.program, block.inverse) = (block.inverse, block.program) }
        nesting -= 1
        return block
    }

    /// Reads the `else` parts of `block`, if `end` is one, up to and with the closing tag `name`.
    private mutating func finish(_ block: BlockNode, at end: End, closing name: String) throws(TemplateFault) {
        switch end {
        case .endOfSource:
            throw block.position.fault(.syntax, "the block {{#\(name)}} is not closed")
        case .close(let closing, let strip, let position):
            guard closing == name else {
                throw position.fault(
                    .syntax, "{{/\(closing)}} does not close {{#\(name)}} of line \(block.position.line)")
            }
            block.closeStrip = strip
        case .inverse(let strip, let position):
            try refuseElse(in: block, position)
            block.inverseStrip = strip
            let (program, next) = try parseProgram()
            block.inverse = program
            switch next {
            case .inverse(_, let again), .chain(_, _, _, let again):
                throw again.fault(.syntax, "{{else}} comes after the last {{else}} of the block")
            case .endOfSource, .close: break
            }
            try finish(block, at: next, closing: name)
        case .chain(let call, let parameters, let strip, let position):
            try refuseElse(in: block, position)
            try enter()
            block.inverseStrip = strip
            let chained = BlockNode(kind: .section, call: call, position: position, openStrip: strip)
            let (program, next) = try parseProgram()
            program.blockParameters = parameters
            chained.program = program
            try finish(chained, at: next, closing: name)
            let inverse = ProgramNode([.block(chained)])
            inverse.isChained = true
            block.inverse = inverse
            block.closeStrip = chained.closeStrip
            nesting -= 1
        }
    }

    private func refuseElse(in block: BlockNode, _ position: SourcePosition) throws(TemplateFault) {
        switch block.kind {
        case .section: break
        case .inline: throw position.fault(.syntax, "an inline partial has no {{else}}")
        case .partial: throw position.fault(.syntax, "a partial block has no {{else}}")
        }
    }

    /// `{{{{name}}}} text {{{{/name}}}}`: a block whose text is not looked into.
    mutating func parseRawBlock() throws(TemplateFault) -> SyntaxNode {
        let position = reader.position
        reader.index += 4
        guard reader.peek() != 0x2F else { throw position.fault(.syntax, "{{{{/ closes a raw block that is not open") }
        let call = try parseCall()
        let name = TemplateParser.name(of: call)
        reader.skipBlanks()
        guard reader.take("}}}}") else { throw reader.fault("expected }}}} at the end of the raw block's tag") }
        let start = reader.index
        let closing = Array("{{{{/\(name)}}}}".utf8)
        var open = 1
        var place = start
        while true {
            guard let next = reader.find("{{{{", from: place) else {
                throw position.fault(.syntax, "the raw block {{{{\(name)}}}} is not closed")
            }
            place = next + 4
            if place < reader.bytes.count, reader.bytes[place] == 0x2F {
                open -= 1
                guard open == 0 else { continue }
                guard reader.bytes[next...].starts(with: closing) else {
                    throw reader.position(at: next).fault(.syntax, "expected {{{{/\(name)}}}}")
                }
                reader.index = next + closing.count
                let block = BlockNode(kind: .section, call: call, position: position, openStrip: StripFlags())
                let text = Array(reader.bytes[start..<next])
                block.program = ProgramNode(text.isEmpty ? [] : [.content(ContentNode(text))])
                block.isRaw = true
                return .block(block)
            } else {
                open += 1
            }
        }
    }
}
