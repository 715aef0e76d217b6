/// Base64 as mail wants it (RFC 2045 §6.8).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func append(_ source: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        var at = source.startIndex
        while at + 2 < source.endIndex {
            let word = Int(source[at]) << 16 | Int(source[at + 1]) << 8 | Int(source[at + 2])
            bytes.append(alphabet[word >> 18])
            bytes.append(alphabet[word >> 12 & 63])
            bytes.append(alphabet[word >> 6 & 63])
            bytes.append(alphabet[word & 63])
            at += 3
        }
        guard at < source.endIndex else { return }
        let second = at + 1 < source.endIndex ? Int(source[at + 1]) : nil
        let word = Int(source[at]) << 16 | (second ?? 0) << 8
        bytes.append(alphabet[word >> 18])
        bytes.append(alphabet[word >> 12 & 63])
        bytes.append(second == nil ? 0x3D : alphabet[word >> 6 & 63])
        bytes.append(0x3D)
    }

    /// Lines of 76 characters, each ended by CRLF.
    static func appendLines(_ source: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + source.count / 57 * 78 + 80)
        var at = 0
        while at < source.count {
            let end = min(source.count, at + 57)
            append(source[at..<end], to: &bytes)
            bytes.append(0x0D)
            bytes.append(0x0A)
            at = end
        }
    }
}
