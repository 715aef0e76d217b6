/// Source text to syntax tree, by recursive descent over bytes. Linear in the source, bounded in depth.
struct TemplateParser {
    /// Blocks and subexpressions inside each other. An `else if` counts as one more.
    static let maximumNesting = 64
    static let maximumArguments = 64
    static let maximumSegments = 32

    var reader: SourceReader
    var nesting = 0

    init(_ source: [UInt8]) {
        reader = SourceReader(source)
    }

    static func parse(_ source: [UInt8]) throws(TemplateFault) -> ProgramNode {
        var parser = TemplateParser(source)
        let (program, end) = try parser.parseProgram()
        switch end {
        case .endOfSource: break
        case .close(let name, _, let position):
            throw position.fault(.syntax, "{{/\(name)}} closes a block that is not open")
        case .inverse(_, let position), .chain(_, _, _, let position):
            throw position.fault(.syntax, "{{else}} stands outside of a block")
        }
        WhitespaceControl.apply(to: program, isRoot: true)
        return program
    }

    /// What ended a list of nodes.
    enum End {
        case endOfSource
        case close(String, StripFlags, SourcePosition)
        case inverse(StripFlags, SourcePosition)
        case chain(CallNode, [String], StripFlags, SourcePosition)
    }

    mutating func enter() throws(TemplateFault) {
        nesting += 1
        guard nesting <= TemplateParser.maximumNesting else {
            throw reader.fault("nested deeper than \(TemplateParser.maximumNesting) levels")
        }
    }

    mutating func parseProgram() throws(TemplateFault) -> (ProgramNode, End) {
        var body: [SyntaxNode] = []
        while true {
            parseContent(into: &body)
            guard !reader.isAtEnd else { return (ProgramNode(body), .endOfSource) }
            if reader.starts(with: "{{{{") {
                body.append(try parseRawBlock())
            } else if let end = try parseTag(into: &body) {
                return (ProgramNode(body), end)
            }
        }
    }

    /// Text up to the next tag. `\{{` prints the braces, `\\{{` prints one backslash in front of a tag.
    private mutating func parseContent(into body: inout [SyntaxNode]) {
        while !reader.isAtEnd {
            let start = reader.index
            guard let open = reader.find("{{", from: start) else {
                reader.index = reader.bytes.count
                append(start..<reader.index, to: &body)
                return
            }
            let hasOne = open > start && reader.bytes[open - 1] == 0x5C
            let hasTwo = hasOne && open - 1 > start && reader.bytes[open - 2] == 0x5C
            append(start..<(hasOne ? open - 1 : open), to: &body)
            reader.index = open
            guard hasOne, !hasTwo else { return }
            var end = reader.find("{{", from: open + 2) ?? reader.bytes.count
            if end < reader.bytes.count {
                var backslashes = 0
                while backslashes < 2, end - 1 >= open + 2, reader.bytes[end - 1] == 0x5C {
                    end -= 1
                    backslashes += 1
                }
            }
            append(open..<end, to: &body)
            reader.index = end
        }
    }

    private func append(_ range: Range<Int>, to body: inout [SyntaxNode]) {
        guard !range.isEmpty else { return }
        body.append(.content(ContentNode(Array(reader.bytes[range]))))
    }

    /// Reads one tag. Appends what it stands for, or says that it ends the list.
    private mutating func parseTag(into body: inout [SyntaxNode]) throws(TemplateFault) -> End? {
        let start = reader.index
        let position = reader.position
        reader.index += 2
        var strip = StripFlags()
        strip.open = reader.take("~")
        switch reader.peek() {
        case 0x21:
            body.append(.comment(try skipComment(from: start, strip: strip)))
        case 0x7B:
            reader.index += 1
            body.append(.mustache(try parseMustache(strip, position, close: .triple)))
        case 0x26:
            reader.index += 1
            body.append(.mustache(try parseMustache(strip, position, close: .unescaped)))
        case 0x23:
            reader.index += 1
            let kind: BlockNode.Kind = reader.take(">") ? .partial : reader.take("*") ? .inline : .section
            body.append(.block(try parseBlock(kind, strip, position, isInverted: false)))
        case 0x2F:
            reader.index += 1
            return try parseClose(strip, position)
        case 0x5E:
            reader.index += 1
            var ahead = reader
            ahead.skipBlanks()
            if ahead.starts(with: "}}") || ahead.starts(with: "~}}") {
                return .inverse(try closeTag(strip, .mustache), position)
            }
            body.append(.block(try parseBlock(.section, strip, position, isInverted: true)))
        case 0x3E:
            reader.index += 1
            let call = try parseCall()
            let closed = try closeTag(strip, .mustache)
            body.append(.partial(PartialNode(call: call, strip: closed, position: position)))
        case 0x2A:
            throw position.fault(.syntax, "the only decorator is the block {{#*inline \"name\"}}…{{/inline}}")
        default:
            if takeElse() { return try parseElse(strip, position) }
            body.append(.mustache(try parseMustache(strip, position, close: .mustache)))
        }
        return nil
    }

    private mutating func takeElse() -> Bool {
        var ahead = reader
        ahead.skipBlanks()
        guard ahead.take("else"), let next = ahead.peek(), SourceReader.isBlank(next) || next == 0x7D || next == 0x7E
        else { return false }
        reader = ahead
        return true
    }

    private mutating func parseElse(_ strip: StripFlags, _ position: SourcePosition) throws(TemplateFault) -> End {
        reader.skipBlanks()
        if reader.starts(with: "}}") || reader.starts(with: "~}}") {
            return .inverse(try closeTag(strip, .mustache), position)
        }
        let call = try parseCall()
        let parameters = try parseBlockParameters()
        return .chain(call, parameters, try closeTag(strip, .mustache), position)
    }

    private mutating func parseClose(_ strip: StripFlags, _ position: SourcePosition) throws(TemplateFault) -> End {
        let call = try parseCall()
        guard call.isBare else { throw position.fault(.syntax, "a closing tag has a name only") }
        let closed = try closeTag(strip, .mustache)
        return .close(TemplateParser.name(of: call), closed, position)
    }

    static func name(of call: CallNode) -> String {
        switch call.callee {
        case .path(let path): path.isData ? "@\(path.original)" : path.original
        case .literal(_, let original): original
        case .call: "(…)"
        }
    }

    enum TagEnd {
        case mustache, triple, unescaped
    }

    private mutating func parseMustache(
        _ strip: StripFlags, _ position: SourcePosition, close: TagEnd
    ) throws(TemplateFault) -> MustacheNode {
        let call = try parseCall()
        let closed = try closeTag(strip, close)
        return MustacheNode(call: call, isEscaped: close == .mustache, strip: closed, position: position)
    }

    mutating func closeTag(_ strip: StripFlags, _ end: TagEnd) throws(TemplateFault) -> StripFlags {
        var strip = strip
        reader.skipBlanks()
        if end == .triple {
            guard reader.take("}") else { throw reader.fault("expected }}} at the end of the tag") }
        }
        strip.close = reader.take("~")
        guard reader.take("}}") else {
            if reader.isAtEnd { throw reader.fault("the tag is not closed") }
            throw reader.fault("expected \(end == .triple ? "}}}" : "}}") at the end of the tag")
        }
        return strip
    }

    private mutating func skipComment(from start: Int, strip: StripFlags) throws(TemplateFault) -> StripFlags {
        var strip = strip
        let isLong = reader.starts(with: "!--")
        let end: Int?
        if isLong {
            let plain = reader.find("--}}", from: reader.index + 3)
            let stripped = reader.find("--~}}", from: reader.index + 3)
            end = [plain.map { $0 + 4 }, stripped.map { $0 + 5 }].compactMap(\.self).min()
        } else {
            end = reader.find("}}", from: reader.index).map { $0 + 2 }
        }
        guard let end else {
            throw reader.position(at: start).fault(.syntax, "the comment is not closed")
        }
        strip.close = reader.bytes[end - 3] == 0x7E
        reader.index = end
        return strip
    }
}
