package import Core

extension BalanceSheet {
    /// `{"RunId", "State", "Planned", "Accepted", "Rejected", "Suppressed", "Expired", "Unknown", "Open", "Balances",
    /// "PossibleDuplicates", "Treatments": [{"TreatmentId", "Planned", <states>, "Reasons": {state: {reason: n}}}]}`; the holdout is the
    /// treatment `HOLDOUT`.
    package var json: JSON {
        var object: JSONObject = [
            "RunId": .string(run.description),
            "State": .string(state),
            "Planned": .integer(plannedTotal),
        ]
        for state in TerminalState.allCases { object[state.title] = .integer(total(state)) }
        object["Open"] = .integer(open)
        object["Balances"] = .bool(balances)
        object["PossibleDuplicates"] = .integer(possibleDuplicates)
        object["Treatments"] = .array(planned.map(treatment))
        return .object(object)
    }

    private func treatment(_ planned: Planned) -> JSON {
        var object: JSONObject = [
            "TreatmentId": .string(planned.treatment == Arms.holdout ? "HOLDOUT" : String(planned.treatment)),
            "Planned": .integer(planned.count),
        ]
        var reasons: JSONObject = [:]
        for state in TerminalState.allCases {
            object[state.title] = .integer(total(state, treatment: planned.treatment))
            var byReason: JSONObject = [:]
            for line in lines where line.treatment == planned.treatment && line.state == state {
                if let reason = line.reason { byReason[reason] = .integer(line.count) }
            }
            if !byReason.isEmpty { reasons[state.title] = .object(byReason) }
        }
        object["Reasons"] = .object(reasons)
        return .object(object)
    }
}

extension TerminalState {
    /// As the API writes it.
    package var title: String {
        switch self {
        case .accepted: "Accepted"
        case .rejected: "Rejected"
        case .suppressed: "Suppressed"
        case .expired: "Expired"
        case .unknown: "Unknown"
        }
    }
}
