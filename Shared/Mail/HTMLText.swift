/// HTML as a person without pictures would read it aloud: for replies that have no plain text.
///
/// One pass over the bytes, no tree. Quotes (`blockquote`, and what Gmail, Outlook and Yahoo mark by class or id) become lines with `>`.
enum HTMLText {
    static let bytesLimit = 1 << 20

    static func plain(_ html: [UInt8]) -> String {
        var reader = Reader(html: html.count > bytesLimit ? Array(html[..<bytesLimit]) : html)
        return reader.read()
    }

    private static let lineTags: Set<String> = [
        "p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol",
    ]
    private static let silentTags: Set<String> = ["style", "script", "head", "title"]
    private static let quoteMarks = [
        "gmail_quote", "gmail_attr", "yahoo_quoted", "divrplyfwdmsg", "moz-cite-prefix", "protonmail_quote",
        "appendonsend",
    ]
    private static let entities: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "ndash": "–", "mdash": "—",
        "hellip": "…", "rsquo": "’", "lsquo": "‘", "rdquo": "”", "ldquo": "“", "euro": "€", "auml": "ä", "ouml": "ö",
        "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß", "eacute": "é", "egrave": "è", "agrave": "à",
        "ccedil": "ç", "ntilde": "ñ", "aring": "å", "oslash": "ø", "aelig": "æ",
    ]

    private struct Reader {
        let html: [UInt8]
        var at = 0
        var text: [UInt8] = []
        /// Depth of blockquotes.
        var quotes = 0
        /// From a mail program's mark on, everything is the quote.
        var isRestQuoted = false
        var isLineEmpty = true
        var pendingBlank = false

        init(html: [UInt8]) {
            self.html = html
        }

        mutating func read() -> String {
            while at < html.count {
                switch html[at] {
                case UInt8(ascii: "<"): tag()
                case UInt8(ascii: "&"): entity()
                case 0x20, 0x09, 0x0A, 0x0D:
                    pendingBlank = !isLineEmpty
                    at += 1
                case let byte:
                    put([byte])
                    at += 1
                }
            }
            return String(decoding: text, as: UTF8.self)
        }

        private mutating func put(_ bytes: [UInt8]) {
            if isLineEmpty, quotes > 0 || isRestQuoted { text += Array("> ".utf8) }
            if pendingBlank { text.append(0x20) }
            text += bytes
            pendingBlank = false
            isLineEmpty = false
        }

        private mutating func endLine() {
            text.append(0x0A)
            isLineEmpty = true
            pendingBlank = false
        }

        private mutating func tag() {
            if html[at...].starts(with: Array("<!--".utf8)) {
                at = find(Array("-->".utf8), from: at + 4).map { $0 + 3 } ?? html.count
                return
            }
            let next = at + 1 < html.count ? html[at + 1] : 0
            guard
                next == UInt8(ascii: "/") || next == UInt8(ascii: "!") || (next | 0x20) >= 0x61 && (next | 0x20) <= 0x7A
            else {
                put([html[at]])
                at += 1
                return
            }
            guard let end = html[at...].firstIndex(of: UInt8(ascii: ">")) else {
                at = html.count
                return
            }
            let inside = String(decoding: html[(at + 1)..<end].prefix(2048), as: UTF8.self).lowercased()
            at = end + 1
            let isEnd = inside.hasPrefix("/")
            let name = String(inside.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
            if silentTags.contains(name), !isEnd {
                at = find(Array("</\(name)".utf8), from: at) ?? html.count
                return
            }
            if name == "blockquote" {
                if !isLineEmpty { endLine() }
                quotes = max(0, quotes + (isEnd ? -1 : 1))
            } else if lineTags.contains(name), !isLineEmpty || name == "br" {
                endLine()
            }
            if !isEnd, name == "div" || name == "blockquote", quoteMarks.contains(where: { inside.contains($0) }) {
                if !isLineEmpty { endLine() }
                isRestQuoted = true
            }
        }

        private mutating func entity() {
            let end = html[at...].prefix(12).firstIndex(of: UInt8(ascii: ";"))
            guard let end else {
                put([html[at]])
                at += 1
                return
            }
            let name = String(decoding: html[(at + 1)..<end], as: UTF8.self)
            if name == "nbsp" || name == "#160" {
                pendingBlank = !isLineEmpty
            } else if let character = HTMLText.entities[name] ?? Self.numeric(name) {
                put(Array(character.utf8))
            } else {
                put(Array(html[at...end]))
            }
            at = end + 1
        }

        private static func numeric(_ name: String) -> String? {
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let value =
                digits.first == "x" || digits.first == "X"
                ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }

        private func find(_ pattern: [UInt8], from start: Int) -> Int? {
            var place = start
            while place + pattern.count <= html.count {
                if html[place] == pattern[0],
                    zip(html[place...], pattern).allSatisfy({ Self.lowered($0) == $1 })
                {
                    return place
                }
                place += 1
            }
            return nil
        }

        private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    }
}
