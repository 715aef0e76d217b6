import Core
import Jurisdictions
import Model
import Postgres

/// An address that a provider called dead, or knows to want no more: the one that the message was for, whatever its endpoint has by now.
struct DeadAddress: Sendable, Equatable {
    let channel: String
    let hash: [UInt8]
    let reason: SuppressionReason
    /// What the provider said, of push services only: theirs are words of a list, where a mail server repeats the address.
    let detail: String?

    private static let detailCharacters = 100

    /// Nil for an endpoint without a channel or address, to which nothing is sent. `isOptOut`: the person said STOP to the provider,
    /// which knew it before we did.
    init?(_ recipient: Recipient, detail: String, isOptOut: Bool = false) {
        guard let channel = recipient.channelType, let hash = recipient.addressHash else { return nil }
        let isPush = Medium(channelType: channel) == .push
        self.channel = channel
        self.hash = hash
        reason = isOptOut ? .stop : isPush ? .deadToken : .hardBounce
        self.detail = isPush ? String(detail.prefix(Self.detailCharacters)) : nil
    }

    /// Enters them; idempotent, and an entry that is there keeps its reason.
    static func suppress(_ addresses: [DeadAddress], of app: AppID, at now: Instant) -> SQL {
        """
        WITH changed AS (
            INSERT INTO suppressions (app, channel, address_hash, reason, source, created_at)
            SELECT DISTINCT ON (w.channel, w.hash) \(app), w.channel, w.hash, w.reason,
                   jsonb_strip_nulls(jsonb_build_object('from', 'provider', 'detail', nullif(w.detail, ''))), \(now)
              FROM unnest(\(addresses.map(\.channel)), \(SQLBind.bytesArray(addresses.map(\.hash))),
                          \(addresses.map(\.reason.rawValue)), \(addresses.map { $0.detail ?? "" }))
                   AS w (channel, hash, reason, detail)
            ON CONFLICT DO NOTHING
            RETURNING app, address_hash)
        \(ChangeLog.rowsOfChangedAddresses(at: now))
        """
    }
}
