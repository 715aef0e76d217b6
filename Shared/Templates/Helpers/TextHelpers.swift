import Core

/// Helpers from text to text. Lengths count characters as a reader does (grapheme clusters).
enum TextHelpers {
    /// The widest that `center`, `ljust` and `rjust` pad to.
    static let maximumWidth = 10_000

    static func perform(_ helper: Helper, _ arguments: HelperArguments) throws(HelperFault) -> TemplateValue {
        let text = arguments.text(0)
        if helper == .lower { return .text(text.lowercased()) }
        if helper == .upper { return .text(text.uppercased()) }
        if helper == .capitalizeFirst { return .text(text.prefix(1).uppercased() + text.dropFirst()) }
        if helper == .capitalize {
            return .text(capitalize(text, fully: arguments.named("fully")?.isTruthy() ?? false))
        }
        if helper == .abbreviate { return .text(try abbreviate(text, arguments)) }
        if helper == .cut {
            return .text(try replace(text, arguments.values.count > 1 ? arguments.text(1) : " ", by: ""))
        }
        if helper == .replace { return .text(try replace(text, arguments.text(1), by: arguments.text(2))) }
        if helper == .substring { return .text(try substring(text, arguments)) }
        if helper == .center || helper == .ljust || helper == .rjust {
            return .text(try pad(text, helper, arguments))
        }
        if helper == .stripTags { return .text(stripTags(text)) }
        if helper == .slugify { return .text(Slug.make(text)) }
        if helper == .yesno { return .text(yesNo(arguments)) }
        if helper == .join { return .text(join(arguments)) }
        if helper == .inflect { return .text(try inflect(arguments)) }
        return .text(try ordinalize(arguments))
    }

    private static func integer(_ value: TemplateValue, _ what: String) throws(HelperFault) -> Int {
        guard let number = Number(value), let integer = Int(exactly: number.double.rounded(.towardZero)) else {
            throw HelperFault("\(what) is not a number")
        }
        return integer
    }

    private static func capitalize(_ text: String, fully: Bool) -> String {
        var result = ""
        var isAtStart = true
        for character in text {
            result += isAtStart ? character.uppercased() : fully ? character.lowercased() : String(character)
            isAtStart = character.isWhitespace
        }
        return result
    }

    private static func abbreviate(_ text: String, _ arguments: HelperArguments) throws(HelperFault) -> String {
        let width = try integer(arguments.value(1), "the width")
        guard width >= 4 else { throw HelperFault("the width is at least 4: one character and three dots") }
        guard text.count > width else { return text }
        return text.prefix(width - 3) + "..."
    }

    /// Plain text, not a pattern. Byte by byte: UTF-8 never matches in the middle of a character.
    private static func replace(_ text: String, _ old: String, by new: String) throws(HelperFault) -> String {
        let (bytes, pattern, replacement) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
        guard let first = pattern.first, pattern.count <= bytes.count else { return text }
        guard pattern.count <= 1024 else { throw HelperFault("the text to look for is longer than 1024 bytes") }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == first, bytes[index...].starts(with: pattern) {
                result.append(contentsOf: replacement)
                index += pattern.count
                guard result.count <= 1 << 20 else { throw HelperFault("the result is longer than 1 MB") }
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// From `start` up to and without `end`, both cut to the text.
    private static func substring(_ text: String, _ arguments: HelperArguments) throws(HelperFault) -> String {
        let start = max(0, try integer(arguments.value(1), "the start"))
        guard arguments.values.count > 2 else { return String(text.dropFirst(start)) }
        let end = try integer(arguments.value(2), "the end")
        guard end > start else { return "" }
        return String(text.dropFirst(start).prefix(end - start))
    }

    private static func pad(
        _ text: String, _ helper: Helper, _ arguments: HelperArguments
    ) throws(HelperFault) -> String {
        guard let size = arguments.values.count > 1 ? arguments.values[1] : arguments.named("size") else {
            throw HelperFault("needs size=")
        }
        let width = try integer(size, "the size")
        guard width <= maximumWidth else { throw HelperFault("the size is at most \(maximumWidth)") }
        let missing = width - text.count
        guard missing > 0 else { return text }
        let filling = Array(arguments.namedText("pad", default: " "))
        let pad = filling.isEmpty ? [" "] : filling
        func run(_ length: Int) -> String { String((0..<length).map { pad[$0 % pad.count] }) }
        if helper == .ljust { return text + run(missing) }
        if helper == .rjust { return run(missing) + text }
        return run(missing / 2) + text + run(missing - missing / 2)
    }

    /// Removes everything from `<` to the next `>`.
    private static func stripTags(_ text: String) -> String {
        var result: [UInt8] = []
        var pending: [UInt8] = []
        for byte in text.utf8 {
            if pending.isEmpty {
                if byte == 0x3C { pending.append(byte) } else { result.append(byte) }
            } else if byte == 0x3E {
                pending.removeAll(keepingCapacity: true)
            } else {
                pending.append(byte)
            }
        }
        return String(decoding: result + pending, as: UTF8.self)
    }

    /// Attributes are texts, so that "true" and "false" count as truth values here.
    private static func yesNo(_ arguments: HelperArguments) -> String {
        let value = arguments.value(0)
        if value.isMissing { return arguments.namedText("maybe", default: "maybe") }
        let isNo = !value.isTruthy() || value.text.lowercased() == "false"
        return isNo ? arguments.namedText("no", default: "no") : arguments.namedText("yes", default: "yes")
    }

    /// `join list ", "`, or `join a b c ", "`.
    private static func join(_ arguments: HelperArguments) -> String {
        let separator = arguments.text(arguments.values.count - 1)
        var parts: [String] = []
        for value in arguments.values.dropLast() {
            switch value {
            case .list(let texts): parts += texts
            case .json(.array(let values)): parts += values.map { TemplateValue($0).text }
            case .missing: break
            case .bool, .integer, .number, .text, .json: parts.append(value.text)
            }
        }
        return arguments.namedText("prefix", default: "") + parts.joined(separator: separator)
            + arguments.namedText("suffix", default: "")
    }

    private static func inflect(_ arguments: HelperArguments) throws(HelperFault) -> String {
        guard let count = Number(arguments.value(0)) else { throw HelperFault("the count is not a number") }
        let isOne = abs(count.double) == 1
        let word = arguments.text(isOne ? 1 : 2)
        guard let wantsCount = arguments.named("includeCount"), wantsCount.isTruthy(), wantsCount.text != "false" else {
            return word
        }
        return "\(arguments.text(0)) \(word)"
    }

    private static func ordinalize(_ arguments: HelperArguments) throws(HelperFault) -> String {
        let value = try integer(arguments.value(0), "the value")
        let (tens, ones) = (abs(value % 100), abs(value % 10))
        if (11...13).contains(tens) { return "\(value)th" }
        return "\(value)\(ones == 1 ? "st" : ones == 2 ? "nd" : ones == 3 ? "rd" : "th")"
    }
}
