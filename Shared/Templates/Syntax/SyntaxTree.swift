/// Where something stands in the source. Both from 1; columns count Unicode scalars.
struct SourcePosition: Sendable, Hashable {
    var line: Int32
    var column: Int32

    static let start = SourcePosition(line: 1, column: 1)

    func fault(_ kind: TemplateFault.Kind, _ message: String) -> TemplateFault {
        TemplateFault(kind, message, line: Int(line), column: Int(column))
    }
}

/// The `~` marks of one tag.
struct StripFlags: Hashable {
    /// `{{~`
    var open = false
    /// `~}}`
    var close = false
}

/// A list of nodes; a class, because the whitespace pass edits neighbours in place.
final class ProgramNode {
    var body: [SyntaxNode]
    var blockParameters: [String] = []
    /// Stands for `{{else if …}}`: one block, whose closing tag is the outer block's.
    var isChained = false

    init(_ body: [SyntaxNode]) {
        self.body = body
    }
}

enum SyntaxNode {
    case content(ContentNode)
    case mustache(MustacheNode)
    case block(BlockNode)
    case partial(PartialNode)
    case comment(StripFlags)
}

/// Literal text. `value` shrinks in the whitespace pass, `original` is what stands in the source.
final class ContentNode {
    let original: [UInt8]
    var value: ArraySlice<UInt8>
    var isLeftStripped = false
    var isRightStripped = false

    init(_ text: [UInt8]) {
        original = text
        value = text[...]
    }
}

struct MustacheNode {
    var call: CallNode
    var isEscaped: Bool
    var strip: StripFlags
    var position: SourcePosition
}

final class BlockNode {
    enum Kind {
        /// `{{#name}}` and `{{^name}}`
        case section
        /// `{{#*inline "name"}}`
        case inline
        /// `{{#> name}}`
        case partial
    }

    let kind: Kind
    let call: CallNode
    let position: SourcePosition
    var program: ProgramNode?
    var inverse: ProgramNode?
    var openStrip: StripFlags
    /// `{{{{name}}}}`: stands outside of the whitespace rules.
    var isRaw = false
    var inverseStrip = StripFlags()
    var closeStrip = StripFlags()

    init(kind: Kind, call: CallNode, position: SourcePosition, openStrip: StripFlags) {
        self.kind = kind
        self.call = call
        self.position = position
        self.openStrip = openStrip
    }
}

final class PartialNode {
    let call: CallNode
    let strip: StripFlags
    let position: SourcePosition
    /// The whitespace in front of a partial alone on its line; goes in front of each line it prints.
    var indent: [UInt8] = []

    init(call: CallNode, strip: StripFlags, position: SourcePosition) {
        self.call = call
        self.strip = strip
        self.position = position
    }
}

/// `callee argument… name=argument…`: the inside of a tag, and a subexpression.
struct CallNode {
    var callee: OperandNode
    var arguments: [OperandNode] = []
    var named: [(name: String, value: OperandNode)] = []
    var position: SourcePosition

    var isBare: Bool { arguments.isEmpty && named.isEmpty }
}

indirect enum OperandNode {
    case path(PathNode)
    /// `original` is the text in the source: a literal in callee position is the name of a variable.
    case literal(TemplateValue, original: String)
    case call(CallNode)
}

/// `../../a.b.[c d]`, `this`, `@index`, `@../key`.
struct PathNode {
    var isData = false
    /// Number of `../`.
    var depth = 0
    var segments: [String] = []
    /// `this.x`, `./x` and `../x` never mean a helper.
    var isScoped = false
    var original = ""
    var position: SourcePosition

    /// The name, if this may mean a helper.
    var simpleName: String? {
        !isData && !isScoped && depth == 0 && segments.count == 1 ? segments[0] : nil
    }
}
