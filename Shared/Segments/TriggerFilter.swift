import Core
package import PinpointAPI

/// Which events start the message of an event-triggered campaign (Pinpoint's CampaignEventFilter, pinpoint-api §4.3): the type, and
/// every attribute and metric that the filter names. The values of one attribute are alternatives.
///
/// Compiled once and asked in two steps, because the type alone turns most events away.
package struct TriggerFilter: Hashable, Sendable {
    /// Whose events.
    package enum Source: String, Hashable, Sendable {
        /// What clients report with PutEvents.
        case endpoint = "ENDPOINT"
        /// What we say about our own messages: `_email.delivered`, `_email.click` …
        case system = "SYSTEM"
    }

    package let source: Source
    /// Nil: any.
    let types: SetTest?
    /// Without a type.
    let test: EventTest

    /// - Throws: 400 for a filter that names nothing, has too much, or a value that cannot be compared.
    package init(_ filter: CampaignEventFilter?, at path: WirePath) throws(APIError) {
        guard let filter else { throw path.refusal("is required with EVENT") }
        switch filter.filterType {
        case .endpoint: source = .endpoint
        case .system: source = .system
        case nil: throw path.member("FilterType").refusal("is required")
        }
        let place = path.member("Dimensions")
        guard let dimensions = filter.dimensions else { throw place.refusal("is required") }
        if let type = dimensions.eventType {
            types = try Self.types(type, at: place.member("EventType"))
        } else {
            types = nil
        }
        test = try Self.test(dimensions, at: place)
        guard types != nil || !test.isUnfiltered else {
            throw place.refusal("must name an EventType, an attribute or a metric: every event would match")
        }
    }

    private static func types(_ dimension: SetDimension, at path: WirePath) throws(APIError) -> SetTest {
        for (index, value) in (dimension.values ?? []).enumerated() {
            guard (1...Limits.eventTypeCharacters).contains(value.unicodeScalars.count) else {
                throw path.member("Values").element(index).refusal(
                    "must have 1 to \(Limits.eventTypeCharacters) characters")
            }
        }
        return try DimensionReader.test(dimension, at: path)
    }

    private static func test(_ dimensions: EventDimensions, at path: WirePath) throws(APIError) -> EventTest {
        var test = EventTest()
        let attributes = dimensions.attributes ?? [:]
        let metrics = dimensions.metrics ?? [:]
        guard attributes.count + metrics.count <= Limits.keysPerTrigger else {
            throw path.refusal("can have \(Limits.keysPerTrigger) attributes and metrics together, as an event")
        }
        for (name, dimension) in attributes {
            let place = path.member("Attributes").member(name)
            try DimensionReader.check(name: name, at: place)
            test.attributes.append(
                EventAttributeTest(name: name, test: try DimensionReader.test(dimension, at: place)))
        }
        for (name, dimension) in metrics {
            let place = path.member("Metrics").member(name)
            let (comparison, value) = try DimensionReader.test(dimension, name: name, at: place)
            test.metrics.append(EventMetricTest(name: name, comparison: comparison, value: value))
        }
        return test
    }

    /// The types that it lists; nil when it takes others too, so that each type has to be asked for.
    package var listedTypes: [String]? {
        if case .inclusive(let types)? = types { types } else { nil }
    }

    package func admits(type: String) -> Bool {
        types.map { SegmentEvaluator.passes($0, type) } ?? true
    }

    /// An event of an admitted type needs no look at its contents.
    package var isByTypeOnly: Bool { test.isUnfiltered }

    /// Of an event of an admitted type.
    package func passes(_ event: SegmentEvent) -> Bool { test.passes(event) }
}

extension Schedule {
    /// Of an event-triggered campaign.
    package var triggerSource: TriggerFilter.Source? {
        guard frequency == .event else { return nil }
        return switch eventFilter?.filterType {
        case .endpoint: .endpoint
        case .system: .system
        case nil: nil
        }
    }
}
