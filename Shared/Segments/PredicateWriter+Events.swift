import Core

// Conditions on events. Each reads `events` with the app bound, from the window's first week on, so that Postgres skips
// the partitions before it.
//
// EXISTS over a sub-select, never IN or a count per row: where the condition must hold, the planner makes it a hash
// (semi- or anti-) join, and under OR or in a select list a hashed subplan or, when that does not fit, a look into the
// index per endpoint.

extension PredicateWriter {
    mutating func write(_ window: ActivityWindow, isActive: Bool) {
        let events = EventFilter(EventTest(), days: window.days, in: &self)
        let start = events.start
        let some = exists(events)
        if isActive {
            write("(\(row).effective_at >= \(start) OR \(some))")
        } else {
            write("(\(row).effective_at < \(start) AND NOT \(some))")
        }
    }

    mutating func write(_ test: BehaviorTest) {
        switch test.count {
        case .atLeast(0):
            write("TRUE")
        case .atLeast(1):
            write(scoped(test.scope, EventFilter(test, in: &self)) { $0.exists($1) })
        case .atMost(0), .exactly(0):
            write("NOT " + scoped(test.scope, EventFilter(test, in: &self)) { $0.exists($1) })
        case .atLeast(let count):
            let filter = EventFilter(test, in: &self)
            let having = "count(*) >= \(bind(count))"
            write(scoped(test.scope, filter) { $0.exists($1, having: having) })
        case .atMost(let count):
            let filter = EventFilter(test, in: &self)
            let having = "count(*) > \(bind(count))"
            write("NOT " + scoped(test.scope, filter) { $0.exists($1, having: having) })
        case .exactly(let count):
            let filter = EventFilter(test, in: &self)
            let having = "count(*) = \(bind(count))"
            write(scoped(test.scope, filter) { $0.exists($1, having: having) })
        }
    }

    private func scoped<Input>(
        _ scope: EventScope,
        _ input: Input,
        _ text: (EventSource, Input) -> String
    ) -> String {
        let own = EventSource(row: row, tenant: tenant, scope: .endpoint)
        switch scope {
        case .endpoint:
            return text(own, input)
        case .user:
            let user = EventSource(row: row, tenant: tenant, scope: .user)
            return "CASE WHEN \(row).user_id IS NULL THEN \(text(own, input)) ELSE \(text(user, input)) END"
        }
    }

    private func exists(_ filter: EventFilter) -> String {
        EventSource(row: row, tenant: tenant, scope: .endpoint).exists(filter)
    }

    mutating func write(_ test: SequenceTest) {
        var chain = SequenceChain(
            steps: [],
            within: bind(Double(test.within.components.seconds)),
            lastPossible: nil
        )
        for step in test.steps { chain.steps.append(EventFilter(step, days: test.days, in: &self)) }
        if test.isLastAbsent { chain.lastPossible = bind(now - test.within) }
        write(scoped(test.scope, chain) { $0.exists($1) })
    }
}

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

/// The steps of a sequence, bound.
struct SequenceChain {
    var steps: [EventFilter]
    /// Placeholder of the seconds between two steps.
    let within: String
    /// With an absent last step: placeholder of the latest time at which the step before it counts.
    var lastPossible: String?
}

/// Where the events of one row of `endpoints` are: its own, or those of its user.
struct EventSource {
    let row: String
    let tenant: String
    let scope: EventScope

    /// Some event passes.
    func exists(_ filter: EventFilter) -> String {
        "EXISTS (SELECT FROM \(tables("a", "o")) WHERE \(owner(of: "a", "o")) = \(ownerOfRow)"
            + " AND \(conditions(filter, "a", "o")))"
    }

    /// The number of events that pass is as `having` says; there is at least one.
    func exists(_ filter: EventFilter, having: String) -> String {
        let owner = owner(of: "a", "o")
        return "EXISTS (SELECT FROM (SELECT \(owner) FROM \(tables("a", "o")) WHERE \(conditions(filter, "a", "o"))"
            + " GROUP BY \(owner) HAVING \(having)) AS c WHERE c.\(ownerColumn) = \(ownerOfRow))"
    }

    /// Some chain of events passes.
    func exists(_ chain: SequenceChain) -> String {
        let present = chain.lastPossible == nil ? chain.steps[...] : chain.steps.dropLast()
        var from = tables("s1", "o1")
        var conditions = ["\(owner(of: "s1", "o1")) = \(ownerOfRow)"]
        for (index, step) in present.enumerated() {
            let (event, endpoint) = ("s\(index + 1)", "o\(index + 1)")
            if index > 0 {
                from += ", \(tables(event, endpoint))"
                conditions.append(after("s\(index)", "o\(index)", event, endpoint, within: chain.within))
            }
            conditions.append(self.conditions(step, event, endpoint))
        }
        if let latest = chain.lastPossible, let absent = chain.steps.last {
            let (event, endpoint) = ("s\(present.count)", "o\(present.count)")
            conditions.append("\(event).at <= \(latest)")
            conditions.append(
                "NOT EXISTS (SELECT FROM \(tables("x", "ox"))"
                    + " WHERE \(after(event, endpoint, "x", "ox", within: chain.within))"
                    + " AND \(self.conditions(absent, "x", "ox")))"
            )
        }
        return "EXISTS (SELECT FROM \(from) WHERE \(conditions.joined(separator: " AND ")))"
    }

    private func tables(_ event: String, _ endpoint: String) -> String {
        switch scope {
        case .endpoint: "events AS \(event)"
        case .user: "endpoints AS \(endpoint), events AS \(event)"
        }
    }

    private func conditions(_ filter: EventFilter, _ event: String, _ endpoint: String) -> String {
        let own = filter.conditions(on: event, tenant: tenant)
        switch scope {
        case .endpoint: return own
        case .user:
            return "\(endpoint).app = \(tenant) AND \(endpoint).user_id IS NOT NULL"
                + " AND \(event).endpoint_key = \(endpoint).endpoint_key AND \(own)"
        }
    }

    /// `later` happened after `event`, and not too long after it.
    private func after(
        _ event: String,
        _ endpoint: String,
        _ later: String,
        _ laterEndpoint: String,
        within: String
    ) -> String {
        "\(owner(of: later, laterEndpoint)) = \(owner(of: event, endpoint)) AND \(later).at > \(event).at"
            + " AND \(later).at <= \(event).at + \(within) * interval '1 second'"
    }

    private var ownerColumn: String { scope == .endpoint ? "endpoint_key" : "user_id" }

    private func owner(of event: String, _ endpoint: String) -> String {
        scope == .endpoint ? "\(event).endpoint_key" : "\(endpoint).user_id"
    }

    private var ownerOfRow: String { "\(row).\(ownerColumn)" }
}
