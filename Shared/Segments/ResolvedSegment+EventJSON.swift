import Core

// The frozen form of conditions beyond Pinpoint's.

extension BehaviorTest {
    var json: JSON {
        let (test, bound) =
            switch count {
            case .atLeast(let bound): ("AT_LEAST", bound)
            case .atMost(let bound): ("AT_MOST", bound)
            case .exactly(let bound): ("EXACTLY", bound)
            }
        return [
            "Condition": "Behavior", "Event": event.json, "Test": .string(test), "Count": .integer(Int64(bound)),
            "Days": .integer(Int64(days)), "Scope": .string(scope.rawValue),
        ]
    }

    init(frozen reader: FrozenReader) throws(Fault) {
        let bound = try reader.int("Count", in: 0...Limits.eventCount)
        let count: CountTest
        switch try reader.text("Test") {
        case "AT_LEAST": count = .atLeast(bound)
        case "AT_MOST": count = .atMost(bound)
        case "EXACTLY": count = .exactly(bound)
        default: throw reader.fault("Test")
        }
        self.init(
            event: try EventTest(frozen: FrozenReader(reader.member("Event"))),
            count: count,
            days: try reader.int("Days", in: 1...Limits.eventWindowDays),
            scope: try reader.code("Scope")
        )
    }
}

extension SequenceTest {
    var json: JSON {
        [
            "Condition": "Sequence", "Steps": .array(steps.map(\.json)),
            "WithinSeconds": .integer(within.components.seconds), "IsLastAbsent": .bool(isLastAbsent),
            "Days": .integer(Int64(days)), "Scope": .string(scope.rawValue),
        ]
    }

    init(frozen reader: FrozenReader) throws(Fault) {
        var steps: [EventTest] = []
        for step in try reader.list("Steps") { steps.append(try EventTest(frozen: step)) }
        guard (2...Limits.stepsPerSequence).contains(steps.count) else { throw reader.fault("Steps") }
        self.init(
            steps: steps,
            within: .seconds(try reader.int("WithinSeconds", in: 1...Limits.eventWindowDays * 86_400)),
            isLastAbsent: try reader.flag("IsLastAbsent"),
            days: try reader.int("Days", in: 1...Limits.eventWindowDays),
            scope: try reader.code("Scope")
        )
    }
}

extension EventTest {
    fileprivate var json: JSON {
        var object: JSONObject = [:]
        object["Type"] = type.map(JSON.string)
        object["Attributes"] = .array(
            attributes.map { attribute in
                var member = attribute.test.json
                member["Name"] = .string(attribute.name)
                return .object(member)
            }
        )
        object["Metrics"] = .array(
            metrics.map { metric in
                [
                    "Name": .string(metric.name), "Test": .string(metric.comparison.rawValue),
                    "Value": .double(metric.value),
                ]
            }
        )
        return .object(object)
    }

    fileprivate init(frozen reader: FrozenReader) throws(Fault) {
        self.init(type: reader.json["Type"] == nil ? nil : try reader.text("Type"))
        for member in try reader.list("Attributes") {
            attributes.append(
                EventAttributeTest(name: try member.text("Name"), test: try AttributeTest(frozen: member))
            )
        }
        for member in try reader.list("Metrics") {
            metrics.append(
                EventMetricTest(
                    name: try member.text("Name"),
                    comparison: try member.code("Test"),
                    value: try member.number("Value")
                )
            )
        }
    }
}

extension DateTest {
    var json: JSON {
        [
            "Condition": "Date", "Owner": .string(owner.rawValue), "Name": .string(name),
            "FromDays": .integer(Int64(fromDays)), "ToDays": .integer(Int64(toDays)),
            "IsAnniversary": .bool(isAnniversary),
        ]
    }

    init(frozen reader: FrozenReader) throws(Fault) {
        let from = try reader.int("FromDays", in: -Limits.dateOffsetDays...Limits.dateOffsetDays)
        self.init(
            owner: try reader.code("Owner"),
            name: try reader.text("Name"),
            fromDays: from,
            toDays: try reader.int("ToDays", in: from...Limits.dateOffsetDays),
            isAnniversary: try reader.flag("IsAnniversary")
        )
    }
}

extension PercentageTest {
    var json: JSON {
        var object: JSONObject = [
            "Condition": "Percentage", "From": .integer(Int64(from)), "To": .integer(Int64(to)),
        ]
        object["Salt"] = salt.map(JSON.string)
        return .object(object)
    }

    init(frozen reader: FrozenReader) throws(Fault) {
        let from = try reader.int("From", in: 0...99)
        self.init(
            from: from,
            to: try reader.int("To", in: from + 1...100),
            salt: reader.json["Salt"] == nil ? nil : try reader.text("Salt")
        )
    }
}
