/// What the compiler no longer checks, a sentence must answer for: who guards it.
enum SafetyRule {
    static let tokens = ["@unchecked Sendable", "nonisolated(unsafe)"]
    /// The sentence stands within that many lines, before or after.
    private static let reach = 6

    static func findings(in file: SourceFile) -> [Finding] {
        guard !file.isGenerated else { return [] }
        return tokens.flatMap { token in
            file.findings(of: token, "`\(token)` without a `// SAFETY:` sentence").filter { finding in
                let lines = file.lines
                let near = lines[max(0, finding.line - 1 - reach)...min(lines.count - 1, finding.line - 1 + reach)]
                return !near.contains { !SearchText(String($0)).offsets(of: "// SAFETY:").isEmpty }
            }
        }
    }
}
