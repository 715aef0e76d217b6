import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let byteCount = 32
    // SAFETY: a fetched EVP_MD is immutable and reference-counted; libcrypto shares it between threads.
    nonisolated(unsafe) private static let algorithm = MessageDigest.fetch("SHA256")

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        MessageDigest.hash(bytes, algorithm, byteCount: byteCount)
    }

    /// The digest's first 16 bytes as two big-endian words: keys and ids are made of no more, and this allocates nothing.
    package static func words(_ bytes: [UInt8]) -> (UInt64, UInt64) {
        bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: byteCount / 8) { words in
                guard EVP_Digest(bytes.baseAddress, bytes.count, words.baseAddress, nil, algorithm, nil) == 1 else {
                    fatalError("libcrypto cannot hash")
                }
                return (UInt64(bigEndian: words[0]), UInt64(bigEndian: words[1]))
            }
        }
    }
}

/// SHA-512 (FIPS 180-4).
package enum SHA512 {
    package static let byteCount = 64
    // SAFETY: as for SHA256.
    nonisolated(unsafe) private static let algorithm = MessageDigest.fetch("SHA512")

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { MessageDigest.hash($0, algorithm, byteCount: byteCount) }
    }
}

/// SHA-1 (FIPS 180-4). Broken for signatures; only for formats that demand it.
package enum SHA1 {
    package static let byteCount = 20
    // SAFETY: as for SHA256.
    nonisolated(unsafe) private static let algorithm = MessageDigest.fetch("SHA1")

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { MessageDigest.hash($0, algorithm, byteCount: byteCount) }
    }
}

/// MD5 (RFC 1321). Broken as a security measure; only for formats that demand it (template helpers, content checksums).
package enum MD5 {
    package static let byteCount = 16
    // SAFETY: as for SHA256.
    nonisolated(unsafe) private static let algorithm = MessageDigest.fetch("MD5")

    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { MessageDigest.hash($0, algorithm, byteCount: byteCount) }
    }
}

/// What the digests share: fetched once, because the implicit fetch of `EVP_sha256()` costs 0.2 µs a call.
enum MessageDigest {
    static func fetch(_ name: String) -> OpaquePointer {
        guard let algorithm = EVP_MD_fetch(nil, name, nil) else { fatalError("libcrypto has no \(name)") }
        return algorithm
    }

    static func hash(_ bytes: UnsafeRawBufferPointer, _ algorithm: OpaquePointer, byteCount: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            guard EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, nil, algorithm, nil) == 1 else {
                fatalError("libcrypto cannot hash")
            }
            count = byteCount
        }
    }
}
