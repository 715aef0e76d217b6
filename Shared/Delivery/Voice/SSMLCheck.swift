/// Whether a filled-in document is one that a provider can read: what `{{{unescaped}}}` values may have broken. Elements nest and close,
/// attributes are quoted, ampersands begin a reference; what the elements mean is the provider's to say.
enum SSMLCheck {
    private static let deepest = 32

    /// Nil for a document that is well-formed so far as this looks.
    static func complaint(_ document: String) -> String? {
        var open: [Substring] = []
        var rest = document[...]
        var roots = 0
        while let mark = rest.firstIndex(where: { $0 == "<" || $0 == "&" }) {
            if open.isEmpty, roots > 0 || rest[..<mark].contains(where: { !$0.isWhitespace }) {
                return "has text outside of its root"
            }
            rest = rest[mark...]
            if rest.first == "&" {
                guard let end = reference(rest) else { return "has an ampersand that begins no reference" }
                rest = rest[end...]
                continue
            }
            if rest.hasPrefix("<!--") {
                guard let end = rest.firstRange(of: "-->") else { return "has a comment without an end" }
                rest = rest[end.upperBound...]
                continue
            }
            guard let tag = Tag(rest) else { return "has a tag that cannot be read" }
            if tag.closes {
                guard open.popLast() == tag.name else { return "closes <\(tag.name.prefix(32))>, which is not open" }
            } else if !tag.isEmpty {
                open.append(tag.name)
                guard open.count <= deepest else { return "nests deeper than \(deepest) elements" }
            }
            if open.isEmpty { roots += 1 }
            rest = rest[tag.end...]
        }
        if let name = open.last { return "does not close <\(name.prefix(32))>" }
        return rest.allSatisfy(\.isWhitespace) ? nil : "has text outside of its root"
    }

    /// `&name;`, `&#9;` or `&#x9;`: where it ends.
    private static func reference(_ text: Substring) -> Substring.Index? {
        guard let end = text.prefix(12).firstIndex(of: ";") else { return nil }
        var name = text[text.index(after: text.startIndex)..<end]
        let known: Set<Substring> = ["amp", "lt", "gt", "quot", "apos"]
        if name.first == "#" {
            name = name.dropFirst()
            let isHex = name.first == "x"
            if isHex { name = name.dropFirst() }
            guard !name.isEmpty, name.allSatisfy({ $0.isASCII && (isHex ? $0.isHexDigit : $0.isNumber) }) else {
                return nil
            }
        } else if !known.contains(name) {
            return nil
        }
        return text.index(after: end)
    }

    private struct Tag {
        let name: Substring
        let closes: Bool
        let isEmpty: Bool
        let end: Substring.Index

        init?(_ text: Substring) {
            var at = text.index(after: text.startIndex)
            closes = at < text.endIndex && text[at] == "/"
            if closes { at = text.index(after: at) }
            let name = text[at...].prefix { $0.isLetter || $0.isNumber || "-_:.".contains($0) }
            guard let first = name.first, first.isLetter else { return nil }
            self.name = name
            at = name.endIndex
            var quote: Character?
            var last: Character = " "
            while at < text.endIndex {
                let character = text[at]
                if let open = quote {
                    if character == "<" { return nil }
                    if character == open { quote = nil }
                } else if character == "\"" || character == "'" {
                    guard last == "=" else { return nil }
                    quote = character
                } else if character == "<" {
                    return nil
                } else if character == ">" {
                    isEmpty = last == "/"
                    end = text.index(after: at)
                    return
                }
                last = character
                at = text.index(after: at)
            }
            return nil
        }
    }
}
