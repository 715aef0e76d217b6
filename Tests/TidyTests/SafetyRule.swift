/// What the compiler no longer checks, a sentence must answer for: who guards it.
enum SafetyRule {
    static let tokens = ["@unchecked Sendable", "nonisolated(unsafe)"]
    /// The sentence stands within that many lines, before or after.
    private static let reach = 6

    static func findings(in file: SourceFile) -> [Finding] {
        guard !file.isGenerated, tokens.contains(where: { Words.contains($0, in: file.code[...]) }) else { return [] }
        let lines = file.lines
        return file.codeLines.enumerated().compactMap { index, line in
            guard let token = tokens.first(where: { Words.contains($0, in: line) }) else { return nil }
            let near = lines[max(0, index - reach)...min(lines.count - 1, index + reach)]
            guard !near.contains(where: { Words.contains("// SAFETY:", in: $0) }) else { return nil }
            return Finding(path: file.path, line: index + 1, message: "`\(token)` without a `// SAFETY:` sentence")
        }
    }
}
