import COpenSSL
package import Core

/// A certificate and its key, as a TLS client shows them.
package struct ClientCertificate: Sendable, Equatable {
    /// PEM, the leaf first.
    package let certificates: String
    /// PEM, PKCS#8, not encrypted.
    package let privateKey: String

    /// `certificate` and `privateKey` as PEM; or a PKCS#12 file (`.p12`) in base64 as `certificate`, with its password, and no
    /// `privateKey`. Throws `invalid`; never repeats what it was given.
    package init(certificate: String, privateKey: String?, password: String? = nil) throws(Fault) {
        guard let privateKey else {
            (certificates, self.privateKey) = try Self.unpacked(certificate, password: password ?? "")
            return
        }
        let blocks = PEM.certificates(certificate)
        guard let leaf = blocks.first, let parsed = PEM.read(leaf, { PEM_read_bio_X509($0, nil, nil, nil) }) else {
            ERR_clear_error()
            throw Fault(.invalid, "The certificate cannot be read: it must be PEM")
        }
        defer { X509_free(parsed) }
        let key = try PrivateKey(pem: privateKey)
        guard X509_check_private_key(parsed, key.key) == 1 else {
            ERR_clear_error()
            throw Fault(.invalid, "The private key is not the certificate's")
        }
        certificates = blocks.joined()
        self.privateKey = try Self.keyText(key.key)
    }

    private static func unpacked(_ text: String, password: String) throws(Fault) -> (String, String) {
        let digits = String(decoding: text.utf8.filter { $0 > 0x20 }, as: UTF8.self)
        guard text.utf8.count <= PEM.limitBytes, let bytes = Base64.decode(digits) else {
            throw Fault(.invalid, "The certificate must be PEM with a private key, or a .p12 file in base64")
        }
        let store = bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            return d2i_PKCS12(nil, &at, bytes.count)
        }
        var (key, leaf, chain): (OpaquePointer?, OpaquePointer?, OpaquePointer?)
        let isOpen = store.map { PKCS12_parse($0, password, &key, &leaf, &chain) == 1 } ?? false
        ERR_clear_error()
        defer {
            PKCS12_free(store)
            EVP_PKEY_free(key)
            X509_free(leaf)
            copenssl_free_certificates(chain)
        }
        guard isOpen, let key, let leaf else {
            throw Fault(.invalid, "The .p12 file cannot be opened: wrong password, or no key in it")
        }
        var certificates = try written(leaf, PEM_write_bio_X509)
        for place in 0..<min(copenssl_count_certificates(chain), 10) {
            if let next = copenssl_certificate(chain, place) { certificates += try written(next, PEM_write_bio_X509) }
        }
        return (certificates, try keyText(key))
    }

    private static func keyText(_ key: OpaquePointer) throws(Fault) -> String {
        try written(key) { PEM_write_bio_PrivateKey($0, $1, nil, nil, 0, nil, nil) }
    }

    private static func written(
        _ value: OpaquePointer, _ write: (OpaquePointer?, OpaquePointer?) -> Int32
    ) throws(Fault) -> String {
        guard let output = BIO_new(BIO_s_mem()) else { throw Fault(.internalError, "libcrypto is out of memory") }
        defer { BIO_free(output) }
        var bytes = [UInt8](repeating: 0, count: PEM.limitBytes)
        guard write(output, value) == 1, case let count = BIO_read(output, &bytes, Int32(bytes.count)), count > 0 else {
            throw Fault(.internalError, "libcrypto cannot write a key")
        }
        return String(decoding: bytes[..<Int(count)], as: UTF8.self)
    }
}
