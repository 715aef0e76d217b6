package import Core

extension ResolvedSegment {
    /// How a run freezes the segment. Instants are integers (µs since 1970), so that nothing is rounded.
    package var json: JSON {
        var object: JSONObject = [:]
        object["Id"] = id.map { .string($0.description) }
        object["Version"] = version.map { .integer(Int64($0)) }
        object["Expression"] = expression.json
        return .object(object)
    }

    /// - Throws: `Fault(.integrity)` for what `json` never writes.
    package init(json: JSON) throws(Fault) {
        let reader = FrozenReader(json)
        let id: SegmentID?
        if let text = json["Id"] {
            guard let parsed = text.string.flatMap({ SegmentID($0) }) else { throw reader.fault("Id") }
            id = parsed
        } else {
            id = nil
        }
        self.init(
            id: id,
            version: json["Version"]?.int,
            expression: try SegmentExpression(frozen: reader.member("Expression"), level: 0)
        )
    }
}

extension SegmentExpression {
    fileprivate var json: JSON {
        switch self {
        case .combination(let type, let members): ["Type": .string(type.rawValue), "Of": .array(members.map(\.json))]
        case .condition(let condition): condition.json
        }
    }

    /// Two levels per segment at most, and one for the whole.
    private static let maximumLevel = 4 * Limits.segmentDepth

    fileprivate init(frozen json: JSON, level: Int) throws(Fault) {
        let reader = FrozenReader(json)
        guard level <= Self.maximumLevel else { throw reader.fault("Expression (too deep)") }
        guard json["Type"] != nil else {
            self = .condition(try SegmentCondition(frozen: json))
            return
        }
        guard let list = json["Of"]?.array else { throw reader.fault("Of") }
        var members: [SegmentExpression] = []
        for member in list { members.append(try SegmentExpression(frozen: member, level: level + 1)) }
        self = .combination(try reader.code("Type"), members)
    }
}

extension SegmentCondition {
    fileprivate var json: JSON {
        switch self {
        case .attribute(let owner, let name, let test):
            var object = test.json
            object["Condition"] = .string(owner.rawValue)
            object["Name"] = .string(name)
            return .object(object)
        case .metric(let name, let comparison, let value):
            return [
                "Condition": "Metric", "Name": .string(name), "Test": .string(comparison.rawValue),
                "Value": .double(value),
            ]
        case .demographic(let field, let test):
            var object = test.json
            object["Condition"] = "Demographic"
            object["Name"] = .string(field.rawValue)
            return .object(object)
        case .country(let test):
            var object = test.json
            object["Condition"] = "Country"
            return .object(object)
        case .near(let circle):
            return [
                "Condition": "GPSPoint", "Latitude": .double(circle.latitude), "Longitude": .double(circle.longitude),
                "RangeInKilometers": .double(circle.rangeKilometers),
            ]
        case .recency(let window, let isActive):
            return ["Condition": "Recency", "Duration": .string(window.rawValue), "IsActive": .bool(isActive)]
        case .behavior(let test): return test.json
        case .sequence(let test): return test.json
        case .date(let test): return test.json
        case .percentage(let test): return test.json
        case .imported(let segment): return ["Condition": "Imported", "Segment": .string(segment.description)]
        }
    }

    fileprivate init(frozen json: JSON) throws(Fault) {
        let reader = FrozenReader(json)
        let kind = try reader.text("Condition")
        if let owner = AttributeOwner(rawValue: kind) {
            self = .attribute(owner, name: try reader.text("Name"), try AttributeTest(frozen: reader))
            return
        }
        switch kind {
        case "Metric":
            self = .metric(name: try reader.text("Name"), try reader.code("Test"), try reader.number("Value"))
        case "Demographic":
            self = .demographic(try reader.code("Name"), try SetTest(frozen: reader))
        case "Country":
            self = .country(try SetTest(frozen: reader))
        case "GPSPoint":
            self = .near(
                GeographicCircle(
                    latitude: try reader.number("Latitude"),
                    longitude: try reader.number("Longitude"),
                    rangeKilometers: try reader.number("RangeInKilometers")
                )
            )
        case "Recency":
            guard let isActive = json["IsActive"]?.bool else { throw reader.fault("IsActive") }
            self = .recency(try reader.code("Duration"), isActive: isActive)
        case "Behavior": self = .behavior(try BehaviorTest(frozen: reader))
        case "Sequence": self = .sequence(try SequenceTest(frozen: reader))
        case "Date": self = .date(try DateTest(frozen: reader))
        case "Percentage": self = .percentage(try PercentageTest(frozen: reader))
        case "Imported":
            guard let segment = SegmentID(try reader.text("Segment")) else { throw reader.fault("Segment") }
            self = .imported(segment)
        default:
            throw reader.fault("Condition")
        }
    }
}

extension AttributeTest {
    var json: JSONObject {
        func values(_ test: String, _ values: [String]) -> JSONObject {
            ["Test": .string(test), "Values": .array(values.map(JSON.string))]
        }
        func instants(_ test: String, _ instants: Instant...) -> JSONObject {
            ["Test": .string(test), "Instants": .array(instants.map { .integer($0.microseconds) })]
        }
        return switch self {
        case .inclusive(let listed): values("INCLUSIVE", listed)
        case .exclusive(let listed): values("EXCLUSIVE", listed)
        case .contains(let listed): values("CONTAINS", listed)
        case .before(let instant): instants("BEFORE", instant)
        case .after(let instant): instants("AFTER", instant)
        case .on(let day): instants("ON", day.start)
        case .between(let first, let last): instants("BETWEEN", first, last)
        }
    }

    init(frozen reader: FrozenReader) throws(Fault) {
        func instants(_ count: Int) throws(Fault) -> [Instant] {
            let list = reader.json["Instants"]?.array ?? []
            var instants: [Instant] = []
            for case .integer(let value) in list { instants.append(Instant(microseconds: value)) }
            guard list.count == count, instants.count == count else { throw reader.fault("Instants") }
            return instants
        }
        switch try reader.text("Test") {
        case "INCLUSIVE": self = .inclusive(try reader.texts("Values"))
        case "EXCLUSIVE": self = .exclusive(try reader.texts("Values"))
        case "CONTAINS": self = .contains(try reader.texts("Values"))
        case "BEFORE": self = .before(try instants(1)[0])
        case "AFTER": self = .after(try instants(1)[0])
        case "ON": self = .on(try instants(1)[0].day)
        case "BETWEEN":
            let bounds = try instants(2)
            self = .between(bounds[0], bounds[1])
        default: throw reader.fault("Test")
        }
    }
}

extension SetTest {
    fileprivate var json: JSONObject {
        switch self {
        case .inclusive(let values): ["Test": "INCLUSIVE", "Values": .array(values.map(JSON.string))]
        case .exclusive(let values): ["Test": "EXCLUSIVE", "Values": .array(values.map(JSON.string))]
        }
    }

    fileprivate init(frozen reader: FrozenReader) throws(Fault) {
        switch try reader.text("Test") {
        case "INCLUSIVE": self = .inclusive(try reader.texts("Values"))
        case "EXCLUSIVE": self = .exclusive(try reader.texts("Values"))
        default: throw reader.fault("Test")
        }
    }
}
