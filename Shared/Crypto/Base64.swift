/// RFC 4648 §4, with padding.
package enum Base64 {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        Base64Alphabet.standard.encode(bytes, padded: true)
    }

    /// Strict: nil for any other byte, wrong padding, or bits set behind the last byte.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        for _ in 0..<2 where digits.last == 0x3D { digits.removeLast() }
        return Base64Alphabet.standard.decode(digits)
    }
}

extension Base64 {
    /// Lines of 76 characters, each ended by CRLF (RFC 2045 §6.8).
    package static func appendLines(_ source: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + source.count / 57 * 78 + 80)
        var at = 0
        while at < source.count {
            let end = min(source.count, at + 57)
            bytes.append(contentsOf: encode(source[at..<end]).utf8)
            bytes.append(0x0D)
            bytes.append(0x0A)
            at = end
        }
    }
}

/// RFC 4648 §5, without padding.
package enum Base64URL {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        Base64Alphabet.urlSafe.encode(bytes, padded: false)
    }

    /// Strict: nil for padding, any other byte, or bits set behind the last byte, so that each value has one spelling.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        Base64Alphabet.urlSafe.decode(Array(text.utf8))
    }
}

private struct Base64Alphabet: Sendable {
    static let standard = Base64Alphabet(last: "+/")
    static let urlSafe = Base64Alphabet(last: "-_")

    private let digits: [UInt8]
    /// By byte; 255 = no digit.
    private let values: [UInt8]

    private init(last: String) {
        digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        self.values = values
    }

    func encode(_ bytes: some Collection<UInt8>, padded: Bool) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { output in
            var length = 0
            var word: UInt32 = 0
            var pending = 0
            for byte in bytes {
                word = word << 8 | UInt32(byte)
                pending += 8
                while pending >= 6 {
                    pending -= 6
                    output[length] = digits[Int(word >> UInt32(pending)) & 63]
                    length += 1
                }
            }
            if pending > 0 {
                output[length] = digits[Int(word << UInt32(6 - pending)) & 63]
                length += 1
            }
            while padded, length % 4 != 0 {
                output[length] = 0x3D
                length += 1
            }
            return length
        }
    }

    func decode(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var word: UInt32 = 0
        var pending = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value != 255 else { return nil }
            word = word << 6 | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(pending)))
            }
        }
        return word & ((1 << UInt32(pending)) - 1) == 0 ? bytes : nil
    }
}
