package import Core

/// The times of SigV4: `20150830T123600Z`, and HTTP's `Date` where a client sends only that.
package enum SignatureTime {
    package static func format(_ instant: Instant) -> String {
        let (year, month, day) = instant.day.civil
        let ofDay = Int(instant.seconds - instant.day.start.seconds)
        var text: [UInt8] = []
        text.appendDecimal(year, width: 4)
        text.appendDecimal(month, width: 2)
        text.appendDecimal(day, width: 2)
        text.append(0x54)
        text.appendDecimal(ofDay / 3600, width: 2)
        text.appendDecimal(ofDay / 60 % 60, width: 2)
        text.appendDecimal(ofDay % 60, width: 2)
        text.append(0x5A)
        return String(decoding: text, as: UTF8.self)
    }

    /// `YYYYMMDDThhmmssZ` and nothing else.
    package static func parse(_ text: String) -> Instant? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == 0x54, bytes[15] == 0x5A else { return nil }
        let digits = bytes[0..<8] + bytes[9..<15]
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        return ISO8601.parse(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }

    /// An HTTP date (RFC 9110 §5.6.7, preferred form): `Sun, 06 Nov 1994 08:49:37 GMT`.
    package static func parseHTTPDate(_ text: String) -> Instant? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", words[0].utf8.count == 4, words[1].utf8.count == 2,
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return ISO8601.parse("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
