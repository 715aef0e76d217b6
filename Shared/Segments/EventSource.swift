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
