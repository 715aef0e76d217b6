/// HMAC-SHA-1 (RFC 2104). Only for formats that demand it: as a MAC it stands, but nothing new is built on it.
package enum HMACSHA1 {
    private static let blockBytes = 64

    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > blockBytes ? SHA1.hash(key) : key
        let block = short + [UInt8](repeating: 0, count: blockBytes - short.count)
        let inner = SHA1.hash(block.map { $0 ^ 0x36 } + message)
        return SHA1.hash(block.map { $0 ^ 0x5C } + inner)
    }
}
