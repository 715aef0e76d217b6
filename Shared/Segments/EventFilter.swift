import Core

/// What `EventTest` and a window ask of an event, with its parameters bound: writes itself for any alias of `events`.
struct EventFilter {
    /// Placeholders of the window's first week and its start.
    let week: String
    let start: String
    private let tests: [(String) -> String]

    init(_ test: BehaviorTest, in writer: inout PredicateWriter) {
        self.init(test.event, days: test.days, in: &writer)
    }

    init(_ test: EventTest, days: Int, in writer: inout PredicateWriter) {
        let start = writer.now.windowStart(days: days)
        week = writer.bind(start.day.weekStart)
        self.start = writer.bind(start)
        var tests: [(String) -> String] = []
        if let type = test.type {
            let place = writer.bind(type)
            tests.append { "\($0).type = \(place)" }
        }
        for attribute in test.attributes { tests.append(Self.test(attribute, in: &writer)) }
        for metric in test.metrics {
            let name = writer.bind(metric.name)
            let value = writer.bind(metric.value)
            tests.append { "needletail_number(\($0).metrics -> \(name)) \(metric.comparison.sign) \(value)" }
        }
        self.tests = tests
    }

    func conditions(on alias: String, tenant: String) -> String {
        let window = "\(alias).week >= \(week) AND \(alias).app = \(tenant) AND \(alias).at >= \(start)"
        return ([window] + tests.map { $0(alias) }).joined(separator: " AND ")
    }

    private static func test(
        _ attribute: EventAttributeTest,
        in writer: inout PredicateWriter
    ) -> (String) -> String {
        let name = writer.bind(attribute.name)
        func instant(_ test: String) -> (String) -> String {
            { "needletail_instant(\($0).attributes ->> \(name)) \(test)" }
        }
        switch attribute.test {
        case .inclusive(let values):
            let list = writer.bind(.textArray(values))
            return { "\($0).attributes ->> \(name) = ANY (\(list))" }
        case .exclusive(let values):
            let list = writer.bind(.textArray(values))
            return { "(\($0).attributes ->> \(name) = ANY (\(list))) IS NOT TRUE" }
        case .contains(let values):
            let patterns = writer.bind(.textArray(values.map(LikePattern.containing)))
            return { "\($0).attributes ->> \(name) LIKE ANY (\(patterns))" }
        case .before(let bound): return instant("< \(writer.bind(bound))")
        case .after(let bound): return instant("> \(writer.bind(bound))")
        case .on(let day):
            let place = writer.bind(day)
            return { "(needletail_instant(\($0).attributes ->> \(name)) AT TIME ZONE 'UTC')::date = \(place)" }
        case .between(let first, let last):
            return instant("BETWEEN \(writer.bind(first)) AND \(writer.bind(last))")
        }
    }
}
