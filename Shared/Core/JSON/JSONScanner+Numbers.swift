/// Numbers: the grammar of RFC 8259 §6, and the range of `Int64` and `Double`.
extension JSONScanner {
    /// Longer numbers are refused: nothing measured needs them, and they cost quadratic time elsewhere.
    static let numberBytes = 512

    /// At `-` or a digit.
    @inline(__always)
    mutating func scanNumber() throws(Refusal) {
        let (end, isInteger) = try Self.number(base, position, count)
        append(
            JSONTapeEntry(isInteger ? .integer : .double, start: position, length: end &- position, next: written &+ 1))
        position = end
    }

    /// Takes plain values and no `self`, so that the scanner's state can stay in registers.
    @inline(never)
    private static func number(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int
    ) throws(Refusal) -> (end: Int, isInteger: Bool) {
        var at = start
        if base[at] == UInt8(ascii: "-") { at &+= 1 }
        let digits = at
        at = digitsEnd(base, at, count)
        guard at > digits else { throw Refusal(reason: .badNumber, offset: start) }
        guard base[digits] != UInt8(ascii: "0") || at == digits &+ 1 else {
            throw Refusal(reason: .leadingZero, offset: start)
        }
        let integerDigits = at &- digits
        var isInteger = true
        var hasExponent = false
        if at < count, base[at] == UInt8(ascii: ".") {
            isInteger = false
            let fraction = at &+ 1
            at = digitsEnd(base, fraction, count)
            guard at > fraction else { throw Refusal(reason: .badNumber, offset: start) }
        }
        if at < count, base[at] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            hasExponent = true
            at &+= 1
            if at < count, base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at &+= 1 }
            let exponent = at
            at = digitsEnd(base, exponent, count)
            guard at > exponent else { throw Refusal(reason: .badNumber, offset: start) }
        }
        guard at &- start <= numberBytes else { throw Refusal(reason: .numberTooLong, offset: start) }
        if isInteger {
            // "-0" is a double: Int64 has no negative zero.
            let isNegativeZero = digits > start && base[digits] == UInt8(ascii: "0")
            isInteger = !isNegativeZero && (integerDigits <= 18 || JSONText.int64(base + start, at &- start) != nil)
        }
        if !isInteger, hasExponent || at &- start > 24 { try checkRange(base, start, at) }
        return (at, isInteger)
    }

    @inline(__always)
    private static func digitsEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ count: Int) -> Int {
        var at = from
        while at < count, base[at] &- 0x30 <= 9 { at &+= 1 }
        return at
    }

    /// A number that becomes infinite, or zero although a digit is not, would be stored as something else than was sent.
    @inline(never)
    private static func checkRange(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(Refusal) {
        let value = JSONText.double(base + start, end - start)
        guard value.isFinite else { throw Refusal(reason: .numberTooLarge, offset: start) }
        guard value == 0 else { return }
        for index in start..<end {
            if base[index] | 0x20 == UInt8(ascii: "e") { return }
            if case UInt8(ascii: "1")...UInt8(ascii: "9") = base[index] {
                throw Refusal(reason: .numberTooSmall, offset: start)
            }
        }
    }
}
