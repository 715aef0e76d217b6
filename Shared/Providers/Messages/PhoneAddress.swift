/// Phone numbers as providers take them.
package enum PhoneAddress {
    /// E.164 with `+`, of a number written with `+` or `00` and any of the usual marks between its digits; nil for anything else. A
    /// number without either could be of any country.
    package static func normalized(_ text: String) -> String? {
        var digits: [UInt8] = []
        var isInternational = false
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: digits.append(byte)
            case UInt8(ascii: "+"):
                guard digits.isEmpty, !isInternational else { return nil }
                isInternational = true
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"),
                UInt8(ascii: "/"):
                break
            case _: return nil
            }
        }
        if !isInternational {
            guard digits.starts(with: [0x30, 0x30]) else { return nil }
            digits.removeFirst(2)
        }
        guard (8...15).contains(digits.count), digits.first != 0x30 else { return nil }
        return "+\(String(decoding: digits, as: UTF8.self))"
    }
}
