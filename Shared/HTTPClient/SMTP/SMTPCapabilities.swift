/// What the server offered in its last EHLO answer.
package struct SMTPCapabilities: Sendable, Equatable {
    package var pipelining = false
    package var eightBitMIME = false
    package var smtpUTF8 = false
    package var dsn = false
    /// The announced SIZE; nil when none or 0 (no limit).
    package var sizeLimitBytes: Int?
    package var offersSize = false

    package init() {}

    /// `lines` are all lines the server wrote during the handshake, oldest first: greeting, EHLO, STARTTLS, EHLO, AUTH.
    /// The last group of 250 lines is the EHLO that counts, because STARTTLS voids what was said before (RFC 3207 §4.2).
    package init(handshake lines: [String]) {
        var group: [Substring] = []
        var open = false
        for line in lines {
            guard line.hasPrefix("250") else {
                open = false
                continue
            }
            if !open { group = [] }
            group.append(line.dropFirst(4))
            open = line.dropFirst(3).first == "-"
        }
        for line in group.dropFirst() { take(line) }
    }

    private mutating func take(_ line: Substring) {
        let words = line.split(whereSeparator: \.isWhitespace)
        switch words.first?.uppercased() {
        case "PIPELINING": pipelining = true
        case "8BITMIME": eightBitMIME = true
        case "SMTPUTF8": smtpUTF8 = true
        case "DSN": dsn = true
        case "SIZE":
            offersSize = true
            if words.count > 1, let limit = Int(words[1]), limit > 0 { sizeLimitBytes = limit }
        case _: break
        }
    }
}
