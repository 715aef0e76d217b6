import Core
package import PinpointAPI

/// Variants of a template by locale, an extension: `"Needletail": {"Locales": {"de": {"Subject": …}}}` of e-mail and SMS
/// templates. Who has the locale `de_AT` gets the variant `de_AT`, else `de`, else the template itself; and of a variant's
/// members those it leaves out from the template.
extension TemplateContent {
    package static let extensions = "Needletail"
    package static let locales = "Locales"
    package static let localesPerTemplate = 50

    /// What a variant may say.
    package var localizable: [String] {
        switch type {
        case .email: ["DefaultSubstitutions", "HtmlPart", "Subject", "TextPart"]
        case .sms: ["Body", "DefaultSubstitutions"]
        case .push, .voice, .inapp: []
        }
    }

    /// The members of each variant, as contents that stand at their own place.
    package var variants: [(locale: String, content: TemplateContent)] {
        let path = WirePath.root.member(Self.extensions).member(Self.locales)
        let members = self.members[Self.extensions]?[Self.locales]?.object?.members ?? []
        return members.map { member in
            var variant = self
            variant.members = member.value.object ?? [:]
            variant.path = path.member(member.key)
            return (member.key, variant)
        }
    }

    /// The content for a person of `locale`, and the variant's name if one was taken.
    package func localized(for locale: String?) -> (content: TemplateContent, locale: String?) {
        let variants = variants
        guard let locale, !variants.isEmpty else { return (self, nil) }
        for key in LocaleKey.candidates(locale) {
            guard let found = variants.first(where: { LocaleKey.of($0.locale) == key }) else { continue }
            var content = self
            for member in found.content.members.members { content.members[member.key] = member.value }
            return (content, found.locale)
        }
        return (self, nil)
    }

    /// Throws `APIError` naming the member of the extension that cannot be.
    package func checkExtensions() throws(APIError) {
        guard let extensions = members[Self.extensions] else { return }
        let path = WirePath.root.member(Self.extensions)
        try NeedletailMembers.only(
            (localizable.isEmpty ? [] : [Self.locales]) + channelExtensions, of: extensions, at: path)
        try checkChannelExtensions(extensions, at: path)
        guard let locales = extensions[Self.locales] else { return }
        let place = path.member(Self.locales)
        guard let members = locales.object?.members else { throw place.refusal("must be a JSON object") }
        guard members.count <= Self.localesPerTemplate else {
            throw place.refusal("must have at most \(Self.localesPerTemplate) entries; got \(members.count)")
        }
        var keys: [String: String] = [:]
        for member in members {
            guard let key = LocaleKey.of(member.key) else {
                throw place.member(member.key).refusal("is not a locale, as de or de_AT")
            }
            if let other = keys.updateValue(member.key, forKey: key) {
                throw place.member(member.key).refusal("is the same locale as \(other)")
            }
            try NeedletailMembers.only(localizable, of: member.value, at: place.member(member.key))
            // Types and lengths, as in the template itself.
            switch type {
            case .email: _ = try EmailTemplateRequest(json: member.value, at: place.member(member.key))
            case .sms: _ = try SMSTemplateRequest(json: member.value, at: place.member(member.key))
            case .push, .voice, .inapp: break
            }
        }
    }
}

/// Names of locales, compared without regard to case and to `-` or `_`.
package enum LocaleKey {
    /// `de_at` of `de-AT`; nil for what is no locale's name.
    package static func of(_ text: String) -> String? {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "_" }
        guard parts.count <= 4, let language = parts.first, (2...8).contains(language.utf8.count),
            language.utf8.allSatisfy(isLetter)
        else { return nil }
        for part in parts.dropFirst() {
            guard (1...8).contains(part.utf8.count),
                part.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) })
            else { return nil }
        }
        return parts.map { $0.lowercased() }.joined(separator: "_")
    }

    /// `de_at`, `de` of `de-AT.UTF-8`: the closest first. Empty for what is no locale's name.
    package static func candidates(_ locale: String) -> [String] {
        guard var key = of(String(locale.prefix { $0 != "." && $0 != "@" })) else { return [] }
        var candidates = [key]
        while let end = key.lastIndex(of: "_") {
            key = String(key[..<end])
            candidates.append(key)
        }
        return candidates
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
