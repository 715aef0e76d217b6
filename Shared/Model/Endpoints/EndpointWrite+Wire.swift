package import Core
package import PinpointAPI

/// From the three shapes in which endpoints arrive. Lengths, counts and words have been checked by the generated code.
extension EndpointWrite {
    /// UpdateEndpoint.
    package init(_ request: EndpointRequest, app: AppID, id: EndpointID, now: Instant) throws(APIError) {
        try Self.refuseExtensions(request.needletail, at: .root)
        let fields = EndpointFields(
            address: request.address, attributes: request.attributes, channelType: request.channelType,
            demographic: request.demographic, effectiveDate: request.effectiveDate,
            endpointStatus: request.endpointStatus,
            location: request.location, metrics: request.metrics, optOut: request.optOut, requestId: request.requestId,
            user: request.user)
        try self.init(fields, app: app, id: id, creation: .needsAddress, now: now, at: .root)
    }

    /// One item of UpdateEndpointsBatch.
    package init(_ item: EndpointBatchItem, app: AppID, now: Instant, at path: WirePath) throws(APIError) {
        try Self.refuseExtensions(item.needletail, at: path)
        let fields = EndpointFields(
            address: item.address, attributes: item.attributes, channelType: item.channelType,
            demographic: item.demographic,
            effectiveDate: item.effectiveDate, endpointStatus: item.endpointStatus, location: item.location,
            metrics: item.metrics, optOut: item.optOut, requestId: item.requestId, user: item.user)
        let id = try Self.checkedID(item.id ?? "", at: path.member("Id"))
        try self.init(fields, app: app, id: id, creation: .needsAddress, now: now, at: path)
    }

    /// The `Endpoint` of PutEvents.
    package init(
        _ endpoint: PublicEndpoint, app: AppID, id: EndpointID, now: Instant, at path: WirePath
    ) throws(APIError) {
        let fields = EndpointFields(
            address: endpoint.address, attributes: endpoint.attributes, channelType: endpoint.channelType,
            demographic: endpoint.demographic, effectiveDate: endpoint.effectiveDate,
            endpointStatus: endpoint.endpointStatus, location: endpoint.location, metrics: endpoint.metrics,
            optOut: endpoint.optOut, requestId: endpoint.requestId, user: endpoint.user)
        try self.init(fields, app: app, id: id, creation: .withoutAddress, now: now, at: path)
    }

    /// An id as a client chose it: any text that is not empty and not too long to be found again.
    package static func checkedID(_ text: String, at path: WirePath) throws(APIError) -> EndpointID {
        guard !text.isEmpty else { throw path.refusal("must not be empty") }
        guard text.utf8.count <= EndpointIdentity.idLimitBytes else {
            throw path.refusal("must have at most \(EndpointIdentity.idLimitBytes) bytes; got \(text.utf8.count)")
        }
        return EndpointID(text)
    }

    private init(
        _ fields: EndpointFields, app: AppID, id: EndpointID, creation: Creation, now: Instant, at path: WirePath
    ) throws(APIError) {
        self.init(
            app: app, id: id, creation: creation, effectiveAt: try fields.effectiveAt(now: now, at: path),
            status: fields.endpointStatus ?? "ACTIVE")
        channelType = fields.channelType?.rawValue
        address = try fields.checkedAddress(at: path.member("Address"))
        optOut = fields.optOut
        requestID = fields.requestId
        attributes = Self.patch(fields.attributes)
        metrics = fields.metrics?.json.object ?? JSONObject()
        demographic = fields.demographic?.json.object ?? JSONObject()
        location = fields.location?.json.object ?? JSONObject()
        try takeUser(fields.user, at: path.member("User"))
        try Self.checkTexts(of: demographic, at: path.member("Demographic"))
        try Self.checkTexts(of: location, at: path.member("Location"))
        try checkSize(at: path)
    }

    private mutating func takeUser(_ user: EndpointUser?, at path: WirePath) throws(APIError) {
        userID = user?.userId.flatMap { $0.isEmpty ? nil : $0 }
        userAttributes = Self.patch(user?.userAttributes)
        if let userID, userID.utf8.count > EndpointLimits.userIDBytes {
            throw path.member("UserId").refusal(
                "must have at most \(EndpointLimits.userIDBytes) bytes; got \(userID.utf8.count)")
        }
        keepsUser = userID == nil && !userAttributes.isEmpty
    }

    /// Pinpoint names no bound. A value that segments compare must fit into an index entry (2,700 bytes).
    private static func checkTexts(of object: JSONObject, at path: WirePath) throws(APIError) {
        for member in object.members {
            guard let count = member.value.string?.unicodeScalars.count, count > EndpointLimits.textCharacters else {
                continue
            }
            throw path.member(member.key).refusal(
                "must have at most \(EndpointLimits.textCharacters) characters; got \(count)")
        }
    }

    private mutating func checkSize(at path: WirePath) throws(APIError) {
        let names = attributes.count + metrics.count + userAttributes.count
        guard names <= EndpointLimits.names else {
            throw .badRequest("Too many custom attributes: \(names); an endpoint can have \(EndpointLimits.names)")
        }
        let parts: [JSONObject] = [attributes, metrics, demographic, location, userAttributes]
        let texts = id.rawValue.utf8.count + (address?.utf8.count ?? 0) + (requestID?.utf8.count ?? 0)
        // Names and values without quotes and escapes: never more than the client sent.
        let size = parts.reduce(texts + (userID?.utf8.count ?? 0)) { $0 + $1.textBytes }
        guard size <= EndpointLimits.bytes else {
            throw path.refusal("is too large: an endpoint can have \(EndpointLimits.bytes) bytes; got \(size)")
        }
        textBytes = size
    }

    /// An empty list removes the attribute.
    private static func patch(_ lists: WireMap<[String]>?) -> JSONObject {
        guard let lists else { return JSONObject() }
        return JSONObject(
            uniqueMembers: lists.map { name, values in
                JSONObject.Member(key: name, value: values.isEmpty ? .null : values.json)
            })
    }

    /// No extension of endpoints exists yet, and an unknown one is refused everywhere.
    private static func refuseExtensions(_ json: JSON?, at path: WirePath) throws(APIError) {
        if let json { try NeedletailMembers.only([], of: json, at: path.member("Needletail")) }
    }
}

/// What the three shapes share.
private struct EndpointFields {
    var address: String?
    var attributes: WireMap<[String]>?
    var channelType: ChannelType?
    var demographic: EndpointDemographic?
    var effectiveDate: String?
    var endpointStatus: String?
    var location: EndpointLocation?
    var metrics: WireMap<Double>?
    var optOut: String?
    var requestId: String?
    var user: EndpointUser?

    /// Whether it is an address of its channel shows when something is sent there, as in Pinpoint. But no channel has one
    /// with control characters, and in a header of a message they would begin another.
    func checkedAddress(at path: WirePath) throws(APIError) -> String? {
        guard let address, !address.isEmpty else { return nil }
        guard address.utf8.count <= EndpointLimits.bytes else {
            throw path.refusal("must have at most \(EndpointLimits.bytes) bytes; got \(address.utf8.count)")
        }
        for scalar in address.unicodeScalars where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
            let code = Hex.lowercase([UInt8(scalar.value)]).uppercased()
            throw path.refusal("must not have control characters; got U+00\(code)")
        }
        return address
    }

    func effectiveAt(now: Instant, at path: WirePath) throws(APIError) -> Instant {
        guard let effectiveDate, !effectiveDate.isEmpty else { return now }
        guard let instant = ISO8601.parse(effectiveDate) else {
            throw path.member("EffectiveDate").refusal(
                "must be an ISO 8601 timestamp; got \"\(effectiveDate.prefix(40))\"")
        }
        return instant
    }
}

extension JSONObject {
    /// Bytes of all names and texts in it; a number counts as 8.
    var textBytes: Int {
        members.reduce(0) { $0 + $1.key.utf8.count + $1.value.textBytes }
    }

    /// `changes` over `self`: members replace, nulls stay, so that a later merge still sees the removal.
    mutating func compose(_ changes: JSONObject) {
        if isEmpty { self = changes } else { for member in changes.members { self[member.key] = member.value } }
    }

    /// `changes` over `self`: members replace, nulls remove.
    mutating func merge(_ changes: JSONObject) {
        for member in changes.members { self[member.key] = member.value.isNull ? nil : member.value }
    }

    var withoutNulls: JSONObject {
        members.contains { $0.value.isNull } ? JSONObject(uniqueMembers: members.filter { !$0.value.isNull }) : self
    }
}

extension JSON {
    fileprivate var textBytes: Int {
        switch self {
        case .null, .bool: 0
        case .integer, .double: 8
        case .string(let text): text.utf8.count
        case .array(let elements): elements.reduce(0) { $0 + $1.textBytes }
        case .object(let object): object.textBytes
        }
    }
}
