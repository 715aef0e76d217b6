/// Parses the inside of a tag: callee, arguments, named arguments, subexpressions, literals, paths.
extension TemplateParser {
    /// Stops in front of whatever cannot continue the call (`}}`, `)`, `as |`).
    mutating func parseCall() throws(TemplateFault) -> CallNode {
        reader.skipBlanks()
        let position = reader.position
        let callee = try parseOperand()
        var call = CallNode(callee: callee, position: position)
        while true {
            let before = reader.index
            reader.skipBlanks()
            guard let byte = reader.peek(), byte != 0x7D, byte != 0x7E, byte != 0x29, !isAtBlockParameters
            else { break }
            guard before < reader.index || byte == 0x28 || byte == 0x22 || byte == 0x27 else {
                throw reader.fault("unexpected \(quoted(byte)); arguments are separated by spaces")
            }
            if let name = takeArgumentName() {
                guard !call.named.contains(where: { $0.name == name }) else {
                    throw reader.fault("the argument \(name)= is given twice")
                }
                reader.skipBlanks()
                call.named.append((name, try parseOperand()))
            } else {
                guard call.named.isEmpty else {
                    throw reader.fault("arguments without a name come before those with one")
                }
                call.arguments.append(try parseOperand())
            }
            guard call.arguments.count + call.named.count <= TemplateParser.maximumArguments else {
                throw reader.fault("more than \(TemplateParser.maximumArguments) arguments")
            }
        }
        return call
    }

    /// `as |item index|`
    mutating func parseBlockParameters() throws(TemplateFault) -> [String] {
        guard isAtBlockParameters else { return [] }
        _ = reader.take("as")
        reader.skipBlanks()
        _ = reader.take("|")
        var names: [String] = []
        while true {
            reader.skipBlanks()
            if reader.take("|") { break }
            guard let name = takeName(), names.count < 8 else {
                throw reader.fault("block parameters are written as |item index|")
            }
            names.append(name)
        }
        guard !names.isEmpty else { throw reader.fault("block parameters are written as |item index|") }
        return names
    }

    private var isAtBlockParameters: Bool {
        guard reader.starts(with: "as"), let next = reader.peek(2), SourceReader.isBlank(next) else { return false }
        var ahead = reader
        ahead.index += 2
        ahead.skipBlanks()
        return ahead.peek() == 0x7C
    }

    private mutating func parseOperand() throws(TemplateFault) -> OperandNode {
        guard let byte = reader.peek() else { throw reader.fault("the tag is not closed") }
        switch byte {
        case 0x28: return .call(try parseSubexpression())
        case 0x22, 0x27: return try parseString(quote: byte)
        case 0x40:
            reader.index += 1
            return .path(try parsePath(isData: true))
        default:
            if let literal = takeNumber() ?? takeKeyword() { return literal }
            return .path(try parsePath(isData: false))
        }
    }

    private mutating func parseSubexpression() throws(TemplateFault) -> CallNode {
        try enter()
        reader.index += 1
        let call = try parseCall()
        reader.skipBlanks()
        guard reader.take(")") else { throw reader.fault("expected ) at the end of the subexpression") }
        nesting -= 1
        return call
    }

    private mutating func parseString(quote: UInt8) throws(TemplateFault) -> OperandNode {
        let start = reader.index
        reader.index += 1
        var text: [UInt8] = []
        while let byte = reader.peek() {
            reader.index += 1
            if byte == quote {
                let string = String(decoding: text, as: UTF8.self)
                return .literal(.text(string), original: string)
            }
            if byte == 0x5C, reader.peek() == quote {
                text.append(quote)
                reader.index += 1
            } else {
                text.append(byte)
            }
        }
        throw reader.position(at: start).fault(.syntax, "the string is not closed")
    }

    private mutating func takeNumber() -> OperandNode? {
        var end = reader.index
        func digit(_ place: Int) -> Bool { place < reader.bytes.count && (0x30...0x39).contains(reader.bytes[place]) }
        if reader.peek() == 0x2D { end += 1 }
        let firstDigit = end
        while digit(end) { end += 1 }
        guard end > firstDigit else { return nil }
        var isInteger = true
        if end < reader.bytes.count, reader.bytes[end] == 0x2E, digit(end + 1) {
            isInteger = false
            end += 1
            while digit(end) { end += 1 }
        }
        guard SourceReader.endsLiteral(end < reader.bytes.count ? reader.bytes[end] : nil) else { return nil }
        let text = reader.text(reader.index..<end)
        reader.index = end
        if isInteger, let value = Int64(text) { return .literal(.integer(value), original: text) }
        return .literal(.number(Double(text) ?? 0), original: text)
    }

    private mutating func takeKeyword() -> OperandNode? {
        func takes(_ word: StaticString) -> Bool {
            reader.starts(with: word) && SourceReader.endsLiteral(reader.peek(word.utf8CodeUnitCount))
        }
        let found: (TemplateValue, String)? =
            if takes("true") { (.bool(true), "true") } else if takes("false") {
                (.bool(false), "false")
            } else if takes("null") { (.missing, "null") } else if takes("undefined") {
                (.missing, "undefined")
            } else { nil }
        guard let (value, text) = found else { return nil }
        reader.index += text.utf8.count
        return .literal(value, original: text)
    }

    private mutating func takeName() -> String? {
        let start = reader.index
        while let byte = reader.peek(), SourceReader.isNameByte(byte) { reader.index += 1 }
        return reader.index > start ? reader.text(start..<reader.index) : nil
    }

    /// `name=`, or nothing and the reader as it was.
    private mutating func takeArgumentName() -> String? {
        let start = reader.index
        let name: String?
        if reader.peek() == 0x5B { name = takeBracketed() } else { name = takeName() }
        reader.skipBlanks()
        if let name, reader.take("=") { return name }
        reader.index = start
        return nil
    }

    /// `[Last Name]`; `\]` and `\\` stand for `]` and `\`.
    private mutating func takeBracketed() -> String? {
        let start = reader.index
        reader.index += 1
        var text: [UInt8] = []
        while let byte = reader.peek() {
            reader.index += 1
            if byte == 0x5D { return String(decoding: text, as: UTF8.self) }
            if byte == 0x5C, let next = reader.peek(), next == 0x5D || next == 0x5C {
                text.append(next)
                reader.index += 1
            } else {
                text.append(byte)
            }
        }
        reader.index = start
        return nil
    }

    mutating func parsePath(isData: Bool) throws(TemplateFault) -> PathNode {
        var path = PathNode(isData: isData, position: reader.position)
        let start = reader.index
        var isLeading = true
        while true {
            if reader.peek() == 0x5B {
                guard let name = takeBracketed() else { throw reader.fault("the [ is not closed") }
                path.segments.append(name)
                path.original += name
            } else if reader.take("..") {
                guard path.segments.isEmpty, isLeading else { throw invalid(path, from: start) }
                path.depth += 1
                path.isScoped = true
                path.original += ".."
            } else if reader.peek() == 0x2E, isLeading {
                reader.index += 1
                path.isScoped = true
                path.original += "."
                isLeading = false
            } else if let name = takeName() {
                if name == "this", !isData {
                    guard path.segments.isEmpty else { throw invalid(path, from: start) }
                    path.isScoped = true
                    isLeading = false
                } else {
                    path.segments.append(name)
                }
                path.original += name
            } else {
                guard let byte = reader.peek() else { throw reader.fault("the tag is not closed") }
                throw reader.fault("expected a variable, a helper or a value, not \(quoted(byte))")
            }
            guard let separator = reader.peek(), separator == 0x2E || separator == 0x2F else { break }
            reader.index += 1
            path.original += separator == 0x2E ? "." : "/"
            guard path.segments.count + path.depth < TemplateParser.maximumSegments else {
                throw reader.fault("the name has more than \(TemplateParser.maximumSegments) parts")
            }
        }
        return path
    }

    private mutating func invalid(_ path: PathNode, from start: Int) -> TemplateFault {
        reader.position(at: start).fault(.syntax, "\"this\", \".\" and \"..\" stand at the start of a name only")
    }

    func quoted(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte) ? "\"\(Character(Unicode.Scalar(byte)))\"" : "that character"
    }
}
