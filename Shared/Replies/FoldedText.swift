/// A message as its meaning is looked up: one spelling for what people write in many.
///
/// Case, width, Latin and Cyrillic accents, Arabic vowel signs and letter variants, voiced kana, letters in circles and mathematical
/// alphabets are folded; apostrophes and what is not to be seen (zero-width characters, variation selectors) vanish; all other
/// punctuation and emoji become one space between words. `S.T.O.P` is one word. Linear in the text's length.
package struct FoldedText: Hashable, Sendable {
    /// Letters and digits, and single spaces between words.
    package let scalars: [UInt32]

    static let space: UInt32 = 0x20

    /// Reads at most `limit` scalars of `text`.
    package init(_ text: some StringProtocol, limit: Int = 10_000) {
        var folded: [UInt32] = []
        for scalar in text.unicodeScalars.prefix(limit) { Self.append(scalar, to: &folded) }
        if folded.last == Self.space { folded.removeLast() }
        scalars = Self.joinedLetters(folded) ?? folded
    }

    package var text: String {
        var text = String.UnicodeScalarView()
        for value in scalars { if let scalar = Unicode.Scalar(value) { text.append(scalar) } }
        return String(text)
    }

    /// Nil unless every word is one letter of an alphabet and there are several.
    private static func joinedLetters(_ folded: [UInt32]) -> [UInt32]? {
        guard folded.count >= 5, folded.count % 2 == 1 else { return nil }
        for (place, value) in folded.enumerated() {
            guard (value == space) == (place % 2 == 1), !isUnspaced(value) else { return nil }
        }
        return folded.filter { $0 != space }
    }

    private static func append(_ scalar: Unicode.Scalar, to folded: inout [UInt32]) {
        let value = ScalarFold.plain(scalar.value)
        switch ScalarFold.kind(of: value) {
        case .nothing: return
        case .separator:
            if let last = folded.last, last != space { folded.append(space) }
        case .letter:
            guard value >= 0x80, let plain = Unicode.Scalar(value) else {
                folded.append((0x41...0x5A).contains(value) ? value + 0x20 : value)
                return
            }
            for lowered in plain.properties.lowercaseMapping.unicodeScalars {
                folded.append(contentsOf: ScalarFold.letters(lowered.value))
            }
        }
    }

    /// Written without spaces between words: a word may begin and end beside any such character.
    static func isUnspaced(_ value: UInt32) -> Bool {
        switch value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0x1100...0x11FF,
            0x20000...0x3134F:
            true
        case _: false
        }
    }

    /// A word may begin or end between the scalars before and at `place`.
    func isBoundary(_ place: Int) -> Bool {
        guard place > 0, place < scalars.count else { return true }
        let (before, after) = (scalars[place - 1], scalars[place])
        return before == Self.space || after == Self.space || Self.isUnspaced(before) || Self.isUnspaced(after)
    }
}
