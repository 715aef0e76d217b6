package import Core

/// A run's books: planned = accepted + rejected + suppressed + expired + unknown, per treatment and reason.
package struct BalanceSheet: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        /// −1 is the holdout.
        package var treatment: Int16
        package var state: TerminalState
        package var reason: String?
        package var count: Int64

        package init(treatment: Int16, state: TerminalState, reason: String?, count: Int64) {
            self.treatment = treatment
            self.state = state
            self.reason = reason
            self.count = count
        }
    }

    package struct Planned: Sendable, Equatable {
        package var treatment: Int16
        package var count: Int64
    }

    package var run: RunID
    package var state: String
    package var planned: [Planned]
    package var lines: [Line]
    /// Recipients that no outcome names yet: their jobs are not finished.
    package var open: Int64
    /// Acceptances flagged `possible_duplicate` (AT_LEAST_ONCE only).
    package var possibleDuplicates: Int64

    package init(
        run: RunID,
        state: String,
        planned: [Planned],
        lines: [Line],
        open: Int64,
        possibleDuplicates: Int64
    ) {
        self.run = run
        self.state = state
        self.planned = planned
        self.lines = lines
        self.open = open
        self.possibleDuplicates = possibleDuplicates
    }

    package var plannedTotal: Int64 { planned.reduce(0) { $0 + $1.count } }

    package func total(_ state: TerminalState, treatment: Int16? = nil) -> Int64 {
        lines.reduce(0) { sum, line in
            line.state == state && (treatment == nil || line.treatment == treatment) ? sum + line.count : sum
        }
    }

    /// Whether every planned recipient has exactly one terminal state. While jobs run, `open` makes up the difference.
    package var balances: Bool {
        plannedTotal == lines.reduce(0) { $0 + $1.count } + open
    }
}
