/// Scanned text to Swift values. Everything here trusts that `JSONScanner` accepted the text.
enum JSONText {
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    static func string(_ base: UnsafePointer<UInt8>, _ entry: JSONTapeEntry) -> String {
        if entry.kind == .escapedString { return String(decoding: bytes(base, entry), as: UTF8.self) }
        return String(
            decoding: UnsafeBufferPointer(start: base + Int(entry.start), count: Int(entry.length)), as: UTF8.self
        )
    }

    /// A string's bytes with escapes resolved.
    static func bytes(_ base: UnsafePointer<UInt8>, _ entry: JSONTapeEntry) -> [UInt8] {
        let text = UnsafeBufferPointer(start: base + Int(entry.start), count: Int(entry.length))
        guard entry.kind == .escapedString else { return [UInt8](text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            guard text[at] == UInt8(ascii: "\\") else {
                bytes.append(text[at])
                at += 1
                continue
            }
            switch text[at + 1] {
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                at = appendScalar(text, at, to: &bytes)
                continue
            default: bytes.append(text[at + 1])
            }
            at += 2
        }
        return bytes
    }

    /// At `\u`: appends the scalar in UTF-8, returns the index behind the escape or the pair.
    private static func appendScalar(_ text: UnsafeBufferPointer<UInt8>, _ at: Int, to bytes: inout [UInt8]) -> Int {
        var value = codeUnit(text, at)
        var end = at + 6
        if case 0xD800...0xDBFF = value {
            value = 0x10000 + (value - 0xD800) << 10 + (codeUnit(text, end) - 0xDC00)
            end += 6
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        bytes.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
        return end
    }

    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in at + 2..<at + 6 { value = value << 4 | UInt32(hexDigit(text[index]) ?? 0) }
        return value
    }

    /// Nil if it does not fit.
    static func int64(_ start: UnsafePointer<UInt8>, _ length: Int) -> Int64? {
        let isNegative = start[0] == UInt8(ascii: "-")
        var value: Int64 = 0
        for index in (isNegative ? 1 : 0)..<length {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(start[index] - 0x30)
            let (sum, carry) =
                isNegative ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// The nearest double. Up to 15 digits and 10^±22 both factors are exact, so one operation rounds once (Clinger);
    /// the rest goes through the standard library.
    static func double(_ start: UnsafePointer<UInt8>, _ length: Int) -> Double {
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var isFraction = false
        var index = start[0] == UInt8(ascii: "-") ? 1 : 0
        while index < length {
            let byte = start[index]
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if case 0x30...0x39 = byte, digits < 16 {
                mantissa = mantissa * 10 + UInt64(byte - 0x30)
                digits += mantissa == 0 ? 0 : 1
                exponent -= isFraction ? 1 : 0
            } else {
                return slowDouble(start, length)
            }
            index += 1
        }
        guard digits <= 15, exponent >= -22 else { return slowDouble(start, length) }
        let value = Double(mantissa) / powersOfTen[-exponent]
        return start[0] == UInt8(ascii: "-") ? -value : value
    }

    private static func slowDouble(_ start: UnsafePointer<UInt8>, _ length: Int) -> Double {
        Double(String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)) ?? .infinity
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// For messages: a key can be megabytes long.
    static func clipped(_ text: String) -> String {
        text.utf8.count <= 64 ? text : text.prefix(40) + "…"
    }
}
