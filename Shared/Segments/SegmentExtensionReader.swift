import Core
import PinpointAPI

/// Reads the member `Needletail` of a segment or of one SegmentDimensions: conditions beyond Pinpoint's, all of which must
/// hold. In the order of the wire within each kind; cheap kinds first.
enum SegmentExtensionReader {
    static let members = ["Behaviors", "Dates", "Percentage", "Sequences"]

    static func conditions(of json: JSON, at path: WirePath) throws(APIError) -> [SegmentCondition] {
        let reader = try ExtensionObject(json, knowing: members, at: path)
        var conditions: [SegmentCondition] = []
        if let percentage = try reader.object("Percentage", knowing: ["From", "To", "Salt"]) {
            conditions.append(.percentage(try self.percentage(percentage)))
        }
        for date in try reader.objects(
            "Dates", knowing: ["Attribute", "Source", "FromDays", "ToDays", "Anniversary"])
        {
            conditions.append(.date(try self.date(date)))
        }
        for behavior in try reader.objects("Behaviors", knowing: eventMembers + countMembers + ["Days", "Scope"]) {
            conditions.append(.behavior(try self.behavior(behavior)))
        }
        for sequence in try reader.objects(
            "Sequences", knowing: ["Steps", "WithinSeconds", "WithinDays", "Absent", "Days", "Scope"])
        {
            conditions.append(.sequence(try self.sequence(sequence)))
        }
        return conditions
    }

    // MARK: Events

    private static let eventMembers = ["EventType", "Attributes", "Metrics"]
    private static let countMembers = ["AtLeast", "AtMost", "Exactly"]

    private static func behavior(_ reader: ExtensionObject) throws(APIError) -> BehaviorTest {
        let counts = 0...Limits.eventCount
        let given = countMembers.filter(reader.has)
        guard given.count == 1 else {
            throw reader.path.refusal("must have exactly one of \(countMembers.joined(separator: ", "))")
        }
        let count: CountTest
        if let bound = try reader.integer("AtLeast", in: counts) {
            count = .atLeast(bound)
        } else if let bound = try reader.integer("AtMost", in: counts) {
            count = .atMost(bound)
        } else {
            count = .exactly(try reader.integer("Exactly", in: counts) ?? 0)
        }
        return BehaviorTest(
            event: try event(reader, needsType: false),
            count: count,
            days: try reader.required("Days", in: 1...Limits.eventWindowDays),
            scope: try scope(reader)
        )
    }

    private static func sequence(_ reader: ExtensionObject) throws(APIError) -> SequenceTest {
        let objects = try reader.objects("Steps", knowing: eventMembers)
        guard (2...Limits.stepsPerSequence).contains(objects.count) else {
            throw reader.path.member("Steps").refusal(
                "must have 2 to \(Limits.stepsPerSequence) steps; got \(objects.count)"
            )
        }
        var steps: [EventTest] = []
        for object in objects { steps.append(try event(object, needsType: true)) }
        let days = try reader.required("Days", in: 1...Limits.eventWindowDays)
        let isLastAbsent = try reader.flag("Absent") ?? false
        let within = try within(reader)
        guard !isLastAbsent || within < .seconds(days * 86_400) else {
            throw reader.path.member("Days").refusal(
                "must be longer than the time in which the last step is absent: nothing could match"
            )
        }
        return SequenceTest(
            steps: steps, within: within, isLastAbsent: isLastAbsent, days: days, scope: try scope(reader))
    }

    private static func within(_ reader: ExtensionObject) throws(APIError) -> Duration {
        let seconds = try reader.integer("WithinSeconds", in: 1...Limits.eventWindowDays * 86_400)
        let days = try reader.integer("WithinDays", in: 1...Limits.eventWindowDays)
        switch (seconds, days) {
        case (let seconds?, nil): return .seconds(seconds)
        case (nil, let days?): return .seconds(days * 86_400)
        case (.some, .some), (nil, nil):
            throw reader.path.refusal("must have exactly one of WithinSeconds, WithinDays")
        }
    }

    /// Filters are ordered as dimensions are: by kind, then by name.
    private static func event(_ reader: ExtensionObject, needsType: Bool) throws(APIError) -> EventTest {
        var event = EventTest(type: try reader.text("EventType", characters: Limits.eventTypeCharacters))
        if needsType, event.type == nil { throw reader.path.member("EventType").refusal("is required") }
        let attributes: WireMap<AttributeDimension> = try reader.read("Attributes") ?? [:]
        for (name, dimension) in attributes {
            let place = reader.path.member("Attributes").member(name)
            try DimensionReader.check(name: name, at: place)
            event.attributes.append(
                EventAttributeTest(name: name, test: try DimensionReader.test(dimension, at: place)))
        }
        event.attributes.sort { ($0.test.rank, $0.name) < ($1.test.rank, $1.name) }
        let metrics: WireMap<MetricDimension> = try reader.read("Metrics") ?? [:]
        for (name, dimension) in metrics {
            let place = reader.path.member("Metrics").member(name)
            let (comparison, value) = try DimensionReader.test(dimension, name: name, at: place)
            event.metrics.append(EventMetricTest(name: name, comparison: comparison, value: value))
        }
        event.metrics.sort { ($0.comparison.rank, $0.name) < ($1.comparison.rank, $1.name) }
        return event
    }

    private static func scope(_ reader: ExtensionObject) throws(APIError) -> EventScope {
        try reader.word("Scope") ?? .endpoint
    }

    // MARK: Dates and percentages

    private static func date(_ reader: ExtensionObject) throws(APIError) -> DateTest {
        guard let name = try reader.text("Attribute", characters: Limits.dimensionNameCharacters) else {
            throw reader.path.member("Attribute").refusal("is required")
        }
        let source: DateSource = try reader.word("Source") ?? .endpoint
        let offsets = -Limits.dateOffsetDays...Limits.dateOffsetDays
        let from = try reader.required("FromDays", in: offsets)
        let to = try reader.required("ToDays", in: offsets)
        guard from <= to else { throw reader.path.member("ToDays").refusal("must not be less than FromDays") }
        return DateTest(
            owner: source.owner, name: name, fromDays: from, toDays: to,
            isAnniversary: try reader.flag("Anniversary") ?? false)
    }

    private static func percentage(_ reader: ExtensionObject) throws(APIError) -> PercentageTest {
        let from = try reader.required("From", in: 0...99)
        let to = try reader.required("To", in: 1...100)
        guard from < to else { throw reader.path.member("To").refusal("must be more than From") }
        return PercentageTest(
            from: from, to: to, salt: try reader.text("Salt", characters: Limits.dimensionValueCharacters))
    }
}

/// Where a date condition finds its attribute.
private enum DateSource: String, CaseIterable {
    case endpoint = "ENDPOINT"
    case user = "USER"

    var owner: AttributeOwner {
        switch self {
        case .endpoint: .endpoint
        case .user: .user
        }
    }
}

/// One object inside `Needletail`, of which every member is known.
private struct ExtensionObject {
    private let reader: WireReader

    init(_ json: JSON, knowing members: [String], at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(members, of: json, at: path)
        reader = try WireReader(json, at: path)
    }

    var path: WirePath { reader.path }

    /// Null is as if it were absent.
    func has(_ name: String) -> Bool {
        switch reader.object[name] {
        case nil, .null: false
        case .bool, .integer, .double, .string, .array, .object: true
        }
    }

    func read<Value: WireValue>(_ name: String) throws(APIError) -> Value? { try reader.read(name) }
    func flag(_ name: String) throws(APIError) -> Bool? { try reader.read(name) }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value: Int = try reader.read(name) else { return nil }
        guard range.contains(value) else {
            throw path.member(name).refusal(
                "must be between \(range.lowerBound) and \(range.upperBound); got \(value)"
            )
        }
        return value
    }

    func required(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int {
        guard let value = try integer(name, in: range) else { throw path.member(name).refusal("is required") }
        return value
    }

    func text(_ name: String, characters: Int) throws(APIError) -> String? {
        guard let text: String = try reader.read(name) else { return nil }
        guard (1...characters).contains(text.unicodeScalars.count) else {
            throw path.member(name).refusal("must have 1 to \(characters) characters")
        }
        try DimensionReader.refuseNUL(in: text, at: path.member(name))
        return text
    }

    func word<Word: RawRepresentable & CaseIterable>(_ name: String) throws(APIError) -> Word?
    where Word.RawValue == String {
        guard let text: String = try reader.read(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw path.member(name).refusal(
                WireCheck.complaint(allowed: Word.allCases.map(\.rawValue), got: text))
        }
        return word
    }

    func object(_ name: String, knowing members: [String]) throws(APIError) -> ExtensionObject? {
        guard let json: JSON = try reader.read(name) else { return nil }
        return try ExtensionObject(json, knowing: members, at: path.member(name))
    }

    func objects(_ name: String, knowing members: [String]) throws(APIError) -> [ExtensionObject] {
        let list: [JSON] = try reader.read(name) ?? []
        var objects: [ExtensionObject] = []
        for (index, json) in list.enumerated() {
            objects.append(try ExtensionObject(json, knowing: members, at: path.member(name).element(index)))
        }
        return objects
    }
}
