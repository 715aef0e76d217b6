package import Core

/// What a segment may know of one endpoint: its row, its events, and where it was imported.
package struct SegmentSubject: Sendable {
    package var endpointKey: Int64
    /// 0 … 99.
    package var cohort: Int
    package var channelType: String?
    /// Name → list of strings.
    package var attributes: JSONObject
    package var userAttributes: JSONObject
    /// Name → number.
    package var metrics: JSONObject
    package var demographic: JSONObject
    package var location: JSONObject
    package var effectiveAt: Instant
    /// In any order; those before every window of the segment may be left out.
    package var events: [SegmentEvent]
    /// Of all endpoints of the user, this one's included; nil for an endpoint without a user.
    package var userEvents: [SegmentEvent]?
    package var importedInto: Set<SegmentID>

    package init(
        endpointKey: Int64 = 0,
        cohort: Int = 0,
        channelType: String? = nil,
        attributes: JSONObject = [:],
        userAttributes: JSONObject = [:],
        metrics: JSONObject = [:],
        demographic: JSONObject = [:],
        location: JSONObject = [:],
        effectiveAt: Instant,
        events: [SegmentEvent] = [],
        userEvents: [SegmentEvent]? = nil,
        importedInto: Set<SegmentID> = []
    ) {
        self.endpointKey = endpointKey
        self.cohort = cohort
        self.channelType = channelType
        self.attributes = attributes
        self.userAttributes = userAttributes
        self.metrics = metrics
        self.demographic = demographic
        self.location = location
        self.effectiveAt = effectiveAt
        self.events = events
        self.userEvents = userEvents
        self.importedInto = importedInto
    }

    package func events(in scope: EventScope) -> [SegmentEvent] {
        switch scope {
        case .endpoint: events
        case .user: userEvents ?? events
        }
    }

    package func attributes(of owner: AttributeOwner) -> JSONObject {
        switch owner {
        case .endpoint: attributes
        case .user: userAttributes
        }
    }
}

/// One event, as far as segments look at it.
package struct SegmentEvent: Hashable, Sendable {
    package var type: String
    package var at: Instant
    /// Name → string.
    package var attributes: JSONObject
    /// Name → number.
    package var metrics: JSONObject

    package init(type: String, at: Instant, attributes: JSONObject = [:], metrics: JSONObject = [:]) {
        self.type = type
        self.at = at
        self.attributes = attributes
        self.metrics = metrics
    }
}

/// Reading of stored JSON: total, and the twin of the schema's `needletail_…` functions. Names are compared as bytes.
extension JSONObject {
    private func value(of name: String) -> JSON? {
        members.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
    }

    func text(of name: String) -> String? { value(of: name)?.string }

    func texts(of name: String) -> [String] { value(of: name)?.array?.compactMap(\.string) ?? [] }

    /// Nil also for what `needletail_number` leaves out: subnormal numbers.
    func number(of name: String) -> Double? {
        guard let number = value(of: name)?.number, number.isNormal || number == 0 else { return nil }
        return number
    }
}
