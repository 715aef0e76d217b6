import COpenSSL
package import Core

/// A private key for signatures and key agreement: P-256 or RSA.
package final class PrivateKey: @unchecked Sendable {
    // SAFETY: an EVP_PKEY is reference-counted and never changed after `init`; every operation works in a context of its own.
    let key: OpaquePointer

    package enum Kind: Sendable {
        case p256
        case rsa
    }

    package let kind: Kind

    /// RSA keys are taken up to 8192 bits: a signature's time grows with the cube.
    private static let rsaBits: ClosedRange<Int32> = 2048...8192

    /// PEM as providers hand it out: PKCS#8 or the older forms, not encrypted. Lines may be gone, as web forms lose them, and so may the
    /// lines of `BEGIN` and `END`. Throws `invalid`; never repeats the key.
    package convenience init(pem text: String) throws(Fault) {
        guard let block = PEM.block(text, label: "PRIVATE KEY") else { throw Self.unreadable }
        let key = PEM.read(block) { copenssl_read_private_key($0) }
        ERR_clear_error()
        guard let key else { throw Self.unreadable }
        try self.init(taking: key)
    }

    /// A P-256 key by its 32 bytes (RFC 7518 §6.2.2), as tools for Web Push print it.
    package convenience init(p256Scalar scalar: [UInt8]) throws(Fault) {
        guard scalar.count == 32 else {
            throw Fault(.invalid, "A private key of P-256 has 32 bytes, not \(scalar.count)")
        }
        let der = Self.scalarPrefix + scalar + Self.scalarSuffix
        let key = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &at, bytes.count)
        }
        ERR_clear_error()
        guard let key else { throw Self.unreadable }
        try self.init(taking: key)
    }

    /// A new one.
    package static func p256() throws(Fault) -> PrivateKey {
        guard let key = copenssl_generate_p256() else { throw Fault(.internalError, "libcrypto cannot make a key") }
        return try PrivateKey(taking: key)
    }

    init(taking key: OpaquePointer) throws(Fault) {
        self.key = key
        if EVP_PKEY_is_a(key, "RSA") == 1, Self.rsaBits.contains(EVP_PKEY_get_bits(key)) {
            kind = .rsa
        } else if EVP_PKEY_is_a(key, "EC") == 1, EC.isP256(key) {
            kind = .p256
        } else {
            throw Fault(.invalid, "The private key is neither of P-256 nor of RSA with 2048 to 8192 bits")
        }
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// The uncompressed point `04 ‖ X ‖ Y` of a P-256 key.
    package var publicPoint: [UInt8] { EC.point(of: key) }

    /// SHA-256 with ECDSA or RSASSA-PKCS1-v1_5, in the form of JWS: `r ‖ s` of 32 bytes each for ECDSA (RFC 7518 §3.3, 3.4).
    package func sign(_ message: [UInt8]) throws(Fault) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw Self.failed }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit_ex(context, nil, "SHA256", nil, nil, key, nil) == 1 else { throw Self.failed }
        var count = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else { throw Self.failed }
        signature.removeSubrange(count...)
        guard kind == .p256 else { return signature }
        guard let raw = EC.raw(signature) else { throw Self.failed }
        return raw
    }

    /// ECDH (SP 800-56A §5.7.1.2): the X of the shared point, 32 bytes. Throws `invalid` when `point` is no point of P-256.
    package func agree(with point: [UInt8]) throws(Fault) -> [UInt8] {
        guard kind == .p256, let peer = EC.publicKey(point) else {
            throw Fault(.invalid, "The other side's key is not a point of P-256")
        }
        defer { EVP_PKEY_free(peer) }
        guard let context = EVP_PKEY_CTX_new(key, nil) else { throw Self.failed }
        defer { EVP_PKEY_CTX_free(context) }
        var count = 32
        var secret = [UInt8](repeating: 0, count: count)
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1,
            EVP_PKEY_derive(context, &secret, &count) == 1, count == 32
        else { throw Self.failed }
        return secret
    }

    private static var unreadable: Fault {
        Fault(.invalid, "The private key cannot be read: it must be PEM without a passphrase")
    }
    private static var failed: Fault { Fault(.internalError, "libcrypto cannot use the private key") }

    /// `ECPrivateKey` of RFC 5915 around the scalar, with the curve and without the point, which libcrypto computes.
    private static let scalarPrefix: [UInt8] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20]
    private static let scalarSuffix: [UInt8] = [
        0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07,
    ]
}

/// Points and signatures of P-256 as bytes.
enum EC {
    /// `SubjectPublicKeyInfo` of P-256 up to the point (RFC 5480).
    private static let prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
        0xCE,
        0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    static func isP256(_ key: OpaquePointer) -> Bool { encoded(key).starts(with: prefix) }
    static func point(of key: OpaquePointer) -> [UInt8] { Array(encoded(key).suffix(65)) }

    /// libcrypto checks that the point lies on the curve. The caller frees it.
    static func publicKey(_ point: [UInt8]) -> OpaquePointer? {
        guard point.count == 65, point.first == 4 else { return nil }
        let key = (prefix + point).withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_PUBKEY(nil, &at, bytes.count)
        }
        ERR_clear_error()
        return key
    }

    /// `r ‖ s` of the DER form.
    static func raw(_ der: [UInt8]) -> [UInt8]? {
        let signature = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_ECDSA_SIG(nil, &at, bytes.count)
        }
        guard let signature else { return nil }
        defer { ECDSA_SIG_free(signature) }
        var raw = [UInt8](repeating: 0, count: 64)
        let isWritten = raw.withUnsafeMutableBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return false }
            return BN_bn2binpad(ECDSA_SIG_get0_r(signature), base, 32) == 32
                && BN_bn2binpad(ECDSA_SIG_get0_s(signature), base + 32, 32) == 32
        }
        return isWritten ? raw : nil
    }

    private static func encoded(_ key: OpaquePointer) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key, &bytes)
        guard count > 0, let bytes else { return [] }
        defer { CRYPTO_free(bytes, #fileID, #line) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
