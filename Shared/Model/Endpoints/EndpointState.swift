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

    /// Two people whose ids differ only in Unicode normalisation are two people.
    static func == (left: Self, right: Self) -> Bool { left.app == right.app && left.id.isExactly(right.id) }

    func hash(into hasher: inout Hasher) {
        hasher.combine(app)
        for byte in id.utf8 { hasher.combine(byte) }
    }

    static func < (left: Self, right: Self) -> Bool {
        left.app == right.app ? left.id.precedesExactly(right.id) : left.app < right.app
    }
}

/// One endpoint while writes are applied to it: what it will be, as far as decisions need it, and what is to be changed.
///
/// Only changes are written to a row that exists, and Postgres merges them into it: another commit may have changed the rest
/// since it was read.
struct EndpointState: Sendable {
    /// Nil keeps what is stored.
    struct Changes: Sendable {
        var channelType: String?
        var address: String?
        var addressHash: [UInt8]?
        var optOut: String?
        var status: String?
        var userID: String?
        var losesUser = false
        var requestID: String?
        var effectiveAt: Instant?
        /// Patches; a null removes.
        var attributes = JSONObject()
        var metrics = JSONObject()
        var demographic = JSONObject()
        var location = JSONObject()
    }

    let externalID: String
    let cohort: Int16
    let isNew: Bool
    /// Whether a row must be written.
    private(set) var isChanged = false
    private(set) var changes = Changes()

    private(set) var channelType: String?
    private(set) var address: String?
    private(set) var addressHash: [UInt8]?
    private(set) var status = "ACTIVE"
    private(set) var userID: String?
    private(set) var effectiveAt: Instant

    /// What is stored, loaded only when the patches could exceed the limits of an endpoint.
    var whole: (attributes: JSONObject, metrics: JSONObject)?

    init(_ write: EndpointWrite) {
        externalID = write.id.rawValue
        cohort = write.identity.cohort
        isNew = true
        effectiveAt = write.effectiveAt
    }

    /// Columns 1–8 of `EndpointPlan.storedRows`.
    init(_ row: Row) throws {
        externalID = try row.get(1)
        cohort = try row.get(2)
        isNew = false
        channelType = try row.get(3)
        address = try row.get(4)
        addressHash = try row.get(5)
        status = try row.get(6)
        userID = try row.get(7)
        effectiveAt = try row.get(8)
    }

    /// Everything that a write changes about the endpoint itself.
    mutating func apply(_ write: EndpointWrite, hasher: SuppressionHasher) throws(APIError) {
        if var merged = whole {
            merged.attributes.merge(write.attributes)
            merged.metrics.merge(write.metrics)
            try Self.check(merged.attributes, merged.metrics)
            whole = merged
        }
        takeAddress(write, hasher: hasher)
        changes.optOut = write.optOut ?? changes.optOut
        changes.status = write.status
        status = write.status
        changes.requestID = write.requestID ?? changes.requestID
        changes.effectiveAt = write.effectiveAt
        effectiveAt = write.effectiveAt
        changes.attributes.compose(write.attributes)
        changes.metrics.compose(write.metrics)
        changes.demographic.compose(write.demographic)
        changes.location.compose(write.location)
        isChanged = true
    }

    /// The hash is of both, so that either changes it.
    private mutating func takeAddress(_ write: EndpointWrite, hasher: SuppressionHasher) {
        let isSame =
            (write.channelType ?? channelType) == channelType && addressHash != nil
            && write.address.map { address?.isExactly($0) ?? false } ?? true
        if isSame { return }
        channelType = write.channelType ?? channelType
        address = write.address ?? address
        changes.channelType = channelType
        changes.address = address
        guard let channelType, let address else { return }
        addressHash = hasher.hash(address, channel: channelType, app: write.app)
        changes.addressHash = addressHash
    }

    mutating func deactivate() {
        status = "INACTIVE"
        changes.status = status
        isChanged = true
    }

    mutating func join(user id: String) {
        userID = id
        changes.userID = id
        changes.losesUser = false
    }

    mutating func leaveUser() {
        userID = nil
        changes.userID = nil
        changes.losesUser = true
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
