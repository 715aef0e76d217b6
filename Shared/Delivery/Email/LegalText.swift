import Core
import Jurisdictions
import Model

/// What the law of one country adds to one e-mail's texts, decided once per run and country.
struct LegalText: Sendable {
    private let label: AdvertisingLabel?
    private let html: Footer?
    private let text: Footer?
    /// Lines the law wants and the app's settings have no value for.
    let unknown: [SenderLine]

    /// Nil when nothing is added.
    init?(
        _ content: RunPlan.EmailContent, law: MarketingLaw, country: String, medium: Medium = .email, at now: Instant,
        _ rules: Jurisdictions
    ) {
        label = rules.label(on: medium, in: country, at: now)
        let lines = rules.senderLines(on: medium, in: country, at: now)
        let called = Array(content.snippets.values)
        let html = content.html.flatMap { source in lines?.missing(in: [source] + called, sender: law.sender) }
        let text = content.text.flatMap { source in lines?.missing(in: [source] + called, sender: law.sender) }
        self.html = html.flatMap { Footer(html: $0.additions) }
        self.text = text.flatMap { Footer(text: $0.additions) }
        let missing = (html?.unknown ?? []) + (text?.unknown ?? [])
        unknown = SenderLine.allCases.filter(missing.contains)
        if label == nil && self.html == nil && self.text == nil && unknown.isEmpty { return nil }
    }

    func apply(to content: inout EmailContent, unsubscribeURL: String?) {
        if let label { content.subject = label.applied(to: content.subject) }
        if let html, let part = content.html { content.html = html.inserted(intoHTML: part, unsubscribeURL) }
        if let text, let part = content.text { content.text = part + text.bytes(unsubscribeURL) }
    }

    /// Of a message that is one text: there the label stands at its start.
    func applied(toText body: [UInt8], unsubscribeURL: String?) -> [UInt8] {
        (label?.applied(to: body) ?? body) + (text?.bytes(unsubscribeURL) ?? [])
    }

    // MARK: Footers

    /// The lines as bytes, around the places of the unsubscribe page's address.
    private struct Footer: Sendable {
        private var lines: [Line] = []
        private let open: [UInt8]
        private let separator: [UInt8]
        private let close: [UInt8]

        private enum Line: Sendable {
            case constant([UInt8])
            /// Left out where a message has no unsubscribe page.
            case optOut(before: [UInt8], between: [UInt8]?, after: [UInt8])
        }

        init?(html additions: [SenderLines.Addition]) {
            guard !additions.isEmpty else { return nil }
            open = Array("<div style=\"margin-top:24px;font-size:12px;color:#555555\">".utf8)
            separator = Array("<br>".utf8)
            close = Array("</div>".utf8)
            lines = additions.map { addition in
                switch addition {
                case .text(let text):
                    .constant(Array(Self.escaped(text).split(separator: "\n").joined(separator: "<br>").utf8))
                case .optOut(let before, let after):
                    .optOut(
                        before: Array("\(Self.escaped(before))<a href=\"".utf8), between: Array("\">".utf8),
                        after: Array("</a>\(Self.escaped(after))".utf8))
                }
            }
        }

        init?(text additions: [SenderLines.Addition]) {
            guard !additions.isEmpty else { return nil }
            open = Array("\n\n".utf8)
            separator = [0x0A]
            close = [0x0A]
            lines = additions.map { addition in
                switch addition {
                case .text(let text): .constant(Array(text.utf8))
                case .optOut(let before, let after):
                    .optOut(before: Array(before.utf8), between: nil, after: Array(after.utf8))
                }
            }
        }

        func bytes(_ unsubscribeURL: String?) -> [UInt8] {
            var bytes = open
            var isFirst = true
            for line in lines {
                var piece: [UInt8]
                switch line {
                case .constant(let constant): piece = constant
                case .optOut(let before, let between, let after):
                    guard let url = unsubscribeURL else { continue }
                    piece = before
                    if let between {
                        // Link and what one reads of it, so that a reader who prints or copies it has the address.
                        let escaped = Array(Self.escaped(url).utf8)
                        piece += escaped + between + escaped
                    } else {
                        piece += Array(url.utf8)
                    }
                    piece += after
                }
                if !isFirst { bytes += separator }
                isFirst = false
                bytes += piece
            }
            return isFirst ? [] : bytes + close
        }

        /// At the end of what is read: before the last `</body`, or at the end.
        func inserted(intoHTML html: [UInt8], _ unsubscribeURL: String?) -> [UInt8] {
            let footer = bytes(unsubscribeURL)
            let place = Self.endOfBody(html)
            return html[..<place] + footer + html[place...]
        }

        private static func endOfBody(_ html: [UInt8]) -> Int {
            let tag = Array("</body".utf8)
            var at = html.count - tag.count
            while at >= 0 {
                if html[at] == tag[0], zip(html[at...], tag).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) { return at }
                at -= 1
            }
            return html.count
        }

        private static func escaped(_ text: String) -> String {
            var escaped = ""
            for character in text {
                switch character {
                case "&": escaped += "&amp;"
                case "<": escaped += "&lt;"
                case ">": escaped += "&gt;"
                case "\"": escaped += "&quot;"
                case _: escaped.append(character)
                }
            }
            return escaped
        }
    }
}

/// The additions of all countries that have any, for one e-mail in one language.
struct LegalTexts: Sendable {
    private let byCountry: [String: LegalText]
    private let rules: Jurisdictions
    private let defaultCountry: String?

    /// Nil where no law adds anything to anybody's message.
    init?(
        _ content: RunPlan.EmailContent, law: MarketingLaw, medium: Medium = .email, at now: Instant,
        _ rules: Jurisdictions = .standard
    ) {
        var byCountry: [String: LegalText] = [:]
        for country in rules.countriesWithTexts(on: medium) {
            byCountry[country] = LegalText(content, law: law, country: country, medium: medium, at: now, rules)
        }
        guard !byCountry.isEmpty else { return nil }
        self.byCountry = byCountry
        self.rules = rules
        defaultCountry = law.defaultCountry
    }

    /// Of a message that is one text.
    init?(text: String, snippets: [String: String], law: MarketingLaw, medium: Medium, at now: Instant) {
        let content = RunPlan.EmailContent(from: "", subject: "", html: nil, text: text, snippets: snippets)
        self.init(content, law: law, medium: medium, at: now)
    }

    /// `KR.contact`
    var unknown: [String] {
        byCountry.flatMap { country, text in text.unknown.map { "\(country).\($0.rawValue)" } }
    }

    /// Of the first country that the person may be in and that asks for anything.
    func text(for recipient: Recipient) -> (country: String, text: LegalText)? { found(at: recipient.country) }

    /// The same where a number says it too.
    func text(at place: Whereabouts) -> LegalText? { found(at: place)?.text }

    private func found(at place: Whereabouts) -> (country: String, text: LegalText)? {
        for country in rules.countries(of: place, defaultCountry: defaultCountry) {
            if let text = byCountry[country] { return (country, text) }
        }
        return nil
    }
}
