/// Postgres' `numeric` in binary: base-10000 digits, the weight of the first, a sign. `sum(bigint)` and `avg` answer it.
struct NumericValue {
    private let digits: [Int16]
    private let weight: Int
    private let sign: UInt16

    private static let negative: UInt16 = 0x4000
    /// NaN and the infinities.
    private static let special: UInt16 = 0xC000

    init?(_ value: SQLValue) {
        guard value.count >= 8 else { return nil }
        let count = Int(value.integer(Int16.self))
        weight = Int(value.integer(Int16.self, at: 2))
        sign = value.integer(UInt16.self, at: 4)
        guard count >= 0, value.count == 8 + count * 2 else { return nil }
        digits = (0..<count).map { value.integer(Int16.self, at: 8 + $0 * 2) }
    }

    /// Nil when there is a fraction, or it does not fit.
    var wholeNumber: Int64? {
        guard sign & NumericValue.special != NumericValue.special else { return nil }
        if digits.isEmpty { return 0 }
        guard weight >= 0, weight <= 5 else { return nil }
        var result: Int64 = 0
        for place in 0...max(weight, digits.count - 1) {
            let digit = place < digits.count ? Int64(digits[place]) : 0
            if place > weight {
                if digit != 0 { return nil }
                continue
            }
            // Downwards, so that the smallest Int64 fits too.
            let (scaled, overflowed) = result.multipliedReportingOverflow(by: 10_000)
            let (next, borrowed) = scaled.subtractingReportingOverflow(digit)
            if overflowed || borrowed { return nil }
            result = next
        }
        if sign == NumericValue.negative { return result }
        return result == .min ? nil : -result
    }

    var double: Double {
        guard sign & NumericValue.special != NumericValue.special else {
            return sign == 0xD000 ? .infinity : sign == 0xF000 ? -.infinity : .nan
        }
        // Through decimal text, because only that rounds correctly.
        var text = sign == NumericValue.negative ? "-" : ""
        for digit in digits {
            let plain = String(digit)
            text += String(repeating: "0", count: 4 - plain.utf8.count) + plain
        }
        if digits.isEmpty { text += "0" }
        return Double(text + "e\((weight + 1 - digits.count) * 4)") ?? .nan
    }
}
