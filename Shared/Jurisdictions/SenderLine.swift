/// What a marketing message may have to say of its sender.
package enum SenderLine: String, Sendable, CaseIterable {
    case name
    case postalAddress = "postal_address"
    case contact
    case optOut = "opt_out"
}

/// Who an app's messages come from, as the law wants it said.
package struct SenderIdentity: Sendable, Equatable {
    package var name: String?
    package var postalAddress: String?
    /// A telephone number, an e-mail address or a web page.
    package var contact: String?

    package init(name: String? = nil, postalAddress: String? = nil, contact: String? = nil) {
        self.name = name
        self.postalAddress = postalAddress
        self.contact = contact
    }

    package subscript(_ line: SenderLine) -> String? {
        switch line {
        case .name: name
        case .postalAddress: postalAddress
        case .contact: contact
        case .optOut: nil
        }
    }
}

/// The lines that one country wants, and how its language says them: a row of `ops/data/sender-lines.tsv`.
package struct SenderLines: Sendable, Equatable {
    package let id: String
    package let lines: [SenderLine]
    let texts: [SenderLine: Text]

    struct Text: Sendable, Equatable {
        /// Around the value.
        let before: String
        let after: String
        /// By which an author's own text is seen to have the line.
        let present: [String]
    }

    /// A line to be added: constant, or with the person's unsubscribe page between its halves.
    package enum Addition: Sendable, Equatable {
        case text(String)
        case optOut(before: String, after: String)
    }

    /// What of `lines` the sources of one part of a message (its snippets included) do not say, as far as `sender` is known.
    /// A line whose value the app does not have cannot be added: `unknown` names it.
    package func missing(
        in sources: [String], sender: SenderIdentity
    ) -> (additions: [Addition], unknown: [SenderLine]) {
        let words = sources.map { $0.lowercased() }
        let dense = sources.map(Self.dense)
        var additions: [Addition] = []
        var unknown: [SenderLine] = []
        for line in lines {
            guard let text = texts[line] else { continue }
            if line == .optOut {
                let has = (text.present + ["needletail.unsubscribeurl"]).contains { word in
                    words.contains { $0.holds(word.lowercased()) }
                }
                if !has { additions.append(.optOut(before: text.before, after: text.after)) }
            } else if let value = sender[line], !value.isEmpty {
                let needle = Self.dense(value)
                if !dense.contains(where: { $0.holds(needle) }) {
                    additions.append(.text(text.before + value + text.after))
                }
            } else {
                unknown.append(line)
            }
        }
        return (additions, unknown)
    }

    /// Without markup, white space and case: an address is the same on one line and on three.
    private static func dense(_ source: String) -> String {
        var text = ""
        var isTag = false
        for character in source {
            switch character {
            case "<": isTag = true
            case ">" where isTag: isTag = false
            case _ where isTag || character.isWhitespace: break
            case _: text.append(character)
            }
        }
        for (entity, meaning) in [("&amp;", "&"), ("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">")] {
            text = text.split(separator: entity, omittingEmptySubsequences: false).joined(separator: meaning)
        }
        return text.lowercased()
    }
}

extension String {
    fileprivate func holds(_ other: String) -> Bool {
        let all = Array(utf8)
        let part = Array(other.utf8)
        guard !part.isEmpty, all.count >= part.count else { return false }
        return (0...(all.count - part.count)).contains { at in
            all[at] == part[0] && all[at..<(at + part.count)].elementsEqual(part)
        }
    }
}
