/// The helpers of the language: Handlebars' own and Pinpoint's.
enum Helper: String, Sendable, CaseIterable {
    case `if`, unless, each, with, lookup, log
    case and, or, not, eq, neq, gt, gte, lt, lte
    case abbreviate, capitalize, capitalizeFirst, center, cut, inflect, join, ljust, rjust, lower, upper, ordinalize
    case replace, slugify, stripTags, substring, yesno
    case dateFormat, now
    case add, subtract, multiply, divide, modulo, round, floor, ceiling
    case md5, sha256, sha512, encode64, decode64, uuid

    /// How many arguments without a name it takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .if, .unless, .each, .with, .not: 1...1
        case .log: 0...TemplateParser.maximumArguments
        case .lookup, .eq, .neq, .gt, .gte, .lt, .lte: 2...2
        case .and, .or, .join: 2...TemplateParser.maximumArguments
        case .capitalize, .capitalizeFirst, .lower, .upper, .ordinalize, .slugify, .stripTags, .yesno: 1...1
        case .center, .cut, .ljust, .rjust: 1...2
        case .abbreviate: 2...2
        case .inflect, .replace: 3...3
        case .substring: 2...3
        case .dateFormat: 1...2
        case .now: 0...1
        case .add, .subtract, .multiply, .divide, .modulo: 2...2
        case .round, .floor, .ceiling, .md5, .sha256, .sha512, .encode64, .decode64: 1...1
        case .uuid: 0...0
        }
    }

    var isBlockOnly: Bool { self == .if || self == .unless || self == .each || self == .with }

    /// Answers yes or no, inline or as a block.
    var isComparison: Bool {
        switch self {
        case .and, .or, .not, .eq, .neq, .gt, .gte, .lt, .lte: true
        case .if, .unless, .each, .with, .lookup, .log, .abbreviate, .capitalize, .capitalizeFirst, .center, .cut,
            .inflect, .join, .ljust, .rjust, .lower, .upper, .ordinalize, .replace, .slugify, .stripTags, .substring,
            .yesno, .dateFormat, .now, .add, .subtract, .multiply, .divide, .modulo, .round, .floor, .ceiling, .md5,
            .sha256, .sha512, .encode64, .decode64, .uuid:
            false
        }
    }
}

/// Why a helper cannot work with what it got; the machine adds the place.
struct HelperFault: Error {
    var message: String

    init(_ message: String) {
        self.message = message
    }
}

/// The evaluated arguments of one helper call.
struct HelperArguments {
    var values: [TemplateValue]
    var named: [(name: String, value: TemplateValue)]

    /// Missing arguments read as empty text: a helper over a variable that a person lacks prints nothing special.
    func text(_ index: Int) -> String { index < values.count ? values[index].text : "" }

    func value(_ index: Int) -> TemplateValue { index < values.count ? values[index] : .missing }

    func named(_ name: String) -> TemplateValue? {
        named.last { $0.name == name }?.value
    }

    func namedText(_ name: String, default text: String) -> String {
        named(name)?.text ?? text
    }
}
