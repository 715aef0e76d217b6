import COpenSSL

/// HMAC-SHA-256 (RFC 2104). One-shot as a static function; many messages under one key through `init(key:)`, which costs half.
package final class HMACSHA256: @unchecked Sendable {
    // SAFETY: `keyed` is never changed after `init`; every message works on a duplicate of its own.
    private let keyed: OpaquePointer

    package init(key: [UInt8]) {
        guard let context = EVP_MAC_CTX_new(MessageAuthentication.hmac) else {
            fatalError("libcrypto cannot make an HMAC")
        }
        keyed = context
        MessageAuthentication.start(context, key: key)
    }

    deinit {
        EVP_MAC_CTX_free(keyed)
    }

    package func authenticate(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { authenticate($0) }
    }

    package func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        guard let context = EVP_MAC_CTX_dup(keyed) else { fatalError("libcrypto cannot copy an HMAC") }
        defer { EVP_MAC_CTX_free(context) }
        return MessageAuthentication.finish(context, message)
    }

    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        HMACSHA256(key: key).authenticate(message)
    }
}

private enum MessageAuthentication {
    // SAFETY: a fetched EVP_MAC is immutable; libcrypto shares it between threads.
    nonisolated(unsafe) static let hmac: OpaquePointer = {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { fatalError("libcrypto has no HMAC") }
        return algorithm
    }()

    private static let digestKey: StaticString = "digest"
    private static let digestName: StaticString = "SHA256"

    // SAFETY: libcrypto keeps the pointers it is given, so they must outlive the call: both texts are constants of the
    // program, with a NUL behind them (a `String` passed to C is gone when the call returns). Nothing writes to them.
    nonisolated(unsafe) private static let parameters: [OSSL_PARAM] = {
        let key = UnsafeRawPointer(digestKey.utf8Start).assumingMemoryBound(to: CChar.self)
        let name = UnsafeMutableRawPointer(mutating: digestName.utf8Start).assumingMemoryBound(to: CChar.self)
        return [OSSL_PARAM_construct_utf8_string(key, name, 0), OSSL_PARAM_construct_end()]
    }()

    static func start(_ context: OpaquePointer, key: [UInt8]) {
        // An empty key is legal (RFC 2104); libcrypto reads a null pointer as "keep the old key". Keys are padded with zeros,
        // so that one zero is the same key.
        let key = key.isEmpty ? [0] : key
        guard EVP_MAC_init(context, key, key.count, parameters) == 1 else { fatalError("libcrypto cannot key an HMAC") }
    }

    static func finish(_ context: OpaquePointer, _ message: UnsafeRawBufferPointer) -> [UInt8] {
        let bytes = message.bindMemory(to: UInt8.self)
        return [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { output, count in
            count = 0
            guard EVP_MAC_update(context, bytes.baseAddress, bytes.count) == 1,
                EVP_MAC_final(context, output.baseAddress, &count, SHA256.byteCount) == 1
            else { fatalError("libcrypto cannot compute an HMAC") }
        }
    }
}

/// Whether both are equal, in a time that depends on their lengths only.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// As for bytes; of the UTF-8 form.
package func constantTimeEquals(_ left: String, _ right: String) -> Bool {
    constantTimeEquals(Array(left.utf8), Array(right.utf8))
}
