package import Core

/// One endpoint as the index takes it in: the row of `endpoints`, its import memberships, and what the caller knows of
/// its address.
package struct ColumnRow: Sendable {
    /// `endpoints.endpoint_key`.
    package var key: Int64
    /// 0…99.
    package var cohort: Int
    package var channelType: String?
    package var effectiveAt: Instant
    /// Nothing but a shared address keeps the gate from sending to it (`Reachability.refusal` is null).
    package var isReachable: Bool
    /// The address hash, when another endpoint of the app and channel has the same address. Setting it needlessly costs
    /// memory, leaving it out makes `reachable` too high.
    package var twin: Int64?
    /// The jsonb columns as text.
    package var attributes: [UInt8]
    package var userAttributes: [UInt8]
    package var metrics: [UInt8]
    package var demographic: [UInt8]
    package var location: [UInt8]
    /// The import segments that list it.
    package var importedInto: [SegmentID]

    package init(
        key: Int64,
        cohort: Int,
        channelType: String? = nil,
        effectiveAt: Instant,
        isReachable: Bool,
        twin: Int64? = nil,
        attributes: [UInt8] = [],
        userAttributes: [UInt8] = [],
        metrics: [UInt8] = [],
        demographic: [UInt8] = [],
        location: [UInt8] = [],
        importedInto: [SegmentID] = []
    ) {
        self.key = key
        self.cohort = cohort
        self.channelType = channelType
        self.effectiveAt = effectiveAt
        self.isReachable = isReachable
        self.twin = twin
        self.attributes = attributes
        self.userAttributes = userAttributes
        self.metrics = metrics
        self.demographic = demographic
        self.location = location
        self.importedInto = importedInto
    }
}

/// One event of one endpoint, as far as the index keeps it.
package struct ColumnEvent: Sendable {
    /// `endpoints.endpoint_key`.
    package var key: Int64
    package var type: String
    package var at: Instant

    package init(key: Int64, type: String, at: Instant) {
        self.key = key
        self.type = type
        self.at = at
    }
}
