import Core
import PinpointAPI

/// Reads one SegmentDimensions into the conjunction of its conditions.
///
/// The order of the conditions follows from their kinds first and their names last, cheap ones first: renaming an
/// attribute reorders nothing that would change the SQL's text.
enum DimensionReader {
    static func expression(of dimensions: SegmentDimensions, at path: WirePath) throws(APIError) -> SegmentExpression {
        var conditions = try metrics(dimensions.metrics ?? [:], at: path.member("Metrics"))
        if let demographic = dimensions.demographic {
            conditions += try self.demographic(demographic, at: path.member("Demographic"))
        }
        if let location = dimensions.location {
            conditions += try self.location(location, at: path.member("Location"))
        }
        conditions += try attributes(
            [(.endpoint, dimensions.attributes ?? [:]), (.user, dimensions.userAttributes ?? [:])],
            at: path
        )
        if let recency = dimensions.behavior?.recency {
            conditions.append(try self.recency(recency, at: path.member("Behavior").member("Recency")))
        }
        if let needletail = dimensions.needletail {
            conditions += try SegmentExtensionReader.conditions(of: needletail, at: path.member("Needletail"))
        }
        return .conjunction(conditions.map(SegmentExpression.condition))
    }

    // MARK: Attributes

    private static func attributes(
        _ maps: [(AttributeOwner, WireMap<AttributeDimension>)],
        at path: WirePath
    ) throws(APIError) -> [SegmentCondition] {
        var entries: [(rank: Int, name: String, condition: SegmentCondition)] = []
        for (ownerRank, (owner, map)) in maps.enumerated() {
            for (name, dimension) in map {
                let place = path.member(owner.rawValue).member(name)
                try check(name: name, at: place)
                let test = try self.test(dimension, at: place)
                entries.append((test.rank * 2 + ownerRank, name, .attribute(owner, name: name, test)))
            }
        }
        return entries.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.map(\.condition)
    }

    static func test(_ dimension: AttributeDimension, at path: WirePath) throws(APIError) -> AttributeTest {
        let place = path.member("Values")
        let values = try checked(dimension.values, at: place)
        switch dimension.attributeType ?? .inclusive {
        case .inclusive: return .inclusive(values)
        case .exclusive: return .exclusive(values)
        case .contains: return .contains(values)
        case .before: return .before(try instants(values, 1, at: place)[0])
        case .after: return .after(try instants(values, 1, at: place)[0])
        case .on: return .on(try instants(values, 1, at: place)[0].day)
        case .between:
            let bounds = try instants(values, 2, at: place)
            guard bounds[0] <= bounds[1] else { throw place.refusal("must be a start and an end in that order") }
            return .between(bounds[0], bounds[1])
        }
    }

    private static func instants(_ values: [String], _ count: Int, at path: WirePath) throws(APIError) -> [Instant] {
        guard values.count == count else {
            throw path.refusal(
                "must have \(count == 1 ? "one value" : "\(count) values") for a date; got \(values.count)"
            )
        }
        var instants: [Instant] = []
        for (index, value) in values.enumerated() {
            guard let instant = SegmentInstant.parse(value) else {
                throw path.element(index).refusal("must be a date such as 2026-01-02T03:04:05Z")
            }
            instants.append(instant)
        }
        return instants
    }

    // MARK: Metrics

    private static func metrics(
        _ map: WireMap<MetricDimension>,
        at path: WirePath
    ) throws(APIError) -> [SegmentCondition] {
        var entries: [(rank: Int, name: String, condition: SegmentCondition)] = []
        for (name, dimension) in map {
            let (comparison, value) = try test(dimension, name: name, at: path.member(name))
            entries.append((comparison.rank, name, .metric(name: name, comparison, value)))
        }
        return entries.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.map(\.condition)
    }

    static func test(
        _ dimension: MetricDimension,
        name: String,
        at path: WirePath
    ) throws(APIError) -> (Comparison, Double) {
        try check(name: name, at: path)
        guard let comparison = Comparison(rawValue: dimension.comparisonOperator ?? "") else {
            let allowed = Comparison.allCases.map(\.rawValue).joined(separator: ", ")
            throw path.member("ComparisonOperator").refusal("must be one of \(allowed)")
        }
        guard let value = dimension.value, value.isFinite else { throw path.member("Value").refusal("is required") }
        return (comparison, value)
    }

    // MARK: Demographic, location, recency

    private static func demographic(
        _ demographic: SegmentDemographics,
        at path: WirePath
    ) throws(APIError) -> [SegmentCondition] {
        var conditions: [SegmentCondition] = []
        for field in DemographicField.allCases {
            let dimension: SetDimension?
            switch field {
            case .appVersion: dimension = demographic.appVersion
            case .channel: dimension = demographic.channel
            case .deviceType: dimension = demographic.deviceType
            case .make: dimension = demographic.make
            case .model: dimension = demographic.model
            case .platform: dimension = demographic.platform
            }
            guard var dimension else { continue }
            let place = path.member(field.rawValue)
            if field == .channel { dimension.values = try channels(dimension.values, at: place.member("Values")) }
            conditions.append(.demographic(field, try test(dimension, at: place)))
        }
        return conditions
    }

    /// PUSH stands for every push channel.
    private static func channels(_ values: [String]?, at path: WirePath) throws(APIError) -> [String] {
        var channels: [String] = []
        for (index, value) in (values ?? []).enumerated() {
            guard let channel = ChannelType(rawValue: value) else {
                let allowed = ChannelType.allCases.map(\.rawValue).joined(separator: ", ")
                throw path.element(index).refusal("must be one of \(allowed)")
            }
            let expanded = channel == .push ? ChannelType.allCases.filter(\.isPush).map(\.rawValue) : [value]
            channels += expanded.filter { !channels.contains($0) }
        }
        return channels
    }

    private static func location(
        _ location: SegmentLocation,
        at path: WirePath
    ) throws(APIError) -> [SegmentCondition] {
        var conditions: [SegmentCondition] = []
        if let country = location.country {
            conditions.append(.country(try test(country, at: path.member("Country"))))
        }
        if let point = location.gpsPoint {
            conditions.append(.near(try circle(point, at: path.member("GPSPoint"))))
        }
        return conditions
    }

    private static func circle(_ point: GPSPointDimension, at path: WirePath) throws(APIError) -> GeographicCircle {
        let place = path.member("Coordinates")
        guard let latitude = point.coordinates?.latitude, (-90...90).contains(latitude) else {
            throw place.member("Latitude").refusal("must be between -90 and 90")
        }
        guard let longitude = point.coordinates?.longitude, (-180...180).contains(longitude) else {
            throw place.member("Longitude").refusal("must be between -180 and 180")
        }
        guard let range = point.rangeInKilometers, range.isFinite, range >= 0 else {
            throw path.member("RangeInKilometers").refusal("is required and must not be negative")
        }
        return GeographicCircle(latitude: latitude, longitude: longitude, rangeKilometers: range)
    }

    private static func recency(_ recency: RecencyDimension, at path: WirePath) throws(APIError) -> SegmentCondition {
        guard let window = recency.duration.flatMap({ ActivityWindow(rawValue: $0.rawValue) }) else {
            throw path.member("Duration").refusal("is required")
        }
        guard let type = recency.recencyType else { throw path.member("RecencyType").refusal("is required") }
        return .recency(window, isActive: type == .active)
    }

    // MARK: Names and values

    static func test(_ dimension: SetDimension, at path: WirePath) throws(APIError) -> SetTest {
        let values = try checked(dimension.values, at: path.member("Values"))
        switch dimension.dimensionType ?? .inclusive {
        case .inclusive: return .inclusive(values)
        case .exclusive: return .exclusive(values)
        }
    }

    private static func checked(_ values: [String]?, at path: WirePath) throws(APIError) -> [String] {
        guard let values, (1...Limits.valuesPerDimension).contains(values.count) else {
            throw path.refusal("must have 1 to \(Limits.valuesPerDimension) values; got \(values?.count ?? 0)")
        }
        for (index, value) in values.enumerated() {
            let place = path.element(index)
            guard value.unicodeScalars.count <= Limits.dimensionValueCharacters else {
                throw place.refusal("must have at most \(Limits.dimensionValueCharacters) characters")
            }
            try refuseNUL(in: value, at: place)
        }
        return values
    }

    static func check(name: String, at path: WirePath) throws(APIError) {
        guard (1...Limits.dimensionNameCharacters).contains(name.unicodeScalars.count) else {
            throw path.refusal("is not a valid name: it must have 1 to \(Limits.dimensionNameCharacters) characters")
        }
        try refuseNUL(in: name, at: path)
    }

    /// Postgres stores no U+0000, so nothing could match it.
    static func refuseNUL(in text: String, at path: WirePath) throws(APIError) {
        guard !text.utf8.contains(0) else { throw path.refusal("must not contain U+0000") }
    }
}

extension AttributeTest {
    /// Cheap tests first.
    var rank: Int {
        switch self {
        case .inclusive: 0
        case .exclusive: 1
        case .contains: 2
        case .before: 3
        case .after: 4
        case .on: 5
        case .between: 6
        }
    }
}

extension Comparison {
    var rank: Int {
        switch self {
        case .greaterThan: 0
        case .lessThan: 1
        case .greaterThanOrEqual: 2
        case .lessThanOrEqual: 3
        case .equal: 4
        }
    }
}

extension ChannelType {
    fileprivate var isPush: Bool {
        switch self {
        case .push, .gcm, .apns, .apnsSandbox, .apnsVoip, .apnsVoipSandbox, .adm, .baidu: true
        case .sms, .voice, .email, .custom, .inApp: false
        }
    }
}
