import Core

/// A run's balance sheet as the API gives it.
struct RunBooks: Sendable {
    struct Column: Sendable {
        var title: String
        var planned: Int
        var states: [String: Int] = [:]
        /// By state, then reason.
        var reasons: [String: [String: Int]] = [:]

        /// How many ended in that state.
        subscript(state: String) -> Int { states[state] ?? 0 }
        var balances: Bool { planned == RunBooks.states.reduce(0) { $0 + self[$1] } }
    }

    static let states = ["Accepted", "Rejected", "Suppressed", "Expired", "Unknown"]
    static let holdoutReason = "HOLDOUT"

    private(set) var treatments: [Column]
    let all: Column
    /// Recipients without a terminal state.
    let open: Int
    let saysItBalances: Bool

    init(_ json: JSON) throws(Fault) {
        guard let rows = json["Treatments"]?.array, let balances = json["Balances"]?.bool, let open = json["Open"]?.int
        else {
            throw Fault(.unavailable, "the balance has no Treatments, Balances or Open")
        }
        treatments = rows.map { Self.column($0, title: $0["TreatmentId"]?.string ?? "?") }
        var all = Self.column(json, title: "all")
        for (state, reasons) in treatments.flatMap(\.reasons) {
            all.reasons[state, default: [:]].merge(reasons) { $0 + $1 }
        }
        self.all = all
        self.open = open
        saysItBalances = balances
        treatments.sort { Self.order($0.title) < Self.order($1.title) }
    }

    /// The holdout last.
    private static func order(_ title: String) -> Int { Int(title) ?? .max }

    private static func column(_ json: JSON, title: String) -> Column {
        var column = Column(title: title, planned: json["Planned"]?.int ?? 0)
        for state in states { column.states[state] = json[state]?.int ?? 0 }
        for state in json["Reasons"]?.object?.members ?? [] {
            for reason in state.value.object?.members ?? [] {
                column.reasons[state.key, default: [:]][reason.key] = reason.value.int ?? 0
            }
        }
        return column
    }

    /// Recounted here, from the parts; the service's own word is a check of its own.
    var balances: Bool {
        let parts = treatments.reduce(0) { $0 + $1.planned }
        return saysItBalances && open == 0 && all.planned == parts && (treatments + [all]).allSatisfy(\.balances)
    }

    func treatment(_ treatment: DemoTreatment) -> Column {
        treatments.first { $0.title == treatment.id } ?? Column(title: treatment.id, planned: 0)
    }

    /// Without the holdout, which a segment's estimate knows nothing of.
    var suppressedByGate: Int { all["Suppressed"] - heldOut }
    var heldOut: Int { all.reasons["Suppressed"]?[Self.holdoutReason] ?? 0 }

    var table: [String] {
        let columns = treatments + [all]
        var rows = [["balance sheet"] + columns.map(Self.heading)]
        rows.append(["planned"] + columns.map { DemoText.grouped($0.planned) })
        for (index, state) in Self.states.enumerated() {
            let sign = index == 0 ? "= " : "+ "
            rows.append([sign + state.lowercased()] + columns.map { DemoText.grouped($0[state]) })
            for reason in (all.reasons[state] ?? [:]).keys.sorted() {
                rows.append(["      \(reason)"] + columns.map { DemoText.grouped($0.reasons[state]?[reason] ?? 0) })
            }
        }
        return DemoText.table(rows)
    }

    private static func heading(_ column: Column) -> String {
        if let number = Int(column.title), let treatment = DemoTreatment(rawValue: number) {
            return "\(number) \(treatment.name)"
        }
        return column.title.lowercased()
    }
}
