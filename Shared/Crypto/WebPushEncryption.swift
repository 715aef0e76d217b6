package import Core

/// Message encryption for Web Push (RFC 8291) in one record of the content coding `aes128gcm` (RFC 8188).
package struct WebPushEncryption: Sendable {
    /// The record that is announced; a body is at most as long, header included.
    package static let recordBytes = 4096
    /// 4096 less header (86), delimiter (1) and tag (16).
    package static let plaintextLimitBytes = 3993

    /// The browser's public key, `p256dh` of the subscription: an uncompressed point.
    private let receiver: [UInt8]
    /// `auth` of the subscription: 16 bytes.
    private let secret: [UInt8]

    /// Throws `invalid` for keys of wrong length.
    package init(receiver: [UInt8], secret: [UInt8]) throws(Fault) {
        guard receiver.count == 65, receiver.first == 4 else {
            throw Fault(.invalid, "keys.p256dh must be an uncompressed point of 65 bytes")
        }
        guard secret.count == 16 else { throw Fault(.invalid, "keys.auth must have 16 bytes") }
        self.receiver = receiver
        self.secret = secret
    }

    /// A body for one message, under a key pair of its own.
    package func seal(_ plaintext: [UInt8]) throws(Fault) -> [UInt8] {
        try seal(plaintext, sender: PrivateKey.p256(), salt: SecureRandom.bytes(16))
    }

    func seal(_ plaintext: [UInt8], sender: PrivateKey, salt: [UInt8]) throws(Fault) -> [UInt8] {
        guard plaintext.count <= Self.plaintextLimitBytes else {
            throw Fault(.invalid, "a message may have \(Self.plaintextLimitBytes) bytes, not \(plaintext.count)")
        }
        let keys = try Keys(self, sender: sender, salt: salt)
        let point = sender.publicPoint
        let size = UInt32(Self.recordBytes)
        var body = salt
        body.reserveCapacity(plaintext.count + 103)
        for shift in stride(from: 24, through: 0, by: -8) {
            body.append(UInt8(truncatingIfNeeded: size >> UInt32(shift)))
        }
        body.append(UInt8(point.count))
        body += point
        // 2: the delimiter of the last record.
        return body + (try AES128GCM.seal(plaintext + [2], key: keys.contentKey, nonce: keys.nonce))
    }

    /// The intermediate values of RFC 8291 §3.4, by their names there.
    struct Keys {
        let agreed: [UInt8]
        let pseudorandomKey: [UInt8]
        let inputKey: [UInt8]
        let saltedKey: [UInt8]
        let contentKey: [UInt8]
        let nonce: [UInt8]

        init(_ message: WebPushEncryption, sender: PrivateKey, salt: [UInt8]) throws(Fault) {
            agreed = try sender.agree(with: message.receiver)
            pseudorandomKey = HMACSHA256.authenticate(agreed, key: message.secret)
            let info = Array("WebPush: info\0".utf8) + message.receiver + sender.publicPoint
            inputKey = HMACSHA256.authenticate(info + [1], key: pseudorandomKey)
            saltedKey = HMACSHA256.authenticate(inputKey, key: salt)
            let expander = HMACSHA256(key: saltedKey)
            contentKey = Array(expander.authenticate(Array("Content-Encoding: aes128gcm\0".utf8) + [1]).prefix(16))
            nonce = Array(expander.authenticate(Array("Content-Encoding: nonce\0".utf8) + [1]).prefix(12))
        }
    }
}
