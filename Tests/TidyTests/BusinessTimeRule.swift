/// Business time is a parameter. SQL's own clock is real time, and right only for leases (`clock_timestamp()`).
enum BusinessTimeRule {
    static let tokens = [
        "now()", "transaction_timestamp()", "statement_timestamp()", "current_timestamp", "current_date", "localtimestamp",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isProduct, !file.isGenerated else { return [] }
        let text = file.path.hasSuffix(".sql") ? withoutComments(file.text) : SwiftText.literals(in: file.text)
        let lowered = text.lowercased()
        guard tokens.contains(where: { Words.contains($0, in: lowered[...]) }) else { return [] }
        return lowered.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            guard let token = tokens.first(where: { Words.contains($0, in: line) }) else { return nil }
            return Finding(path: file.path, line: index + 1, message: "`\(token)` in SQL: pass Environment.now as a parameter")
        }
    }

    private static func withoutComments(_ sql: String) -> String {
        sql.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let dash = line.firstIndex(of: "-"), line[dash...].hasPrefix("--") else { return line }
            return line[..<dash]
        }.joined(separator: "\n")
    }
}
