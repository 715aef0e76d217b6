/// HMAC (RFC 2104) over any of the digests here, for formats that let their users choose. SHA-256 has a faster one, `HMACSHA256`.
package enum HMACDigest: String, Sendable, CaseIterable {
    case md5
    case sha1
    case sha256
    case sha512

    package func hash(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .md5: MD5.hash(bytes)
        case .sha1: SHA1.hash(bytes)
        case .sha256: SHA256.hash(bytes)
        case .sha512: SHA512.hash(bytes)
        }
    }

    private var blockBytes: Int { self == .sha512 ? 128 : 64 }

    package func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > blockBytes ? hash(key) : key
        let block = short + [UInt8](repeating: 0, count: blockBytes - short.count)
        return hash(block.map { $0 ^ 0x5C } + hash(block.map { $0 ^ 0x36 } + message))
    }
}
