import Core
import Delivery
import Model
import PinpointAPI
import Templates

/// What a template must be so that every send of it can be composed: found out when it is written, not when it is sent.
enum CheckTemplate {
    /// Of the source; a rendered subject has 4 KB at most.
    private static let subjectCharacters = 4096
    /// Pinpoint's limit for push; that of ADM is higher and the shape's own.
    private static let pushCharacters = 4000
    /// Pinpoint's 200,000 characters, at their longest in UTF-8.
    private static let inAppBytes = 800_000
    private static let substitutionsCharacters = 100_000
    private static let recommender = "RecommenderId"
    private static let recommenderCharacters = 128
    static let warningsPerAnswer = 50

    static func isName(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// CPU-bound, some milliseconds for the largest templates. `snippets`: text of those that it calls, by name.
    ///
    /// Returns warnings about what can be sent but will hardly print what its author means. Throws `APIError` naming the
    /// member, and for a syntax error line and column.
    static func run(_ content: TemplateContent, snippets: [String: String]) throws(APIError) -> [String] {
        try check(length: recommenderCharacters, content.members[recommender], .root.member(recommender))
        try content.checkExtensions()
        var warnings = try checkTexts(of: content, snippets, standard: .none)
        if content.members[recommender] != nil {
            warnings.append("\(recommender) is kept, but nothing recommends: RecommendationItems prints nothing")
        }
        let standard = try defaults(of: content, standard: .none)
        for variant in content.variants {
            warnings += try checkTexts(of: variant.content, snippets, standard: standard)
        }
        guard content.type == .email else { return warnings }
        for text in [content] + content.variants.map(\.content) {
            warnings += LawWarnings.subject(text.members["Subject"]?.string, at: text.path.member("Subject"))
        }
        for (index, header) in (content.members["Headers"]?.array ?? []).enumerated() {
            let place = WirePath.root.member("Headers").element(index)
            guard let name = header["Name"]?.string else { throw place.member("Name").refusal("is required") }
            guard header["Value"]?.string != nil else { throw place.member("Value").refusal("is required") }
            try CheckTexts.headerName(name, place.member("Name"))
        }
        return warnings
    }

    private static func checkTexts(
        of content: TemplateContent, _ snippets: [String: String], standard: TemplateDefaults
    ) throws(APIError) -> [String] {
        try checkLengths(content)
        let defaults = try defaults(of: content, standard: standard)
        let check = CheckTexts(defaults: defaults, snippets: snippets)
        var warnings: [String] = []
        for part in content.parts {
            let program =
                switch part.kind {
                case .line: try check.line(part.source, part.path)
                case .html, .text: try check.text(part.source, part.path)
                }
            warnings += unknownVariables(of: program, defaults).map { warning(about: $0, in: part.path) }
        }
        return warnings
    }

    /// Names that no endpoint has and no default stands in for.
    static func unknownVariables(of program: TemplateProgram?, _ defaults: TemplateDefaults) -> [String] {
        RecipientField.unknown(in: program?.variables ?? []).filter { name in
            defaults.value(for: name.split(separator: ".").map(String.init)).isMissing
        }
    }

    static func warning(about variable: String, in path: WirePath) -> String {
        "\(path): no endpoint has \(variable.prefix(100)): it prints nothing, unless a direct message substitutes it"
    }

    /// What the shapes cannot say: limits of one user of a shape, or of all members together.
    private static func checkLengths(_ content: TemplateContent) throws(APIError) {
        switch content.type {
        case .email:
            try check(length: subjectCharacters, content.members["Subject"], content.path.member("Subject"))
        case .sms, .voice: break
        case .push:
            for platform in ["Baidu", "GCM"] {
                for member in content.members[platform]?.object?.members ?? [] {
                    try check(length: pushCharacters, member.value, .root.member(platform).member(member.key))
                }
            }
        case .inapp:
            let size = JSON.object(content.members).serialized.count
            guard size <= inAppBytes else {
                throw WirePath.root.refusal("must have at most \(inAppBytes) bytes as JSON; got \(size)")
            }
        }
    }

    private static func check(length limit: Int, _ value: JSON?, _ path: WirePath) throws(APIError) {
        guard let count = value?.string?.unicodeScalars.count, count > limit else { return }
        throw path.refusal("must have at most \(limit) characters; got \(count)")
    }

    /// The substitutions of `content`; `standard` where it has none.
    static func defaults(of content: TemplateContent, standard: TemplateDefaults) throws(APIError) -> TemplateDefaults {
        let path = content.path.member(TemplateContent.defaultSubstitutions)
        guard let text = content.defaultSubstitutions, !text.isEmpty else { return standard }
        guard text.utf8.count <= substitutionsCharacters else {
            throw path.refusal("must have at most \(substitutionsCharacters) bytes; got \(text.utf8.count)")
        }
        let json: JSON
        do {
            json = try JSON.parse(Array(text.utf8))
        } catch {
            throw path.refusal("must be a JSON object in a string: \(error)")
        }
        guard let defaults = TemplateDefaults(json) else {
            throw path.refusal("must be a JSON object of strings, numbers, booleans and lists of strings, in a string")
        }
        return defaults
    }
}
