/// Removes what a reader of the source does not expect to see printed: the line of a tag that stands alone on it, and
/// all whitespace next to `~`.
///
/// Follows the rules of Handlebars.js step by step, including the order in which neighbours are looked at, because
/// the outcome of nested blocks depends on it.
enum WhitespaceControl {
    /// Recursion is bounded: the parser refuses deeper nesting.
    static func apply(to program: ProgramNode, isRoot: Bool) {
        let body = program.body
        for index in body.indices {
            guard let edges = edges(of: body[index]) else { continue }
            let before = endsLine(body, before: index, isRoot: isRoot)
            let after = startsLine(body, after: index, isRoot: isRoot)
            if edges.strip.close { omitRight(body, index + 1, all: true) }
            if edges.strip.open { omitLeft(body, index - 1, all: true) }
            switch body[index] {
            case .partial(let partial):
                guard before && after else { continue }
                omitRight(body, index + 1)
                if omitLeft(body, index - 1), case .content(let content) = body[index - 1] {
                    partial.indent = trailingBlanks(content.original)
                }
            case .comment:
                guard before && after else { continue }
                omitRight(body, index + 1)
                omitLeft(body, index - 1)
            case .block(let block):
                if edges.isOpenAlone && before {
                    if let first = block.program ?? block.inverse { omitRight(first.body, 0) }
                    omitLeft(body, index - 1)
                }
                if edges.isCloseAlone && after {
                    omitRight(body, index + 1)
                    if let last = block.inverse ?? block.program { omitLeft(last.body, last.body.count - 1) }
                }
            case .content, .mustache: break
            }
        }
    }

    private struct Edges {
        var strip: StripFlags
        var isOpenAlone = false
        var isCloseAlone = false
    }

    private static func edges(of node: SyntaxNode) -> Edges? {
        switch node {
        case .content: nil
        case .mustache(let mustache): Edges(strip: mustache.strip)
        case .partial(let partial): Edges(strip: partial.strip)
        case .comment(let strip): Edges(strip: strip)
        case .block(let block): block.isRaw ? nil : edges(of: block)
        }
    }

    private static func edges(of block: BlockNode) -> Edges? {
        if let program = block.program { apply(to: program, isRoot: false) }
        if let inverse = block.inverse { apply(to: inverse, isRoot: false) }
        guard let program = block.program ?? block.inverse else { return nil }
        let inverse = block.program == nil ? nil : block.inverse
        var firstInverse = inverse
        var lastInverse = inverse
        if let chained = inverse, chained.isChained {
            firstInverse = chainedBlock(chained)?.program
            while let last = lastInverse, last.isChained, let next = chainedBlock(last) {
                guard let following = next.inverse ?? next.program else { break }
                lastInverse = following
            }
        }
        let first = firstInverse ?? program
        let edges = Edges(
            strip: StripFlags(open: block.openStrip.open, close: block.closeStrip.close),
            isOpenAlone: startsLine(program.body, after: -1, isRoot: false),
            isCloseAlone: endsLine(first.body, before: first.body.count, isRoot: false)
        )
        if block.openStrip.close { omitRight(program.body, 0, all: true) }
        guard let firstInverse else {
            if block.closeStrip.open { omitLeft(program.body, program.body.count - 1, all: true) }
            return edges
        }
        if block.inverseStrip.open { omitLeft(program.body, program.body.count - 1, all: true) }
        if block.inverseStrip.close { omitRight(firstInverse.body, 0, all: true) }
        if block.closeStrip.open, let lastInverse {
            omitLeft(lastInverse.body, lastInverse.body.count - 1, all: true)
        }
        if endsLine(program.body, before: program.body.count, isRoot: false),
            startsLine(firstInverse.body, after: -1, isRoot: false)
        {
            omitLeft(program.body, program.body.count - 1)
            omitRight(firstInverse.body, 0)
        }
        return edges
    }

    private static func chainedBlock(_ program: ProgramNode) -> BlockNode? {
        if case .block(let block)? = program.body.last { block } else { nil }
    }

    /// Whether only blanks stand between the node at `index` and the line's start.
    private static func endsLine(_ body: [SyntaxNode], before index: Int, isRoot: Bool) -> Bool {
        guard index > 0 else { return isRoot }
        guard case .content(let content) = body[index - 1] else { return false }
        for byte in content.original.reversed() {
            if byte == 0x0A { return true }
            guard isSpace(byte) else { return false }
        }
        return isRoot && index == 1
    }

    /// Whether only blanks stand between the node at `index` and the line's end.
    private static func startsLine(_ body: [SyntaxNode], after index: Int, isRoot: Bool) -> Bool {
        guard index + 1 < body.count else { return isRoot }
        guard case .content(let content) = body[index + 1] else { return false }
        for byte in content.original {
            if byte == 0x0A { return true }
            guard isSpace(byte) else { return false }
        }
        return isRoot && index + 2 == body.count
    }

    /// With `all`, every blank and line end at the left of the content; otherwise its blanks and one line end.
    private static func omitRight(_ body: [SyntaxNode], _ index: Int, all: Bool = false) {
        guard body.indices.contains(index), case .content(let content) = body[index] else { return }
        guard all || !content.isRightStripped else { return }
        var rest = content.value
        if all {
            rest = rest.drop(while: isSpace)
        } else {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            if rest.first == 0x0D { rest = rest.dropFirst() }
            if rest.first == 0x0A { rest = rest.dropFirst() }
        }
        content.isRightStripped = rest.count != content.value.count
        content.value = rest
    }

    /// With `all`, every blank and line end at the right of the content; otherwise the blanks of its last line.
    @discardableResult
    private static func omitLeft(_ body: [SyntaxNode], _ index: Int, all: Bool = false) -> Bool {
        guard body.indices.contains(index), case .content(let content) = body[index] else { return false }
        guard all || !content.isLeftStripped else { return false }
        var rest = content.value
        while let last = rest.last, all ? isSpace(last) : last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        content.isLeftStripped = rest.count != content.value.count
        content.value = rest
        return content.isLeftStripped
    }

    private static func trailingBlanks(_ text: [UInt8]) -> [UInt8] {
        Array(text[(text.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? 0)...])
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
