import Core
import PinpointAPI
import Postgres

/// Which endpoint, over all apps of a group commit; sorts in the order in which rows are locked.
struct EndpointReference: Hashable, Comparable, Sendable {
    let app: AppID
    let key: Int64

    static func < (left: Self, right: Self) -> Bool {
        (left.app, left.key) < (right.app, right.key)
    }
}

struct UserReference: Hashable, Comparable, Sendable {
    let app: AppID
    let id: String

    static func < (left: Self, right: Self) -> Bool {
        left.app == right.app ? left.id < right.id : left.app < right.app
    }
}

/// One endpoint while writes are applied to it: scalars as they will be, JSON as a patch over what is stored.
struct EndpointState: Sendable {
    let externalID: String
    let isNew: Bool
    /// Whether a row must be written.
    var isChanged = false

    var cohort: Int16
    var channelType: String?
    var address: String?
    var addressHash: [UInt8]?
    var optOut = "NONE"
    var status = "ACTIVE"
    var userID: String?
    var requestID: String?
    var effectiveAt: Instant
    /// The row's copy of user attributes is to be read anew: the user changed, or was lost.
    var takesUserAttributes = false

    var attributes = JSONObject()
    var metrics = JSONObject()
    var demographic = JSONObject()
    var location = JSONObject()

    /// What is stored, loaded only when the patches could exceed the limits of an endpoint.
    var whole: (attributes: JSONObject, metrics: JSONObject)?

    init(_ write: EndpointWrite) {
        externalID = write.id.rawValue
        isNew = true
        cohort = write.identity.cohort
        effectiveAt = write.effectiveAt
    }

    /// Columns 1–10 of `EndpointPlan.lockedRows`.
    init(_ row: Row) throws {
        externalID = try row.get(1)
        isNew = false
        cohort = try row.get(2)
        channelType = try row.get(3)
        address = try row.get(4)
        addressHash = try row.get(5)
        optOut = try row.get(6)
        status = try row.get(7)
        userID = try row.get(8)
        requestID = try row.get(9)
        effectiveAt = try row.get(10)
    }

    /// Everything that a write changes about the endpoint itself.
    mutating func apply(_ write: EndpointWrite, hasher: SuppressionHasher) throws(APIError) {
        if var merged = whole {
            merged.attributes.merge(write.attributes)
            merged.metrics.merge(write.metrics)
            try Self.check(merged.attributes, merged.metrics)
            whole = merged
        }
        let isElsewhere = write.channelType != nil && write.channelType != channelType
        channelType = write.channelType ?? channelType
        if isElsewhere || (write.address != nil && write.address != address)
            || (addressHash == nil && write.address != nil)
        {
            address = write.address ?? address
            addressHash = address.flatMap { address in
                channelType.map { hasher.hash(address, channel: $0, app: write.app) }
            }
        }
        optOut = write.optOut ?? optOut
        status = write.status
        requestID = write.requestID ?? requestID
        effectiveAt = write.effectiveAt
        attributes.compose(write.attributes)
        metrics.compose(write.metrics)
        demographic.compose(write.demographic)
        location.compose(write.location)
        isChanged = true
    }

    private static func check(_ attributes: JSONObject, _ metrics: JSONObject) throws(APIError) {
        let names = attributes.count + metrics.count
        guard names <= EndpointLimits.names else {
            throw .badRequest("Too many custom attributes: \(names); an endpoint can have \(EndpointLimits.names)")
        }
        let size = attributes.textBytes + metrics.textBytes
        guard size <= EndpointLimits.bytes else {
            throw .badRequest(
                "The endpoint is too large: it would have \(size) bytes, and can have \(EndpointLimits.bytes)")
        }
    }
}
