/// Strings: sixteen bytes at a time to the closing quote, everything unusual one byte at a time.
extension JSONScanner {
    /// At the opening quote; ends behind the closing one.
    @inline(__always)
    mutating func scanString() throws(Refusal) {
        let start = position &+ 1
        var at = start
        var kind = JSONKind.string
        while true {
            at = Self.plainRun(base, from: at, to: count)
            guard at < count else { throw Refusal(reason: .unterminatedString, offset: start - 1) }
            let byte = base[at]
            if byte == UInt8(ascii: "\"") {
                append(JSONTapeEntry(kind, start: start, length: at &- start, next: written &+ 1))
                position = at &+ 1
                return
            }
            if byte == UInt8(ascii: "\\") {
                kind = .escapedString
                at = try Self.checkEscape(base, at, count)
            } else if byte < 0x20 {
                throw Refusal(reason: .controlCharacter, offset: at)
            } else {
                at = try Self.checkUTF8(base, at, count)
            }
        }
    }

    /// The first byte that is a quote, a backslash, a control character or not ASCII; `end` if there is none.
    ///
    /// Sixteen bytes a step: most strings of an event end within the first, so that the branch is predicted. The written
    /// types pick vector instructions; with inferred ones the same text picks generic code and is 40 times slower.
    @inline(__always)
    static func plainRun(_ base: UnsafePointer<UInt8>, from: Int, to end: Int) -> Int {
        let space = SIMD16<UInt8>(repeating: 0x20)
        let printable = SIMD16<UInt8>(repeating: 0x60)
        let quote = SIMD16<UInt8>(repeating: 0x22)
        let backslash = SIMD16<UInt8>(repeating: 0x5C)
        var at = from
        while at &+ 16 <= end {
            let text = UnsafeRawPointer(base + at).loadUnaligned(as: SIMD16<UInt8>.self)
            // Below 0x20 and from 0x80 on, in one comparison.
            let unusual: SIMDMask<SIMD16<Int8>> = (text &- space) .>= printable
            let quotes: SIMDMask<SIMD16<Int8>> = text .== quote
            let backslashes: SIMDMask<SIMD16<Int8>> = text .== backslash
            let marked: SIMDMask<SIMD16<Int8>> = unusual .| quotes .| backslashes
            let marks = unsafeBitCast(marked, to: SIMD2<UInt64>.self)
            if marks.x != 0 { return at &+ marks.x.littleEndian.trailingZeroBitCount &>> 3 }
            if marks.y != 0 { return at &+ 8 &+ marks.y.littleEndian.trailingZeroBitCount &>> 3 }
            at &+= 16
        }
        while at < end {
            let byte = base[at]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return at }
            at &+= 1
        }
        return end
    }

    /// At a backslash; returns the byte behind the escape (behind both halves of a surrogate pair).
    @inline(never)
    private static func checkEscape(_ base: UnsafePointer<UInt8>, _ at: Int, _ count: Int) throws(Refusal) -> Int {
        guard at + 1 < count else { throw Refusal(reason: .unterminatedString, offset: at) }
        switch base[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return at + 2
        case UInt8(ascii: "u"):
            break
        default:
            throw Refusal(reason: .badEscape, offset: at)
        }
        guard let unit = codeUnit(base, at, count) else { throw Refusal(reason: .badUnicodeEscape, offset: at) }
        switch unit {
        case 0:
            throw Refusal(reason: .nulCharacter, offset: at)
        case 0xD800...0xDBFF:
            guard let low = codeUnit(base, at + 6, count), case 0xDC00...0xDFFF = low else {
                throw Refusal(reason: .loneSurrogate, offset: at)
            }
            return at + 12
        case 0xDC00...0xDFFF:
            throw Refusal(reason: .loneSurrogate, offset: at)
        default:
            return at + 6
        }
    }

    /// The value of `\uXXXX` at `at`, nil if there is no such escape.
    private static func codeUnit(_ base: UnsafePointer<UInt8>, _ at: Int, _ count: Int) -> UInt16? {
        guard at + 6 <= count, base[at] == UInt8(ascii: "\\"), base[at + 1] == UInt8(ascii: "u") else { return nil }
        var value: UInt16 = 0
        for index in at + 2..<at + 6 {
            guard let digit = JSONText.hexDigit(base[index]) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// At a byte ≥ 0x80; returns the byte behind the run of well-formed multi-byte sequences (Unicode 15, table 3-7).
    @inline(never)
    private static func checkUTF8(_ base: UnsafePointer<UInt8>, _ from: Int, _ count: Int) throws(Refusal) -> Int {
        var at = from
        while at < count, base[at] >= 0x80 {
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch base[at] {
            case 0xC2...0xDF: length = 2
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: length = 3
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: length = 4
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: throw Refusal(reason: .invalidUTF8, offset: at)
            }
            guard at + length <= count, second.contains(base[at + 1]) else {
                throw Refusal(reason: .invalidUTF8, offset: at)
            }
            for index in 2..<max(2, length) where base[at + index] & 0xC0 != 0x80 {
                throw Refusal(reason: .invalidUTF8, offset: at)
            }
            at += length
        }
        return at
    }
}
