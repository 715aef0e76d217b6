package import Core

/// The words of `ops/data/keywords.tsv`, folded, as a tree of their scalars.
package struct KeywordTable: Sendable {
    /// What a word is.
    package enum Kind: String, Sendable, CaseIterable {
        case stop
        case stopOnly = "stop-only"
        case hint
        case start
        case startAgain = "start-again"
        case help
        case yes
        case no
        case human
        case filler
    }

    /// At most 16, for masks.
    package private(set) var languages: [String] = []

    struct Node: Sendable {
        var next: [UInt32: Int32] = [:]
        var kinds: Set<Kind> = []
        /// Languages in which the word that ends here may stand around a command.
        var fillers: UInt16 = 0
    }

    private(set) var nodes = [Node()]

    /// Compiled in. A broken table is a programmer's error, caught by a test over the same literal.
    package static let standard = (try? KeywordTable(KeywordData.table)) ?? KeywordTable()

    private init() {}

    package init(_ text: String) throws(DataTable.Fault) {
        let rows = try DataTable.rows("keywords", text, columns: 4) { (row) throws(DataTable.Complaint) in
            try Self.row(row)
        }
        for row in rows {
            if !languages.contains(row.language) { languages.append(row.language) }
        }
        for row in rows {
            let mask = UInt16(1) << UInt16(languages.firstIndex(of: row.language) ?? 0)
            for word in row.words { add(word, row.kind, mask) }
        }
    }

    private static func row(
        _ fields: [String]
    ) throws(DataTable.Complaint) -> (kind: Kind, language: String, words: [FoldedText]) {
        guard let kind = Kind(rawValue: fields[0]) else { throw DataTable.Complaint("\(fields[0]) is no kind") }
        guard fields[1].utf8.count == 2 else { throw DataTable.Complaint("a language's two letters expected") }
        guard !fields[3].isEmpty else { throw DataTable.Complaint("a source expected") }
        let words = fields[2].split(separator: "|", omittingEmptySubsequences: false).map { FoldedText($0) }
        guard words.allSatisfy({ (1...40).contains($0.scalars.count) }) else {
            throw DataTable.Complaint("words of 1 to 40 letters expected")
        }
        return (kind, fields[1], words)
    }

    private mutating func add(_ word: FoldedText, _ kind: Kind, _ mask: UInt16) {
        var node = 0
        for scalar in word.scalars {
            if let next = nodes[node].next[scalar] {
                node = Int(next)
            } else {
                nodes.append(Node())
                nodes[node].next[scalar] = Int32(nodes.count - 1)
                node = nodes.count - 1
            }
        }
        nodes[node].kinds.insert(kind)
        if kind == .filler { nodes[node].fillers |= mask }
    }

    /// Whether `word` is exactly a word of one of `kinds`.
    package func has(_ word: FoldedText, _ kinds: Set<Kind>) -> Bool {
        var node = 0
        for scalar in word.scalars {
            guard let next = nodes[node].next[scalar] else { return false }
            node = Int(next)
        }
        return !nodes[node].kinds.isDisjoint(with: kinds)
    }
}
