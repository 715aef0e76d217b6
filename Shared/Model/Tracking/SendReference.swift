package import Core
package import Crypto

/// One send, as receipts, bounces and replies name it: enough to know whose message it was without looking it up.
package struct SendReference: Hashable, Sendable {
    package let run: RunID
    package let chunk: Int32
    package let ordinal: Int32
    package let endpointKey: Int64
    /// −1 is the holdout, which gets no message.
    package let treatment: Int16

    package init(run: RunID, chunk: Int32, ordinal: Int32, endpointKey: Int64, treatment: Int16) {
        self.run = run
        self.chunk = chunk
        self.ordinal = ordinal
        self.endpointKey = endpointKey
        self.treatment = treatment
    }
}

/// Makes and checks references in the form that goes out with messages: lower-case base32 of
/// `run ‖ endpoint key ‖ varint chunk ‖ varint ordinal ‖ treatment ‖ HMAC-SHA-256[:6]`, 55 to 62 characters, read in any case, so
/// that it fits the local part of an e-mail address behind two characters (RFC 5321: 64), SES tags, and Vonage's client-ref.
///
/// 48 bits of MAC: whoever could guess it may only tell us a fate of a message, at our pace.
package final class SendReferences: Sendable {
    package static let limitCharacters = 62
    private static let macBytes = 6

    private let hmac: HMACSHA256

    package init(masterKey: MasterKey) {
        hmac = HMACSHA256(key: masterKey.derive("send-reference"))
    }

    package func mint(_ send: SendReference) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(40)
        bytes.append(contentsOf: send.run.bytes)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: send.endpointKey >> Int64(shift)))
        }
        Self.append(UInt32(bitPattern: send.chunk), to: &bytes)
        Self.append(UInt32(bitPattern: send.ordinal), to: &bytes)
        bytes.append(UInt8(bitPattern: Int8(truncatingIfNeeded: send.treatment)))
        bytes.append(contentsOf: hmac.authenticate(bytes).prefix(Self.macBytes))
        return Base32.encode(bytes)
    }

    /// Nil for everything that `mint` did not make under this key.
    package func verify(_ text: some StringProtocol) -> SendReference? {
        guard text.utf8.count <= Self.limitCharacters, let bytes = Base32.decode(text),
            bytes.count > 27 + Self.macBytes - 1
        else { return nil }
        let payload = Array(bytes.dropLast(Self.macBytes))
        let expected = Array(hmac.authenticate(payload).prefix(Self.macBytes))
        guard constantTimeEquals(expected, Array(bytes.suffix(Self.macBytes))),
            let run = RunID(bytes: Array(payload[..<16]))
        else { return nil }
        var at = 24
        guard let chunk = Self.varint(payload, &at), let ordinal = Self.varint(payload, &at), at == payload.count - 1
        else { return nil }
        return SendReference(
            run: run, chunk: Int32(bitPattern: chunk), ordinal: Int32(bitPattern: ordinal),
            endpointKey: payload[16..<24].reduce(0) { $0 << 8 | Int64($1) },
            treatment: Int16(Int8(bitPattern: payload[at])))
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func varint(_ bytes: [UInt8], _ at: inout Int) -> UInt32? {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 35, by: 7) {
            guard at < bytes.count else { return nil }
            let byte = bytes[at]
            at += 1
            value |= UInt32(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
