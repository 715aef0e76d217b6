/// How single characters are folded. Tables instead of Unicode's decompositions, which the standard library does not offer.
enum ScalarFold {
    enum Kind {
        case letter, separator, nothing
    }

    /// Other forms of the same letter, before anything else is asked of it: full width, circles, mathematical alphabets.
    static func plain(_ value: UInt32) -> UInt32 {
        switch value {
        case 0..<0x2460: return value
        case 0x24B6...0x24CF: return value - 0x24B6 + 0x61
        case 0x24D0...0x24E9: return value - 0x24D0 + 0x61
        case 0xFF01...0xFF5E: return value - 0xFF01 + 0x21
        case 0xFF66...0xFF9D: return halfWidthKana[Int(value - 0xFF66)]
        // Bold, italic, script … : capitals and small letters in turn.
        case 0x1D400...0x1D6A3: return 0x61 + (value - 0x1D400) % 26
        case 0x1F130...0x1F149: return value - 0x1F130 + 0x61
        case 0x1F150...0x1F169: return value - 0x1F150 + 0x61
        case 0x1F170...0x1F189: return value - 0x1F170 + 0x61
        case _: return value
        }
    }

    static func kind(of value: UInt32) -> Kind {
        switch value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return .letter
        // Apostrophes: don't is dont.
        case 0x27, 0x60, 0xB4, 0x2018, 0x2019, 0x201B, 0x02BC: return .nothing
        case 0..<0x80: return .separator
        // Arabic tatweel, and the marks of half-width kana.
        case 0x0640, 0xFF9E, 0xFF9F: return .nothing
        case _: break
        }
        guard let scalar = Unicode.Scalar(value) else { return .separator }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint { return .nothing }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter, .decimalNumber: return .letter
        // The long-vowel mark of kana is part of a word.
        case .modifierLetter: return .letter
        case .nonspacingMark, .enclosingMark: return .nothing
        // Vowel signs of Indic scripts.
        case .spacingMark: return .letter
        case _: return .separator
        }
    }

    /// What a lower-case letter is without its accents.
    static func letters(_ value: UInt32) -> [UInt32] {
        switch value {
        case 0xDF: return [0x73, 0x73]
        case 0xE6: return [0x61, 0x65]
        case 0x153: return [0x6F, 0x65]
        case 0xE0...0x17F: return [latin[Int(value - 0xE0)]]
        // й ё ї ў → и е і у, as their decomposed forms lose their marks.
        case 0x439: return [0x438]
        case 0x451: return [0x435]
        case 0x457: return [0x456]
        case 0x45E: return [0x443]
        // أ إ آ ٱ → ا, ى → ي, ة → ه
        case 0x622, 0x623, 0x625, 0x671: return [0x627]
        case 0x649: return [0x64A]
        case 0x629: return [0x647]
        // Arabic and Persian digits.
        case 0x660...0x669: return [value - 0x660 + 0x30]
        case 0x6F0...0x6F9: return [value - 0x6F0 + 0x30]
        case 0x3041...0x3096: return [unvoiced(value + 0x60)]
        case 0x30A1...0x30FA: return [unvoiced(value)]
        case _ where (0x300...0x36F).contains(value): return []
        case _: return [value]
        }
    }

    /// Katakana without its voicing marks.
    private static func unvoiced(_ value: UInt32) -> UInt32 {
        switch value {
        case 0x30AC...0x30C2 where value % 2 == 0: value - 1
        case 0x30C5, 0x30C7, 0x30C9: value - 1
        case 0x30D0...0x30DD: value - (value - 0x30CF) % 3
        case 0x30F4: 0x30A6
        case _: value
        }
    }

    /// U+FF66–U+FF9D.
    private static let halfWidthKana = "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
        .unicodeScalars.map(\.value)

    /// U+00E0–U+017F; capitals and signs do not come here.
    private static let latin: [UInt32] =
        ("aaaaaaaceeeeiiiidnooooooouuuuypyaaaaaaccccccccddddeeeeeeeeeegggg"
        + "gggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssss"
        + "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs").unicodeScalars.map(\.value)
}
