import Core

/// A number as a helper sees it: exact while it is an integer.
enum Number {
    case integer(Int64)
    case decimal(Double)

    /// Numbers, and texts (or lists of one) that are written as a decimal number.
    init?(_ value: TemplateValue) {
        switch value {
        case .integer(let integer), .json(.integer(let integer)): self = .integer(integer)
        case .number(let double), .json(.double(let double)): self = .decimal(double)
        case .text(let text), .json(.string(let text)): self.init(text)
        case .list(let texts):
            guard texts.count == 1 else { return nil }
            self.init(texts[0])
        case .json(.array(let values)):
            guard values.count == 1, values[0].array == nil else { return nil }
            self.init(TemplateValue(values[0]))
        case .missing, .bool, .json: return nil
        }
    }

    init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var bytes = Array(text.utf8)[...]
        while bytes.first == 0x20 { bytes.removeFirst() }
        while bytes.last == 0x20 { bytes.removeLast() }
        let isDecimal = bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: true
            default: false
            }
        }
        guard isDecimal, !bytes.isEmpty else { return nil }
        let trimmed = String(decoding: bytes, as: UTF8.self)
        if let integer = Int64(trimmed) {
            self = .integer(integer)
        } else if let double = Double(trimmed), double.isFinite {
            self = .decimal(double)
        } else {
            return nil
        }
    }

    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .decimal(let value): value
        }
    }
}

enum Comparison {
    /// As numbers when both are written as numbers, else as text.
    static func areEqual(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
        if let order = numericOrder(left, right) { return order == 0 }
        if case .json(let one) = left, case .json(let other) = right { return one == other }
        return left.text == right.text
    }

    /// Negative, 0 or positive; nil when one side is missing, since nothing is neither more nor less than something.
    static func order(_ left: TemplateValue, _ right: TemplateValue) -> Int? {
        if let order = numericOrder(left, right) { return order }
        guard !left.isMissing, !right.isMissing else { return nil }
        let (one, other) = (left.text, right.text)
        return one == other ? 0 : one < other ? -1 : 1
    }

    private static func numericOrder(_ left: TemplateValue, _ right: TemplateValue) -> Int? {
        guard let one = Number(left), let other = Number(right) else { return nil }
        if case .integer(let a) = one, case .integer(let b) = other { return a == b ? 0 : a < b ? -1 : 1 }
        return one.double == other.double ? 0 : one.double < other.double ? -1 : 1
    }
}

/// `add subtract multiply divide modulo round floor ceiling`.
///
/// A value that is not a number is a fault and not 0: a wrong sum in a message is worse than no message.
enum NumberHelpers {
    static func perform(_ helper: Helper, _ arguments: HelperArguments) throws(HelperFault) -> TemplateValue {
        let left = try number(arguments, 0)
        if helper == .round { return try result((left.double + 0.5).rounded(.down), exact: left) }
        if helper == .floor { return try result(left.double.rounded(.down), exact: left) }
        if helper == .ceiling { return try result(left.double.rounded(.up), exact: left) }
        let right = try number(arguments, 1)
        if helper == .divide || helper == .modulo, right.double == 0 { throw HelperFault("division by zero") }
        if case .integer(let a) = left, case .integer(let b) = right, let exact = exact(helper, a, b) {
            return .integer(exact)
        }
        let (a, b) = (left.double, right.double)
        if helper == .add { return try result(a + b) }
        if helper == .subtract { return try result(a - b) }
        if helper == .multiply { return try result(a * b) }
        if helper == .divide { return try result(a / b) }
        return try result(a.truncatingRemainder(dividingBy: b))
    }

    private static func number(_ arguments: HelperArguments, _ index: Int) throws(HelperFault) -> Number {
        guard let number = Number(arguments.value(index)) else {
            throw HelperFault("the \(index == 0 ? "first" : "second") argument is not a number")
        }
        return number
    }

    private static func exact(_ helper: Helper, _ a: Int64, _ b: Int64) -> Int64? {
        let outcome: (partialValue: Int64, overflow: Bool)
        if helper == .add {
            outcome = a.addingReportingOverflow(b)
        } else if helper == .subtract {
            outcome = a.subtractingReportingOverflow(b)
        } else if helper == .multiply {
            outcome = a.multipliedReportingOverflow(by: b)
        } else {
            let remainder = a.remainderReportingOverflow(dividingBy: b)
            if helper == .modulo {
                outcome = remainder
            } else {
                guard !remainder.overflow, remainder.partialValue == 0 else { return nil }
                outcome = a.dividedReportingOverflow(by: b)
            }
        }
        return outcome.overflow ? nil : outcome.partialValue
    }

    private static func result(_ rounded: Double, exact number: Number) throws(HelperFault) -> TemplateValue {
        if case .integer(let value) = number { return .integer(value) }
        return try result(rounded)
    }

    /// Eight decimals at most, as Pinpoint prints them (`{{divide 5 2.3}}` is 2.17391304).
    private static func result(_ value: Double) throws(HelperFault) -> TemplateValue {
        guard value.isFinite else { throw HelperFault("the result is too large") }
        guard abs(value) < 1e7 else { return .number(value) }
        return .number((value * 1e8).rounded() / 1e8)
    }
}
