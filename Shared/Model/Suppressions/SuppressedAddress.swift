package import Core
package import Crypto

/// Why an address gets nothing on a channel, whatever its endpoint says.
package enum SuppressionReason: String, Sendable, CaseIterable {
    case unsubscribe = "UNSUBSCRIBE"
    case complaint = "COMPLAINT"
    case stop = "STOP"
    case hardBounce = "HARD_BOUNCE"
    /// The push service says that no device has this token any more.
    case deadToken = "DEAD_TOKEN"
    /// Put there by a person or an API call.
    case manual = "MANUAL"
    /// The person was erased; no import brings them back.
    case erased = "ERASED"
    /// The last endpoint that had the address was deleted. No import brings it back; a write of the app or its clients does, and
    /// clears this.
    case deleted = "DELETED"
}

/// Turns addresses into the keyed hashes under which suppressions are stored, so that the list itself names nobody.
package final class SuppressionHasher: Sendable {
    private let hmac: HMACSHA256

    package init(masterKey: MasterKey) {
        hmac = HMACSHA256(key: masterKey.derive("suppression"))
    }

    /// `channel` is Pinpoint's channel type (`EMAIL`, `SMS`, …). Spellings that reach the same mailbox or phone hash the same.
    package func hash(_ address: String, channel: String, app: AppID) -> [UInt8] {
        var bytes = app.bytes
        bytes.append(contentsOf: channel.utf8)
        bytes.append(0)
        bytes.append(contentsOf: FoldedAddress.fold(address, channel: channel).utf8)
        return hmac.authenticate(bytes)
    }
}

/// One spelling per address and channel.
package enum FoldedAddress {
    /// E-mail: trimmed, lower case, a display name's angle brackets removed; local parts are case-sensitive by the letter of RFC 5321,
    /// and nowhere in practice. Phone: digits, with `00` for `+` undone. Everything else (push tokens): trimmed.
    package static func fold(_ address: String, channel: String) -> String {
        let trimmed = trim(address)
        switch channel {
        case "EMAIL": return email(trimmed)
        case "SMS", "VOICE": return phone(trimmed)
        case _: return trimmed
        }
    }

    private static func email(_ text: String) -> String {
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else { return text.lowercased() }
        return trim(String(text[text.index(after: open)...].dropLast())).lowercased()
    }

    private static func phone(_ text: String) -> String {
        let digits = String(decoding: text.utf8.filter { (0x30...0x39).contains($0) }, as: UTF8.self)
        guard !digits.isEmpty else { return text }
        return digits.hasPrefix("00") && !text.hasPrefix("+") ? String(digits.dropFirst(2)) : digits
    }

    private static func trim(_ text: String) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.endIndex
        return start < end ? String(text[start..<end]) : ""
    }
}
