/// `slugify`: lower case, letters of Latin alphabets without their marks, runs of blanks and hyphens as one hyphen,
/// everything else that is not a letter, a digit or `_` left out.
enum Slug {
    static func make(_ text: String) -> String {
        var result: [UInt8] = []
        var isHyphenDue = false
        for scalar in text.unicodeScalars {
            if scalar == "-" || scalar.properties.isWhitespace {
                isHyphenDue = !result.isEmpty
                continue
            }
            let letters = ascii(scalar)
            guard !letters.isEmpty else { continue }
            if isHyphenDue { result.append(0x2D) }
            isHyphenDue = false
            result.append(contentsOf: letters)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func ascii(_ scalar: Unicode.Scalar) -> [UInt8] {
        switch scalar.value {
        case 0x30...0x39, 0x5F, 0x61...0x7A: [UInt8(scalar.value)]
        case 0x41...0x5A: [UInt8(scalar.value + 0x20)]
        case 0xC0...0x17F:
            // `?` holds the place of a sign that is no letter.
            [latin[Int(scalar.value) - 0xC0]].filter { $0 != 0x3F }
        default: []
        }
    }

    /// U+00C0 … U+017F without marks, in lower case.
    private static let latin = Array(
        ("aaaaaaaceeeeiiiidnooooo?ouuuuytsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
            + "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
            + "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs").utf8)
}
