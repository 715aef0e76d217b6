/// Which messages a rule is about.
package enum ReplyTrigger: Sendable, Equatable {
    /// The first word, whatever follows: `JOIN`, `join now`.
    case keyword(FoldedText)
    /// The whole message, folded.
    case exact(FoldedText)
    case pattern(ReplyPattern)
    /// All that no rule before it took.
    case any

    package func matches(_ message: String, _ folded: FoldedText) -> Bool {
        switch self {
        case .keyword(let word):
            guard !word.scalars.isEmpty, folded.scalars.starts(with: word.scalars) else { return false }
            return folded.scalars.count == word.scalars.count || folded.isBoundary(word.scalars.count)
        case .exact(let text): return !text.scalars.isEmpty && text == folded
        case .pattern(let pattern): return pattern.matches(message)
        case .any: return true
        }
    }
}
