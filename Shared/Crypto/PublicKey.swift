import COpenSSL
package import Core

/// Somebody else's key, for checking what they signed: RSA (RSASSA-PKCS1-v1_5, RFC 8017 §8.2) or ECDSA with its signature in DER.
package final class PublicKey: @unchecked Sendable {
    // SAFETY: an EVP_PKEY is reference-counted and never changed after `init`; every check works in a context of its own.
    private let key: OpaquePointer

    package enum Hash: String, Sendable {
        /// Broken; only for formats that demand it.
        case sha1 = "SHA1"
        case sha256 = "SHA256"
    }

    /// Longest key or certificate that is looked at: RSA of 8192 bits has 1 KB.
    private static let limitBytes = 64 << 10

    /// `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1.2.7). Nil for anything else.
    package init?(spki: [UInt8]) {
        guard (1...Self.limitBytes).contains(spki.count) else { return nil }
        let key = spki.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_PUBKEY(nil, &at, bytes.count)
        }
        ERR_clear_error()
        guard let key else { return nil }
        self.key = key
    }

    /// The key of a certificate in PEM that is valid at `now`. Who issued it is not looked at: it was fetched from whom it is of.
    package init?(certificate pem: [UInt8], validAt now: Instant) {
        guard (1...Self.limitBytes).contains(pem.count), let input = BIO_new_mem_buf(pem, Int32(pem.count)) else {
            return nil
        }
        defer { BIO_free(input) }
        let certificate = PEM_read_bio_X509(input, nil, { _, _, _, _ in -1 }, nil)
        ERR_clear_error()
        guard let certificate else { return nil }
        defer { X509_free(certificate) }
        var time = time_t(now.seconds)
        // −1: before `time`, 1: after it, 0: not readable.
        guard X509_cmp_time(X509_get0_notBefore(certificate), &time) < 0,
            X509_cmp_time(X509_get0_notAfter(certificate), &time) > 0, let key = X509_get_pubkey(certificate)
        else { return nil }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    package var isRSA: Bool { EVP_PKEY_is_a(key, "RSA") == 1 }
    package var isEllipticCurve: Bool { EVP_PKEY_is_a(key, "EC") == 1 }

    package func verifies(_ signature: [UInt8], of message: [UInt8], hash: Hash = .sha256) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        guard EVP_DigestVerifyInit_ex(context, nil, hash.rawValue, nil, nil, key, nil) == 1 else { return false }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
