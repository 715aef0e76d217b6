/// What someone wrote new in a reply: without what they quote, and without their signature.
///
/// By lines, in one pass each; there is no standard for any of it, so that it follows what mail programs write (`ReplyMarks`). Where
/// nothing would be left, everything but the lines with `>` is.
package enum ReplyText {
    static let linesLimit = 5000
    static let bytesLimit = 64 << 10

    /// Of a message: its plain text, else its HTML without tags; empty when it has neither.
    package static func written(_ mail: ParsedMail) -> String {
        if let part = mail.plainPart {
            let text = part.parameters["format"]?.lowercased() == "flowed" ? unflowed(part.text) : part.text
            let new = new(text)
            if !new.isEmpty || mail.htmlPart == nil { return new }
        }
        return mail.htmlPart.map { new(HTMLText.plain($0.content)) } ?? ""
    }

    package static func new(_ text: String) -> String {
        let lines = lines(of: text)
        let kept = withoutSignature(withoutQuotes(lines))
        let result = joined(kept)
        return result.isEmpty ? joined(lines.filter { !isQuoted($0) }) : result
    }

    private static func lines(of text: String) -> [Substring] {
        let bounded =
            text.utf8.count > bytesLimit ? String(decoding: text.utf8.prefix(bytesLimit), as: UTF8.self) : text
        return bounded.split(
            maxSplits: linesLimit, omittingEmptySubsequences: false, whereSeparator: { $0.isNewline }
        ).prefix(linesLimit).map { $0 }
    }

    static func isQuoted(_ line: some StringProtocol) -> Bool {
        line.drop { $0 == " " || $0 == "\t" }.first.map { $0 == ">" || $0 == "＞" } ?? false
    }

    private static func isBlank(_ line: Substring) -> Bool { line.allSatisfy { $0.isWhitespace } }

    // MARK: Quotes

    private static func withoutQuotes(_ lines: [Substring]) -> [Substring] {
        var kept: [Substring] = []
        var at = 0
        while at < lines.count {
            let line = lines[at]
            if isQuoted(line) {
                at += 1
            } else if isSeparator(lines, at) {
                break
            } else if let end = attributionEnd(lines, at) {
                // Text below a quote is an answer to it; below an attribution without `>` everything is the quote.
                guard let next = lines[end...].first(where: { !isBlank($0) }), isQuoted(next) else { break }
                at = end
            } else {
                kept.append(line)
                at += 1
            }
        }
        return kept
    }

    /// `-----Original Message-----` in any language, or the block of `From:`, `Sent:`, `To:` that Outlook puts above the quote.
    private static func isSeparator(_ lines: [Substring], _ at: Int) -> Bool {
        let line = MailWords.trimmed(lines[at].drop { $0 == "*" })
        if line.hasPrefix("----"), line.hasSuffix("----"), line.count <= 100,
            line.contains(where: { $0.isLetter })
        {
            return true
        }
        if line.count >= 10, line.allSatisfy({ $0 == "_" }) {
            return lines[(at + 1)...].first { !isBlank($0) }.map { ReplyMarks.isFrom($0) } ?? false
        }
        guard ReplyMarks.isFrom(lines[at]) else { return false }
        let following = lines[(at + 1)...].lazy.filter { !isBlank($0) }.prefix(3)
        return following.count { ReplyMarks.isField($0) } >= 2
    }

    /// The index behind `On Monday, Jo <jo@x.test> wrote:`, which may take three lines; nil when none begins here.
    private static func attributionEnd(_ lines: [Substring], _ at: Int) -> Int? {
        guard !isBlank(lines[at]) else { return nil }
        var text = ""
        for index in at..<min(at + 3, lines.count) {
            if isBlank(lines[index]) || isQuoted(lines[index]) { return nil }
            text += (text.isEmpty ? "" : " ") + MailWords.trimmed(lines[index])
            guard text.utf8.count <= 400 else { return nil }
            guard let last = text.last, last == ":" || last == "：" else { continue }
            return ReplyMarks.isAttribution(text) ? index + 1 : nil
        }
        return nil
    }

    // MARK: Signature

    private static func withoutSignature(_ lines: [Substring]) -> [Substring] {
        var lines = lines
        // RFC 3676 §4.3: `-- `; programs lose the blank.
        if let place = lines.firstIndex(where: { $0 == "-- " || $0 == "--" || $0 == "—" }) {
            lines.removeSubrange(place...)
        }
        while let last = lines.last, isBlank(last) || ReplyMarks.isAdvertising(last) { lines.removeLast() }
        return lines
    }

    private static func joined(_ lines: [Substring]) -> String {
        var text: [String] = []
        for line in lines {
            let end = line.lastIndex { !$0.isWhitespace }.map { line.index(after: $0) } ?? line.startIndex
            let trimmed = String(line[..<end])
            // Of several blank lines, which a quote leaves behind, one is enough.
            if trimmed.isEmpty, text.last?.isEmpty ?? true { continue }
            text.append(trimmed)
        }
        while text.last?.isEmpty ?? false { text.removeLast() }
        return text.joined(separator: "\n")
    }

    /// RFC 3676: a line with a blank at its end goes on in the next one of the same depth.
    private static func unflowed(_ text: String) -> String {
        var result: [String] = []
        var isOpen = false
        for line in lines(of: text) {
            let content = line.first == " " ? line.dropFirst() : line
            let isSoft = content.last == " " && content != "-- "
            if isOpen, let last = result.popLast() {
                result.append(last + content)
            } else {
                result.append(String(content))
            }
            isOpen = isSoft && !isQuoted(content)
        }
        return result.joined(separator: "\n")
    }
}
