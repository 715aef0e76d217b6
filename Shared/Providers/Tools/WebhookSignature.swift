package import Core
import Crypto

/// Signs requests to customers' webhooks as Standard Webhooks has it (standardwebhooks.com, specification 1.0): HMAC-SHA-256 over
/// `id.timestamp.body`, one signature per live secret, so that a receiver may change its own at any time meanwhile.
package struct WebhookSignature: Sendable {
    /// Bytes of a key, by the specification.
    private static let keyBytes = 24...64
    private static let prefix = "whsec_"

    private let keys: [HMACSHA256]

    /// Secrets as receivers hold them, `whsec_…`. Those that are none are left out: `complaint` says so when they are stored.
    package init(secrets: [String]) {
        keys = secrets.compactMap { Self.key($0).map { HMACSHA256(key: $0) } }
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// `id` stays the same over all attempts of one message; `now` is this attempt's, real time.
    package func headers(id: String, body: [UInt8], at now: Instant) -> [(name: String, value: String)] {
        let timestamp = String(now.seconds)
        var headers = [(name: "webhook-id", value: id), (name: "webhook-timestamp", value: timestamp)]
        guard !keys.isEmpty else { return headers }
        let signed = Array("\(id).\(timestamp).".utf8) + body
        let signatures = keys.map { "v1,\(Base64.encode($0.authenticate(signed)))" }
        headers.append((name: "webhook-signature", value: signatures.joined(separator: " ")))
        return headers
    }

    /// What is wrong with a secret, or nil.
    package static func complaint(_ secret: String) -> String? {
        key(secret) == nil
            ? "must be \(prefix) and the base64 form of \(keyBytes.lowerBound) to \(keyBytes.upperBound) bytes" : nil
    }

    private static func key(_ secret: String) -> [UInt8]? {
        guard secret.hasPrefix(prefix), let key = Base64.decode(secret.dropFirst(prefix.count)),
            keyBytes.contains(key.count)
        else { return nil }
        return key
    }
}
