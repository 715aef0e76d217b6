import Core
import Crypto

/// Runs helper calls: evaluates, charges for the size of what goes in and comes out, and places faults.
extension TemplateMachine {
    mutating func run(_ call: HelperCall) throws(TemplateFault) -> TemplateValue {
        if call.helper == .lookup {
            let subject = try evaluateContext(call.arguments[0])
            return member(try evaluate(call.arguments[1]).text, of: subject)
        }
        if call.helper == .log { return .missing }
        if call.helper.isComparison {
            var truths: [RenderContext] = []
            var size = 0
            for argument in call.arguments {
                let truth = try evaluateContext(argument)
                if case .value(let value) = truth { size += value.approximateSize }
                truths.append(truth)
            }
            try charge(size / 256)
            let result = compare(call.helper, truths)
            guard let chosen = call.named.last(where: { $0.name == (result ? "yes" : "no") }) else {
                return .bool(result)
            }
            return try evaluate(chosen.value)
        }
        var arguments = HelperArguments(values: [], named: [])
        for argument in call.arguments { arguments.values.append(try evaluate(argument)) }
        for argument in call.named { arguments.named.append((argument.name, try evaluate(argument.value))) }
        var size = 0
        for value in arguments.values { size += value.approximateSize }
        for argument in arguments.named { size += argument.value.approximateSize }
        try charge(size / 32)
        do throws(HelperFault) {
            let value = try perform(call.helper, arguments)
            let printed = value.approximateSize
            guard printed <= budget.outputBytes else {
                throw HelperFault("the result is longer than \(budget.outputBytes) bytes")
            }
            if printed > size { try chargeQuietly((printed - size) / 32) }
            return value
        } catch {
            throw call.position.fault(.value, "\(call.helper.rawValue): \(error.message)")
        }
    }

    private mutating func chargeQuietly(_ amount: Int) throws(HelperFault) {
        do throws(TemplateFault) {
            try charge(amount)
        } catch {
            throw HelperFault(error.message)
        }
    }

    private func perform(_ helper: Helper, _ arguments: HelperArguments) throws(HelperFault) -> TemplateValue {
        switch helper {
        case .if, .unless, .each, .with, .lookup, .log, .and, .or, .not, .eq, .neq, .gt, .gte, .lt, .lte:
            // Done above, or refused by the compiler.
            return .missing
        case .abbreviate, .capitalize, .capitalizeFirst, .center, .cut, .inflect, .join, .ljust, .rjust, .lower,
            .upper, .ordinalize, .replace, .slugify, .stripTags, .substring, .yesno:
            return try TextHelpers.perform(helper, arguments)
        case .add, .subtract, .multiply, .divide, .modulo, .round, .floor, .ceiling:
            return try NumberHelpers.perform(helper, arguments)
        case .dateFormat: return .text(try DateHelpers.dateFormat(arguments, environment))
        case .now: return .text(try DateHelpers.now(arguments, environment))
        case .md5: return .text(Hex.lowercase(environment.hash.md5(Array(arguments.text(0).utf8))))
        case .sha256: return .text(Hex.lowercase(environment.hash.sha256(Array(arguments.text(0).utf8))))
        case .sha512: return .text(Hex.lowercase(environment.hash.sha512(Array(arguments.text(0).utf8))))
        case .encode64: return .text(Base64.encode(arguments.text(0).utf8))
        case .decode64:
            guard let bytes = Base64.decode(arguments.text(0)) else { throw HelperFault("the value is not Base64") }
            return .text(String(decoding: bytes, as: UTF8.self))
        case .uuid: return .text(newUUID())
        }
    }

    /// A random UUID (version 4) with dashes.
    private func newUUID() -> String {
        var bytes = environment.random(16)
        guard bytes.count == 16 else { return "" }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text += "-" }
            text += Hex.lowercase(CollectionOfOne(byte))
        }
        return text
    }

    // MARK: - Conditions

    private func compare(_ helper: Helper, _ contexts: [RenderContext]) -> Bool {
        switch helper {
        case .and: return contexts.allSatisfy { isTruthy($0, includingZero: false) }
        case .or: return contexts.contains { isTruthy($0, includingZero: false) }
        case .not: return !isTruthy(contexts[0], includingZero: false)
        case .eq: return Comparison.areEqual(value(of: contexts[0]), value(of: contexts[1]))
        case .neq: return !Comparison.areEqual(value(of: contexts[0]), value(of: contexts[1]))
        case .gt: return Comparison.order(value(of: contexts[0]), value(of: contexts[1])).map { $0 > 0 } ?? false
        case .gte: return Comparison.order(value(of: contexts[0]), value(of: contexts[1])).map { $0 >= 0 } ?? false
        case .lt: return Comparison.order(value(of: contexts[0]), value(of: contexts[1])).map { $0 < 0 } ?? false
        case .lte: return Comparison.order(value(of: contexts[0]), value(of: contexts[1])).map { $0 <= 0 } ?? false
        case .if, .unless, .each, .with, .lookup, .log, .abbreviate, .capitalize, .capitalizeFirst, .center, .cut,
            .inflect, .join, .ljust, .rjust, .lower, .upper, .ordinalize, .replace, .slugify, .stripTags, .substring,
            .yesno, .dateFormat, .now, .add, .subtract, .multiply, .divide, .modulo, .round, .floor, .ceiling, .md5,
            .sha256, .sha512, .encode64, .decode64, .uuid:
            return false
        }
    }
}

extension TemplateValue {
    /// Bytes of the printed value, roughly: what a helper has to look at.
    var approximateSize: Int {
        switch self {
        case .missing, .bool, .integer, .number: 8
        case .text(let text): text.utf8.count
        case .list(let texts): texts.reduce(0) { $0 + $1.utf8.count + 1 }
        case .json(.array(let values)): values.reduce(0) { $0 + TemplateValue($1).approximateSize + 1 }
        case .json: 16
        }
    }
}
