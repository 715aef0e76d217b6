/// How a text is cut for the air: its alphabet, and how much of each part it fills (3GPP TS 23.038 and 23.040).
package struct SMSSegments: Sendable, Equatable {
    package enum Encoding: String, Sendable {
        case gsm7 = "GSM"
        case ucs2 = "UNICODE"
    }

    package let encoding: Encoding
    /// Septets or UTF-16 units of each part; one empty part for an empty text.
    package let parts: [Int]

    package var count: Int { parts.count }

    /// Room in a message of one part, and in each part of several behind a header with an 8-bit reference.
    private static let limits: [Encoding: (single: Int, part: Int)] = [.gsm7: (160, 153), .ucs2: (70, 67)]

    /// A character is never cut: not the escape from what it escapes, not one surrogate from the other.
    package init(_ text: some StringProtocol) {
        let costs = text.unicodeScalars.map(GSM7.septets)
        let isGSM = !costs.contains(0)
        encoding = isGSM ? .gsm7 : .ucs2
        let units = isGSM ? costs : text.unicodeScalars.map { $0.value > 0xFFFF ? 2 : 1 }
        let limit = Self.limits[encoding] ?? (70, 67)
        let total = units.reduce(0, +)
        guard total > limit.single else {
            parts = [total]
            return
        }
        var parts: [Int] = []
        var filled = 0
        for unit in units {
            if filled + unit > limit.part {
                parts.append(filled)
                filled = 0
            }
            filled += unit
        }
        self.parts = parts + [filled]
    }

    /// Typographic characters that cost a whole text its 7-bit alphabet, as plain ones: what Twilio calls smart encoding.
    package static func smart(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{2018}", "\u{2019}", "\u{201A}", "\u{201B}", "\u{2032}": plain.append("'")
            case "\u{201C}", "\u{201D}", "\u{201E}", "\u{201F}", "\u{2033}", "\u{00AB}", "\u{00BB}": plain.append("\"")
            case "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}": plain.append("-")
            case "\u{2026}": plain.append(contentsOf: "...".unicodeScalars)
            case "\u{00A0}", "\u{2000}"..."\u{200A}", "\u{202F}", "\u{205F}", "\u{3000}": plain.append(" ")
            case "\u{200B}"..."\u{200D}", "\u{2060}", "\u{FEFF}": break
            case _: plain.append(scalar)
            }
        }
        // Emoji are held together by what was just dropped: a text that needs the other alphabet anyway stays as it was.
        let result = String(plain)
        return result.unicodeScalars.contains { GSM7.septets($0) == 0 } ? text : result
    }
}

/// The default alphabet of GSM (3GPP TS 23.038 §6.2.1) and its extension.
enum GSM7 {
    /// 1 in the basic set, 2 behind an escape, 0 for what the alphabet does not have.
    static func septets(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x80 { return Int(ascii[Int(scalar.value)]) }
        if scalar == "\u{20AC}" { return 2 }
        return beyondASCII.contains(scalar) ? 1 : 0
    }

    private static let ascii: [UInt8] = {
        var costs = [UInt8](repeating: 0, count: 128)
        for value in 0x20...0x7E { costs[value] = 1 }
        for value in [0x0A, 0x0D] { costs[value] = 1 }
        costs[0x60] = 0  // the backtick
        for byte in "^{}\\[~]|".utf8 { costs[Int(byte)] = 2 }
        costs[0x0C] = 2
        return costs
    }()

    private static let beyondASCII = Set("£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".unicodeScalars)
}
