import Providers
import Testing

/// Counts as PyPI's smsutil has them.
@Suite struct SMSSegmentsTests {
    private func count(_ text: String) -> (SMSSegments.Encoding, [Int]) {
        let segments = SMSSegments(text)
        return (segments.encoding, segments.parts)
    }

    @Test(
        arguments: [
            (String(repeating: "a", count: 160), SMSSegments.Encoding.gsm7, [160]),
            (String(repeating: "a", count: 161), .gsm7, [153, 8]),
            (String(repeating: "€", count: 80), .gsm7, [160]),
            (String(repeating: "€", count: 81), .gsm7, [152, 10]),
            (String(repeating: "ж", count: 70), .ucs2, [70]),
            (String(repeating: "ж", count: 71), .ucs2, [67, 4]),
            (String(repeating: "😀", count: 35), .ucs2, [70]),
            (String(repeating: "😀", count: 36), .ucs2, [66, 6]),
            (String(repeating: "a", count: 159) + "[", .gsm7, [153, 8]),
            (String(repeating: "a", count: 152) + "{" + String(repeating: "a", count: 10), .gsm7, [152, 12]),
            ("it\u{2019}s", .ucs2, [4]), ("", .gsm7, [0]), ("a`b", .ucs2, [3]), ("ç", .ucs2, [1]), ("Ç", .gsm7, [1]),
            ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà", .gsm7, [65]),
            ("\u{0C}^{}\\[~]|€", .gsm7, [20]),
        ])
    func `a text is cut as a phone network cuts it`(text: String, encoding: SMSSegments.Encoding, parts: [Int]) {
        let counted = count(text)
        #expect(counted.0 == encoding && counted.1 == parts, "\(counted)")
        #expect(SMSSegments(text).count == parts.count)
    }

    @Test(
        arguments: [
            ("\u{2018}it\u{2019}s\u{201D} \u{2013} now\u{2026}", "'it's\" - now..."), ("a\u{00A0}b\u{200B}c", "a bc"),
            // It needs the other alphabet anyway, and may as well look as it was written.
            ("\u{201C}да\u{201D}", "\u{201C}да\u{201D}"), ("👩\u{200D}🚀\u{2026}", "👩\u{200D}🚀\u{2026}"),
            ("plain", "plain"),
        ])
    func `smart encoding makes a text plain when that saves the alphabet`(text: String, plain: String) {
        #expect(SMSSegments.smart(text) == plain)
    }
}
