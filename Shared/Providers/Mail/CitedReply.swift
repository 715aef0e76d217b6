package import HTTPClient
import Mail

/// The reply of a server that a bounce in plain words cites: `550 5.1.1 <jo@x.test>: unknown`, `Remote host said: 550 …`.
package enum CitedReply {
    private static let linesLimit = 200
    /// What stands before a code that is not at the beginning of its line.
    private static let announcements = ["said:", "error", "reply", "response", "returned", "status", "#", "reason"]

    /// The first; nil when nothing looks like one. Looks above the returned message only.
    package static func find(in text: String) -> SMTPReply? {
        for line in text.split(whereSeparator: \.isNewline).prefix(linesLimit) {
            let words = MailWords.trimmed(line)
            // qmail and others put the message they return behind such a line.
            if words.hasPrefix("---"),
                words.lowercased().contains("below this line") || words.lowercased().contains("copy")
            {
                return nil
            }
            let reply = SMTPReply(reading: words)
            if reply.enhanced != nil { return reply }
            if startsWithCode(words) { return reply }
            let lowered = words.lowercased()
            if let place = announcements.compactMap({ find($0, in: lowered) }).min(),
                startsWithCode(MailWords.trimmed(String(decoding: Array(lowered.utf8)[place...], as: UTF8.self)))
            {
                return reply
            }
        }
        return nil
    }

    private static func startsWithCode(_ text: String) -> Bool {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard digits.count == 3, digits.first == UInt8(ascii: "4") || digits.first == UInt8(ascii: "5") else {
            return false
        }
        guard let next = text.utf8.dropFirst(3).first else { return true }
        return next == 0x20 || next == UInt8(ascii: "-")
    }

    /// The offset behind `word`.
    private static func find(_ word: String, in text: String) -> Int? {
        let (bytes, pattern) = (Array(text.utf8), Array(word.utf8))
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { bytes[$0..<($0 + pattern.count)].elementsEqual(pattern) }
            .map { $0 + pattern.count }
    }
}
