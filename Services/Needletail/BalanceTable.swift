import Core
import Model

/// A balance sheet as text: one column per treatment, one row per terminal state and reason.
enum BalanceTable {
    static func show(_ sheet: BalanceSheet) {
        for line in lines(sheet) { Console.say(line) }
    }

    static func lines(_ sheet: BalanceSheet) -> [String] {
        let treatments = sheet.planned.map(\.treatment)
        let heads = treatments.map { $0 == Arms.holdout ? "holdout" : "treatment \($0)" }
        var lines = [row("run \(sheet.run) \(sheet.state)", heads + ["all"])]
        lines.append(row("planned", sheet.planned.map { String($0.count) } + [String(sheet.plannedTotal)]))
        for state in TerminalState.allCases {
            let totals = treatments.map { sheet.total(state, treatment: $0) }
            lines.append(row("  \(state.name)", (totals + [sheet.total(state)]).map(String.init)))
            let reasons = Set(sheet.lines.filter { $0.state == state }.compactMap(\.reason)).sorted()
            for reason in reasons {
                let counts = treatments.map { count(sheet, $0, state, reason) }
                lines.append(row("    \(reason)", (counts + [counts.reduce(0, +)]).map(String.init)))
            }
        }
        if sheet.open > 0 { lines.append(row("  open", treatments.map { _ in "" } + [String(sheet.open)])) }
        if sheet.possibleDuplicates > 0 {
            lines.append(
                row("  flagged possible duplicate", treatments.map { _ in "" } + [String(sheet.possibleDuplicates)]))
        }
        lines.append(sheet.balances ? "balances" : "DOES NOT BALANCE")
        return lines
    }

    private static func count(_ sheet: BalanceSheet, _ treatment: Int16, _ state: TerminalState, _ reason: String)
        -> Int64
    {
        sheet.lines.reduce(0) { sum, line in
            line.treatment == treatment && line.state == state && line.reason == reason ? sum + line.count : sum
        }
    }

    private static func row(_ head: String, _ cells: [String]) -> String {
        let title = head + String(repeating: " ", count: max(1, 52 - head.count))
        return cells.reduce(title) { $0 + String(repeating: " ", count: max(1, 13 - $1.count)) + $1 }
    }
}
