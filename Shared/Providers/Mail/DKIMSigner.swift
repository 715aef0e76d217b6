package import Core
package import Crypto
import EventLoop
import Glibc

/// Puts `DKIM-Signature` fields before composed messages (RFC 6376), one per key: relaxed/relaxed, `From` oversigned so that no second
/// one can be added.
///
/// RSA-2048 costs about 0.6 ms of CPU a message, Ed25519 a twentieth: call it aside, never on the loop.
package final class DKIMSigner: Sendable {
    package struct Identity: Sendable {
        package let selector: String
        package let key: DKIMKey

        package init(selector: String, key: DKIMKey) {
            self.selector = selector
            self.key = key
        }
    }

    private struct Body {
        let bytes: [UInt8]
        let hash: String
    }

    /// Fields that are signed where they are (reference: RFC 6376 §5.4.1; the list headers because RFC 8058 §4 wants it).
    private static let signed = [
        "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
        "reply-to", "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id", "auto-submitted",
        "x-needletail-reference",
    ]
    private static let signedNames = Set(signed)
    /// Variants of one campaign whose body is the same for everybody. A message with links of its own is never the same.
    private static let bodiesKept = 8
    private static let bodyLimitBytes = 256 << 10

    package let domain: String
    private let identities: [Identity]
    private let bodies = Lock<(kept: [Body], next: Int)>(([], 0))

    package init(domain: String, identities: [Identity]) {
        self.domain = domain
        self.identities = identities
    }

    /// The message with its signatures before it. `at`: real time; it is what `t=` says.
    package func sign(_ message: [UInt8], at now: Instant) throws(Fault) -> [UInt8] {
        let (fields, bodyStart) = Self.fields(of: message)
        let bodyHash = hash(of: message[bodyStart...])
        var signatures: [UInt8] = []
        for identity in identities { signatures += try signature(identity, fields, bodyHash, now) }
        return signatures + message
    }

    private func signature(
        _ identity: Identity, _ fields: [(name: String, range: ArraySlice<UInt8>)], _ bodyHash: String, _ now: Instant
    ) throws(Fault) -> [UInt8] {
        var data: [UInt8] = []
        data.reserveCapacity(2048)
        var names: [String] = []
        // Fields of one name are taken from the bottom up (§5.4.2).
        for (name, bytes) in fields.reversed() where Self.signedNames.contains(name) {
            names.append(name)
            DKIMCanonical.appendField(name, bytes, to: &data)
        }
        // Once more than there are: a second one would break the signature.
        names.append("from")
        var header =
            "DKIM-Signature: v=1; a=\(identity.key.algorithm); c=relaxed/relaxed; d=\(domain);\r\n"
            + " s=\(identity.selector); t=\(now.seconds);\r\n h="
        var column = 3
        for (place, name) in names.enumerated() {
            if column + name.utf8.count > 70 {
                header += "\r\n "
                column = 1
            }
            header += place + 1 == names.count ? "\(name);" : "\(name):"
            column += name.utf8.count + 1
        }
        header += "\r\n bh=\(bodyHash);\r\n b="
        // Its own field goes last, without its line end and with an empty `b=` (§3.7).
        let own = Array(header.utf8)
        DKIMCanonical.appendField("dkim-signature", own["DKIM-Signature:".utf8.count...], to: &data)
        data.removeLast(2)
        let encoded = Array(Base64.encode(try identity.key.sign(data)).utf8)
        var bytes = own
        for start in stride(from: 0, to: encoded.count, by: 70) {
            if start > 0 { bytes += [0x0D, 0x0A, 0x20] }
            bytes += encoded[start..<min(start + 70, encoded.count)]
        }
        return bytes + [0x0D, 0x0A]
    }

    // MARK: Body

    private func hash(of body: ArraySlice<UInt8>) -> String {
        let known = bodies.withLock { bodies in bodies.kept.first { Self.isSame($0.bytes, body) }?.hash }
        if let known { return known }
        let hash = Base64.encode(SHA256.hash(DKIMCanonical.body(body)))
        if body.count <= Self.bodyLimitBytes {
            let entry = Body(bytes: Array(body), hash: hash)
            bodies.withLock { bodies in
                if bodies.kept.count < Self.bodiesKept {
                    bodies.kept.append(entry)
                } else {
                    bodies.kept[bodies.next] = entry
                    bodies.next = (bodies.next + 1) % Self.bodiesKept
                }
            }
        }
        return hash
    }

    private static func isSame(_ kept: [UInt8], _ body: ArraySlice<UInt8>) -> Bool {
        guard kept.count == body.count else { return false }
        return kept.withUnsafeBytes { kept in
            body.withUnsafeBytes { body in
                guard let left = kept.baseAddress, let right = body.baseAddress else { return true }
                return memcmp(left, right, kept.count) == 0
            }
        }
    }

    // MARK: Header fields

    /// Name in lower case and what stands behind the colon, with its line end; and where the body begins.
    static func fields(of message: [UInt8]) -> (fields: [(name: String, range: ArraySlice<UInt8>)], bodyStart: Int) {
        var fields: [(name: String, range: ArraySlice<UInt8>)] = []
        var start = 0
        while start < message.count {
            if message[start] == 0x0D { return (fields, min(start + 2, message.count)) }
            var end = Self.lineEnd(message, from: start)
            while end < message.count, message[end] == 0x20 || message[end] == 0x09 {
                end = Self.lineEnd(message, from: end)
            }
            if let colon = message[start..<end].firstIndex(of: 0x3A) {
                let name = String(decoding: message[start..<colon], as: UTF8.self).lowercased()
                fields.append((name, message[(colon + 1)..<end]))
            }
            start = end
        }
        return (fields, message.count)
    }

    /// Behind the line feed.
    private static func lineEnd(_ message: [UInt8], from start: Int) -> Int {
        (message[start...].firstIndex(of: 0x0A) ?? message.count - 1) + 1
    }
}

/// The relaxed forms (RFC 6376 §3.4.2, §3.4.4).
enum DKIMCanonical {
    /// `name:value CRLF`: unfolded, blanks in a row made one, none at either end.
    static func appendField(_ name: String, _ value: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(0x3A)
        let start = bytes.count
        for byte in value {
            switch byte {
            case 0x0D, 0x0A: continue
            case 0x20, 0x09:
                if bytes.count > start, bytes[bytes.count - 1] != 0x20 { bytes.append(0x20) }
            case _: bytes.append(byte)
            }
        }
        if bytes.count > start, bytes[bytes.count - 1] == 0x20 { bytes.removeLast() }
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    /// Blanks in a row made one, none at a line's end, no empty lines at the end, and a line end there unless there is nothing.
    static func body(_ body: ArraySlice<UInt8>) -> [UInt8] {
        if let whole = unchanged(body) { return whole }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 2)
        var blank = false
        for byte in body {
            switch byte {
            case 0x20, 0x09: blank = true
            case 0x0D, 0x0A:
                blank = false
                bytes.append(byte)
            case _:
                if blank { bytes.append(0x20) }
                blank = false
                bytes.append(byte)
            }
        }
        return ended(bytes)
    }

    /// What the composer writes is mostly canonical already: found out by one look at each byte, and then hashed as it is.
    private static func unchanged(_ body: ArraySlice<UInt8>) -> [UInt8]? {
        let isCanonical = body.withUnsafeBufferPointer { bytes -> Bool in
            var afterBlank = false
            for byte in bytes {
                if byte == 0x09 || afterBlank && (byte == 0x20 || byte == 0x0D) { return false }
                afterBlank = byte == 0x20
            }
            return !afterBlank
        }
        return isCanonical ? ended(Array(body)) : nil
    }

    private static func ended(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while bytes.count >= 2, bytes[bytes.count - 1] == 0x0A, bytes[bytes.count - 2] == 0x0D { bytes.removeLast(2) }
        return bytes.isEmpty ? bytes : bytes + [0x0D, 0x0A]
    }
}
