package import Core
import Postgres

/// A device that its push service knows under another address from now on.
package struct AddressReplacement: Sendable {
    package let endpointKey: Int64
    package let channel: String
    /// What the endpoint must still have: a client's later word wins.
    package let old: String
    package let new: String

    package init(endpointKey: Int64, channel: String, old: String, new: String) {
        self.endpointKey = endpointKey
        self.channel = channel
        self.old = old
        self.new = new
    }

    /// Idempotent. The endpoint stays whatever else it is: active, opted out.
    package static func apply(
        _ replacements: [AddressReplacement], of app: AppID, hasher: SuppressionHasher, at now: Instant
    ) -> SQL {
        let hashes = replacements.map { hasher.hash($0.new, channel: $0.channel, app: app) }
        return """
            WITH changed AS (
                UPDATE endpoints e
                   SET address = w.new, address_hash = w.hash
                  FROM unnest(\(replacements.map(\.endpointKey)), \(replacements.map(\.channel)),
                              \(replacements.map(\.old)), \(replacements.map(\.new)), \(SQLBind.bytesArray(hashes)))
                       AS w (key, channel, old, new, hash)
                 WHERE e.app = \(app) AND e.endpoint_key = w.key AND e.channel_type = w.channel AND e.address = w.old
                RETURNING e.app, e.endpoint_key)
            \(ChangeLog.rowsOfChangedKeys(at: now))
            """
    }
}
