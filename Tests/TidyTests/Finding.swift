import Testing

/// One place that breaks a rule.
struct Finding: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// Fails with all findings at once, one a line: a reader wants to mend them in one go.
func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
    let report = findings.map(\.description).joined(separator: "\n")
    #expect(findings.isEmpty, "\(findings.count) findings:\n\(report)", sourceLocation: sourceLocation)
}
