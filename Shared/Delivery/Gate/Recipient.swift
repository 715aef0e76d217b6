package import Core
import Model
package import Postgres

/// One endpoint as the gate and the templates see it, read in the transaction that opens its window.
package struct Recipient: Sendable {
    package var key: Int64
    package var endpointID: String
    package var channelType: String?
    package var address: String?
    /// Under which `suppressions` would hold the address; nil without one.
    package var addressHash: [UInt8]?
    package var optOut: String
    package var status: String
    package var cohort: Int16
    package var userID: String?
    package var requestID: String?
    package var effectiveAt: Instant
    package var createdAt: Instant
    /// JSON objects as stored; parsed only by the templates that ask.
    package var attributes: [UInt8]
    package var metrics: [UInt8]
    package var userAttributes: [UInt8]
    package var demographic: [UInt8]
    package var location: [UInt8]
    /// Reason of the suppression entry that holds this address, if one does.
    package var suppression: String?
    /// Title and body in place of the message's own, from the campaign's hook. Push and SMS only.
    package var titleOverride: String?
    package var bodyOverride: String?
    /// Senders of ours, folded, on whose opt-out lists this address is; never the app's own list, which is a suppression.
    package var refusedSenders: [String] = []
    /// Wrote a sentence with a word for stopping that nobody has looked at yet.
    package var isUnderReview = false

    package init(
        key: Int64,
        endpointID: String,
        channelType: String?,
        address: String?,
        optOut: String,
        status: String,
        cohort: Int16,
        userID: String?,
        effectiveAt: Instant,
        createdAt: Instant
    ) {
        self.key = key
        self.endpointID = endpointID
        self.channelType = channelType
        self.address = address
        self.optOut = optOut
        self.status = status
        self.cohort = cohort
        self.userID = userID
        self.effectiveAt = effectiveAt
        self.createdAt = createdAt
        attributes = Self.noMembers
        metrics = Self.noMembers
        userAttributes = Self.noMembers
        demographic = Self.noMembers
        location = Self.noMembers
    }

    /// Demographic.Locale, by which a variant of a message is chosen.
    package var locale: String? {
        // What the row holds was written by us as valid JSON; an unreadable column has no locale.
        (try? JSON.parse(demographic))?["Locale"]?.string
    }

    /// Demographic.Timezone, as the client wrote it.
    package var timezone: String? { (try? JSON.parse(demographic))?["Timezone"]?.string }

    private static let noMembers = Array("{}".utf8)

    /// Rows for `keys`, in any order; a deleted endpoint has none.
    package static func load(_ keys: [Int64], of app: AppID) -> SQL {
        """
        SELECT e.endpoint_key, e.external_id, e.channel_type, e.address, e.opt_out, e.endpoint_status, e.cohort,
               e.user_id, e.request_id, e.effective_at, e.created_at, e.attributes, e.metrics, e.user_attributes,
               e.demographic, e.location, s.reason, e.address_hash,
               ARRAY (SELECT n.number
                        FROM opt_outs o
                        JOIN sender_numbers n ON n.app = o.app AND n.opt_out_list = o.list
                       WHERE e.channel_type = 'SMS' AND o.app = e.app AND o.address_hash = e.address_hash),
               e.channel_type = 'SMS' AND EXISTS (
                   SELECT FROM reply_reviews r
                    WHERE r.app = e.app AND r.address_hash = e.address_hash AND r.decided_at IS NULL)
          FROM endpoints e
          LEFT JOIN suppressions s
            ON s.app = e.app AND s.channel = e.channel_type AND s.address_hash = e.address_hash
         WHERE e.app = \(app) AND e.endpoint_key = ANY (\(keys))
        """
    }

    package init(_ row: Row) throws(SQLFault) {
        key = try row.get(0)
        endpointID = try row.get(1)
        channelType = try row.get(2)
        address = try row.get(3)
        optOut = try row.get(4)
        status = try row.get(5)
        cohort = try row.get(6)
        userID = try row.get(7)
        requestID = try row.get(8)
        effectiveAt = try row.get(9)
        createdAt = try row.get(10)
        attributes = try row.get(11)
        metrics = try row.get(12)
        userAttributes = try row.get(13)
        demographic = try row.get(14)
        location = try row.get(15)
        suppression = try row.get(16)
        addressHash = try row.get(17)
        refusedSenders = try row.get(18)
        isUnderReview = try row.get(19) ?? false
    }
}
