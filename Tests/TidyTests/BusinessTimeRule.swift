/// Business time is a parameter. SQL's own clock is real time, and right only for leases (`clock_timestamp()`).
enum BusinessTimeRule {
    static let tokens = [
        "now()", "transaction_timestamp()", "statement_timestamp()", "current_timestamp", "current_date",
        "localtimestamp",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isProduct, !file.isGenerated else { return [] }
        let text = file.path.hasSuffix(".sql") ? withoutComments(file.text) : SwiftText.literals(in: file.text)
        let search = SearchText(text.lowercased())
        return tokens.flatMap { token in
            search.lines(with: token).map { line in
                Finding(path: file.path, line: line, message: "`\(token)` in SQL: pass Environment.now as a parameter")
            }
        }
    }

    private static func withoutComments(_ sql: String) -> String {
        sql.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let dash = line.firstIndex(of: "-"), line[dash...].hasPrefix("--") else { return line }
            return line[..<dash]
        }.joined(separator: "\n")
    }
}
