import COpenSSL
package import Core

/// AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce: `nonce ‖ ciphertext ‖ tag`.
///
/// A key may seal 2^32 messages before random nonces get too likely to collide.
package enum AESGCM {
    package static let keyByteCount = 32
    package static let nonceByteCount = 12
    package static let tagByteCount = 16

    /// `aad` is not stored; `open` needs the same. `nonce` is for known-answer tests only.
    package static func seal(
        _ plaintext: [UInt8], key: [UInt8], aad: [UInt8], nonce: [UInt8]? = nil
    ) throws(Fault) -> [UInt8] {
        let nonce = nonce ?? SecureRandom.bytes(nonceByteCount)
        let cipher = try Cipher(key: key, nonce: nonce, encrypts: true)
        try cipher.authenticate(aad)
        let ciphertext = try cipher.update(plaintext)
        guard cipher.finish() else { throw Fault(.internalError, "libcrypto cannot seal") }
        return nonce + ciphertext + (try cipher.tag())
    }

    /// Throws `integrity` for a wrong key, other `aad`, or any changed byte; nothing of the plaintext gets out.
    package static func open(_ sealed: [UInt8], key: [UInt8], aad: [UInt8]) throws(Fault) -> [UInt8] {
        guard sealed.count >= nonceByteCount + tagByteCount else { throw Self.refusal }
        let body = sealed.dropFirst(nonceByteCount).dropLast(tagByteCount)
        let cipher = try Cipher(key: key, nonce: Array(sealed.prefix(nonceByteCount)), encrypts: false)
        try cipher.authenticate(aad)
        let plaintext = try cipher.update(Array(body))
        try cipher.expect(tag: Array(sealed.suffix(tagByteCount)))
        guard cipher.finish() else { throw Self.refusal }
        return plaintext
    }

    private static var refusal: Fault {
        Fault(.integrity, "A sealed value cannot be opened: wrong key, or it was changed or moved")
    }
}

/// AES-128-GCM under a key that seals one message, as Web Push has it (RFC 8188): `ciphertext ‖ tag`.
package enum AES128GCM {
    package static func seal(_ plaintext: [UInt8], key: [UInt8], nonce: [UInt8]) throws(Fault) -> [UInt8] {
        guard key.count == 16 else { throw Fault(.invalid, "An AES-128 key has 16 bytes") }
        let cipher = try Cipher(key: key, nonce: nonce, EVP_aes_128_gcm(), encrypts: true)
        let ciphertext = try cipher.update(plaintext)
        guard cipher.finish() else { throw Fault(.internalError, "libcrypto cannot seal") }
        return ciphertext + (try cipher.tag())
    }
}

/// One EVP cipher context; lives for one message.
private final class Cipher {
    private let context: OpaquePointer

    convenience init(key: [UInt8], nonce: [UInt8], encrypts: Bool) throws(Fault) {
        guard key.count == AESGCM.keyByteCount else { throw Fault(.invalid, "An AES-256 key has 32 bytes") }
        try self.init(key: key, nonce: nonce, EVP_aes_256_gcm(), encrypts: encrypts)
    }

    init(key: [UInt8], nonce: [UInt8], _ algorithm: OpaquePointer?, encrypts: Bool) throws(Fault) {
        guard nonce.count == AESGCM.nonceByteCount else { throw Fault(.invalid, "A GCM nonce has 12 bytes") }
        guard let context = EVP_CIPHER_CTX_new() else { throw Fault(.internalError, "libcrypto is out of memory") }
        self.context = context
        guard EVP_CipherInit_ex(context, algorithm, nil, key, nonce, encrypts ? 1 : 0) == 1 else {
            throw Fault(.internalError, "libcrypto has no AES-GCM")
        }
    }

    deinit {
        EVP_CIPHER_CTX_free(context)
    }

    func authenticate(_ aad: [UInt8]) throws(Fault) {
        guard !aad.isEmpty else { return }
        var count: Int32 = 0
        guard EVP_CipherUpdate(context, nil, &count, aad, Int32(aad.count)) == 1 else {
            throw Fault(.internalError, "libcrypto cannot authenticate")
        }
    }

    func update(_ bytes: [UInt8]) throws(Fault) -> [UInt8] {
        guard !bytes.isEmpty else { return [] }
        var output = [UInt8](repeating: 0, count: bytes.count)
        var count: Int32 = 0
        guard EVP_CipherUpdate(context, &output, &count, bytes, Int32(bytes.count)) == 1, count == bytes.count else {
            throw Fault(.internalError, "libcrypto cannot encrypt")
        }
        return output
    }

    func expect(tag: [UInt8]) throws(Fault) {
        var tag = tag
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else {
            throw Fault(.internalError, "libcrypto cannot set a tag")
        }
    }

    func tag() throws(Fault) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: AESGCM.tagByteCount)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1 else {
            throw Fault(.internalError, "libcrypto cannot give a tag")
        }
        return tag
    }

    /// False when the tag does not match.
    func finish() -> Bool {
        var rest = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        return EVP_CipherFinal_ex(context, &rest, &count) == 1
    }
}
