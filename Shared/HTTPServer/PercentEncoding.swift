/// Percent-decoding as RFC 3986 has it: `+` stays `+`, because SDKs write a space as `%20`.
package enum PercentEncoding {
    /// `nil` for a broken `%` triplet, bytes that are not UTF-8, and NUL (Postgres cannot store it).
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(HTTPBytes.hexDigit),
                let low = iterator.next().flatMap(HTTPBytes.hexDigit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
