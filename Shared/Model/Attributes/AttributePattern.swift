/// A name or glob of RemoveAttributes: `*` stands for any characters, `?` for one, everything else for itself (case-sensitive).
struct AttributePattern: Sendable {
    let text: String
    private let scalars: [Unicode.Scalar]
    let isGlob: Bool

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
        isGlob = text.unicodeScalars.contains { $0 == "*" || $0 == "?" }
    }

    /// In time |pattern| × |name| at worst: on a mismatch only the last `*` takes one character more.
    func matches(_ name: String) -> Bool {
        let name = Array(name.unicodeScalars)
        var (at, place) = (0, 0)
        var retry: (at: Int, place: Int)?
        while at < name.count {
            if place < scalars.count, scalars[place] == "*" {
                retry = (at, place)
                place += 1
            } else if place < scalars.count, scalars[place] == "?" || scalars[place] == name[at] {
                at += 1
                place += 1
            } else if let last = retry {
                retry = (last.at + 1, last.place)
                (at, place) = (last.at + 1, last.place + 1)
            } else {
                return false
            }
        }
        return scalars[place...].allSatisfy { $0 == "*" }
    }
}

/// What one app no longer captures, of one kind.
struct AttributeBlacklist: Sendable {
    private let names: Set<ExactName>
    private let globs: [AttributePattern]

    init(_ patterns: [String] = []) {
        let patterns = patterns.map(AttributePattern.init)
        names = Set(patterns.lazy.filter { !$0.isGlob }.map { ExactName($0.text) })
        globs = patterns.filter(\.isGlob)
    }

    var isEmpty: Bool { names.isEmpty && globs.isEmpty }

    func contains(_ name: String) -> Bool {
        names.contains(ExactName(name)) || globs.contains { $0.matches(name) }
    }
}
