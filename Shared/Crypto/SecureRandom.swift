import COpenSSL

/// Bytes of libcrypto's generator (1.4 µs for 16). For keys, nonces and secrets; ids come from `Environment.random`,
/// which is buffered.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { output, written in
            guard count == 0 || RAND_bytes(output.baseAddress, Int32(count)) == 1 else {
                fatalError("libcrypto has no randomness")
            }
            written = count
        }
    }
}
