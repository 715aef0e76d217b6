/// What a whole message asks for, whatever else we know of its sender.
///
/// A command is the whole message, or a command with nothing but filler words of one language around it. A message that has a
/// word for stopping in any other place is `review`: a reasonable person may have meant to revoke (47 CFR 64.1200(a)(10)), and
/// nobody but a person can say.
package enum KeywordVerdict: Hashable, Sendable {
    case stop
    case start
    /// Counts as a start only for somebody who is out.
    case startAgain
    case help
    case yes
    case no
    case human
    case review
    case none
}

/// Reads messages by a `KeywordTable`.
package struct Keywords: Sendable {
    /// A longer message is a sentence, whatever it says.
    static let commandScalars = 160
    /// Longest word of the table: what one step costs at most.
    static let wordScalars = 40

    package static let standard = Keywords(.standard)

    private let table: KeywordTable

    package init(_ table: KeywordTable) {
        self.table = table
    }

    package func verdict(_ message: String) -> KeywordVerdict {
        verdict(FoldedText(message))
    }

    package func verdict(_ text: FoldedText) -> KeywordVerdict {
        if let command = command(text) { return command }
        return hasStopWord(text) ? .review : .none
    }

    // MARK: Commands

    private static let commands: [(kind: KeywordTable.Kind, verdict: KeywordVerdict)] = [
        (.stop, .stop), (.stopOnly, .stop), (.start, .start), (.startAgain, .startAgain), (.help, .help), (.yes, .yes),
        (.no, .no), (.human, .human),
    ]
    /// Where one message says two things, the first of these holds.
    private static let order: [KeywordVerdict] = [.stop, .help, .human, .start, .startAgain, .no, .yes]

    /// By dynamic programming over places: the text is cut into words of the table in every possible way at once. Words are short,
    /// so that this is linear.
    private func command(_ text: FoldedText) -> KeywordVerdict? {
        let scalars = text.scalars
        guard (1...Self.commandScalars).contains(scalars.count) else { return nil }
        let all = UInt16.max
        // Of the ways to read the text before a place: those without a command, and by the command that they have.
        var plain = [UInt16](repeating: 0, count: scalars.count + 1)
        var commanded = [[KeywordVerdict: UInt16]](repeating: [:], count: scalars.count + 1)
        plain[0] = all
        for start in scalars.indices {
            guard plain[start] != 0 || !commanded[start].isEmpty else { continue }
            if scalars[start] == FoldedText.space {
                plain[start + 1] |= plain[start]
                commanded[start + 1].merge(commanded[start]) { $0 | $1 }
                continue
            }
            guard text.isBoundary(start) else { continue }
            for (end, node) in words(text, from: start) {
                if node.fillers != 0 {
                    plain[end] |= plain[start] & node.fillers
                    for (verdict, mask) in commanded[start] where mask & node.fillers != 0 {
                        commanded[end][verdict, default: 0] |= mask & node.fillers
                    }
                }
                for (kind, verdict) in Self.commands where node.kinds.contains(kind) {
                    if plain[start] != 0 { commanded[end][verdict, default: 0] |= plain[start] }
                    // Said twice, or with another: STOP wins over everything.
                    for (earlier, mask) in commanded[start] {
                        let stronger = Self.order.first { $0 == earlier || $0 == verdict } ?? verdict
                        commanded[end][stronger, default: 0] |= mask
                    }
                }
            }
        }
        let found = commanded[scalars.count]
        return Self.order.first { (found[$0] ?? 0) != 0 }
    }

    /// Words of the table that begin at `start` and end at a boundary.
    private func words(_ text: FoldedText, from start: Int) -> [(end: Int, node: KeywordTable.Node)] {
        var found: [(Int, KeywordTable.Node)] = []
        var node = 0
        var place = start
        let last = min(text.scalars.count, start + Self.wordScalars)
        while place < last, let next = table.nodes[node].next[text.scalars[place]] {
            node = Int(next)
            place += 1
            let reached = table.nodes[node]
            guard !reached.kinds.isEmpty, place == text.scalars.count || text.isBoundary(place) else { continue }
            found.append((place, reached))
        }
        return found
    }

    // MARK: Sentences

    private func hasStopWord(_ text: FoldedText) -> Bool {
        for start in text.scalars.indices where text.scalars[start] != FoldedText.space && text.isBoundary(start) {
            let found = words(text, from: start)
            if found.contains(where: { $0.node.kinds.contains(.stop) || $0.node.kinds.contains(.hint) }) { return true }
        }
        return false
    }
}
