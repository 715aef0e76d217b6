package import Core
package import PinpointAPI
import Postgres

/// A stored endpoint, with the suppression that holds its address, if one does.
package struct Endpoint: Sendable {
    package let app: AppID
    package let id: EndpointID
    package let key: Int64
    package let channelType: String?
    package let address: String?
    package let optOut: String
    package let status: String
    package let cohort: Int16
    package let userID: String?
    package let requestID: String?
    package let effectiveAt: Instant
    package let createdAt: Instant
    package let attributes: JSON
    package let metrics: JSON
    package let userAttributes: JSON
    package let demographic: JSON
    package let location: JSON
    /// `SuppressionReason`, or a newer version's word.
    package let suppression: String?
    let addressHash: [UInt8]?

    /// Columns for `init(_:)`, over `endpoints e`.
    static let columns: SQL = """
        e.app, e.external_id, e.endpoint_key, e.channel_type, e.address, e.opt_out, e.endpoint_status, e.cohort, e.user_id,
        e.request_id, e.effective_at, e.created_at, e.attributes, e.metrics, e.user_attributes, e.demographic, e.location,
        (SELECT x.reason
           FROM suppressions x
          WHERE x.app = e.app AND x.channel = e.channel_type AND x.address_hash = e.address_hash),
        e.address_hash
        """

    init(_ row: Row) throws(SQLFault) {
        app = try row.get(0)
        id = try row.get(1)
        key = try row.get(2)
        channelType = try row.get(3)
        address = try row.get(4)
        optOut = try row.get(5)
        status = try row.get(6)
        cohort = try row.get(7)
        userID = try row.get(8)
        requestID = try row.get(9)
        effectiveAt = try row.get(10)
        createdAt = try row.get(11)
        attributes = try row.get(12)
        metrics = try row.get(13)
        userAttributes = try row.get(14)
        demographic = try row.get(15)
        location = try row.get(16)
        suppression = try row.get(17)
        addressHash = try row.get(18)
    }

    /// As Pinpoint answers it. While the address is suppressed the answer says so, whatever the client wrote last: a dead address
    /// as INACTIVE, everything else as opted out.
    package var response: EndpointResponse {
        get throws {
            let isDead = [SuppressionReason.hardBounce, .deadToken].contains { $0.rawValue == suppression }
            let path = WirePath.root
            let hasUser = userID != nil
            return EndpointResponse(
                address: address, applicationId: app.description,
                attributes: try WireMap<[String]>(json: attributes, at: path),
                channelType: channelType.flatMap(ChannelType.init(rawValue:)), cohortId: String(cohort),
                creationDate: createdAt.description, demographic: try EndpointDemographic(json: demographic, at: path),
                effectiveDate: effectiveAt.description, endpointStatus: isDead ? "INACTIVE" : status,
                id: id.rawValue, location: try EndpointLocation(json: location, at: path),
                metrics: try WireMap<Double>(json: metrics, at: path),
                optOut: suppression == nil || isDead ? optOut : "ALL", requestId: requestID,
                user: hasUser
                    ? EndpointUser(
                        userAttributes: try WireMap<[String]>(json: userAttributes, at: path), userId: userID)
                    : nil)
        }
    }
}
