import COpenSSL
package import Core

/// A private key that signs mail: RSA (RFC 6376, RFC 8301) or Ed25519 (RFC 8463).
package final class DKIMKey: @unchecked Sendable {
    // SAFETY: an EVP_PKEY is reference-counted and never changed after `init`; every signature works in a context of its own.
    private let key: OpaquePointer
    /// `a=` of the signature.
    package let algorithm: String
    private let isRSA: Bool

    /// RFC 8301 §3.2: verifiers need not take less than 1024 bits, nor more than 4096; 2048 is what is asked for today, and a longer key
    /// no longer fits one DNS string.
    private static let rsaBits: ClosedRange<Int32> = 1024...4096

    /// PEM without a passphrase, PKCS#8 or the older form. Throws `configuration`; never repeats the key.
    package init(pem text: String) throws(Fault) {
        guard let block = PEM.block(text, label: "PRIVATE KEY") else { throw Self.unreadable }
        let key = PEM.read(block) { copenssl_read_private_key($0) }
        ERR_clear_error()
        guard let key else { throw Self.unreadable }
        if EVP_PKEY_is_a(key, "RSA") == 1, Self.rsaBits.contains(EVP_PKEY_get_bits(key)) {
            (isRSA, algorithm) = (true, "rsa-sha256")
        } else if EVP_PKEY_is_a(key, "ED25519") == 1 {
            (isRSA, algorithm) = (false, "ed25519-sha256")
        } else {
            EVP_PKEY_free(key)
            throw Fault(.configuration, "the DKIM key must be of RSA with 1024 to 4096 bits, or of Ed25519")
        }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// Of the canonical header fields. Ed25519 signs their SHA-256 (RFC 8463 §3); RSA hashes them itself.
    package func sign(_ data: [UInt8]) throws(Fault) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw Self.failed }
        defer { EVP_MD_CTX_free(context) }
        let input = isRSA ? data : SHA256.hash(data)
        guard EVP_DigestSignInit_ex(context, nil, isRSA ? "SHA256" : nil, nil, nil, key, nil) == 1 else {
            throw Self.failed
        }
        var count = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &signature, &count, input, input.count) == 1 else { throw Self.failed }
        signature.removeSubrange(count...)
        return signature
    }

    /// The TXT record that verifiers look up at `selector._domainkey.domain`.
    package var record: String {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key, &bytes)
        guard count > 0, let bytes else { return "" }
        defer { CRYPTO_free(bytes, #fileID, #line) }
        let encoded = Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
        // RFC 8463 §4: the 32 bytes alone.
        return isRSA
            ? "v=DKIM1; k=rsa; p=\(Base64.encode(encoded))"
            : "v=DKIM1; k=ed25519; p=\(Base64.encode(encoded.suffix(32)))"
    }

    private static var unreadable: Fault {
        Fault(.configuration, "the DKIM key cannot be read: it must be a private key in PEM without a passphrase")
    }
    private static var failed: Fault { Fault(.internalError, "libcrypto cannot sign with the DKIM key") }
}
