import Core
import PinpointAPI

/// What templates of a channel may say beyond Pinpoint, in their member `Needletail`:
/// - SMS: `"WhatsApp": {"Template", "Language", "Parameters": […], "Header" | "HeaderImage", "Buttons": […]}`, for providers of
///   kind `whatsapp`: the name of an approved template and Handlebars for its places; `"MediaUrls": […]`, Handlebars too: pictures, which
///   make an MMS of it where the provider has them.
/// - VOICE: `"Gather": {"NumDigits", "Timeout", "Prompt", "OptOutDigit"}`, keys that the person is asked to press, and
///   `"OriginationNumber"`, the number that calls.
extension TemplateContent {
    static let whatsApp = "WhatsApp"
    static let mediaURLs = "MediaUrls"
    static let gather = "Gather"
    static let originationNumber = "OriginationNumber"

    /// A WhatsApp body has at most 1024 characters, so that no template has more places than this.
    private static let whatsAppParameters = 64
    private static let whatsAppButtons = 10
    /// Twilio's limit of one message.
    private static let mediaLimit = 10
    /// Twilio hangs up calls whose keypad is silent for longer.
    private static let longestTimeout = 60
    private static let digitsLimit = 32
    private static let promptCharacters = 1000

    var channelExtensions: [String] {
        switch type {
        case .sms: [Self.whatsApp, Self.mediaURLs]
        case .voice: [Self.gather, Self.originationNumber]
        case .email, .push, .inapp: []
        }
    }

    /// Throws `APIError` naming the member that cannot be.
    func checkChannelExtensions(_ extensions: JSON, at path: WirePath) throws(APIError) {
        if let whatsApp = extensions[Self.whatsApp] {
            try Self.check(whatsApp: whatsApp, at: path.member(Self.whatsApp))
        }
        if let media = extensions[Self.mediaURLs] { try Self.check(media: media, at: path.member(Self.mediaURLs)) }
        if let gather = extensions[Self.gather] { try Self.check(gather: gather, at: path.member(Self.gather)) }
        if let number = extensions[Self.originationNumber] {
            guard let number = number.string, (1...256).contains(number.utf8.count) else {
                throw path.member(Self.originationNumber).refusal("must be a phone number such as +12065550100")
            }
        }
    }

    private static func check(whatsApp json: JSON, at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(
            ["Template", "Language", "Header", "HeaderImage", "Parameters", "Buttons"], of: json, at: path)
        for (name, limit) in [("Template", 512), ("Language", 15)] {
            guard let text = json[name]?.string, (1...limit).contains(text.unicodeScalars.count) else {
                throw path.member(name).refusal("is required, with 1 to \(limit) characters")
            }
        }
        for name in ["Header", "HeaderImage"] {
            guard let header = json[name] else { continue }
            guard let text = header.string, !text.isEmpty else { throw path.member(name).refusal("must be a text") }
        }
        guard json["Header"] == nil || json["HeaderImage"] == nil else {
            throw path.member("HeaderImage").refusal("and Header cannot be given together")
        }
        for (name, limit) in [("Parameters", whatsAppParameters), ("Buttons", whatsAppButtons)] {
            guard let list = json[name] else { continue }
            guard let texts = list.array, texts.allSatisfy({ $0.string != nil }) else {
                throw path.member(name).refusal("must be a list of texts")
            }
            guard texts.count <= limit else {
                throw path.member(name).refusal("must have at most \(limit) items; got \(texts.count)")
            }
        }
    }

    private static func check(media json: JSON, at path: WirePath) throws(APIError) {
        guard let list = json.array, list.count <= mediaLimit,
            list.allSatisfy({ $0.string.map { (1...2048).contains($0.utf8.count) } ?? false })
        else { throw path.refusal("must be a list of at most \(mediaLimit) URLs") }
    }

    private static func check(gather json: JSON, at path: WirePath) throws(APIError) {
        try NeedletailMembers.only(["NumDigits", "Timeout", "Prompt", "OptOutDigit"], of: json, at: path)
        for (name, limit) in [("NumDigits", digitsLimit), ("Timeout", longestTimeout)] {
            guard let value = json[name] else { continue }
            guard let number = value.int, (1...limit).contains(number) else {
                throw path.member(name).refusal("must be between 1 and \(limit)")
            }
        }
        if let prompt = json["Prompt"] {
            guard let text = prompt.string, (1...promptCharacters).contains(text.unicodeScalars.count) else {
                throw path.member("Prompt").refusal("must have 1 to \(promptCharacters) characters")
            }
        }
        if let digit = json["OptOutDigit"] {
            guard let text = digit.string, text.utf8.count == 1, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { throw path.member("OptOutDigit").refusal("must be one of the keys 0 to 9, as a text") }
        }
    }
}

// MARK: What they say

extension TemplateContent {
    /// Of a template that was checked when it was written.
    package var whatsAppContent: RunPlan.WhatsAppContent? {
        guard let json = members[Self.extensions]?[Self.whatsApp], let template = json["Template"]?.string,
            let language = json["Language"]?.string
        else { return nil }
        return RunPlan.WhatsAppContent(
            template: template, language: language,
            header: json["Header"]?.string.map { .text($0) } ?? json["HeaderImage"]?.string.map { .image($0) },
            parameters: json["Parameters"]?.array?.compactMap(\.string) ?? [],
            buttons: json["Buttons"]?.array?.compactMap(\.string) ?? [])
    }

    var gatherContent: RunPlan.GatherContent? {
        guard let json = members[Self.extensions]?[Self.gather] else { return nil }
        return RunPlan.GatherContent(
            digits: json["NumDigits"]?.int ?? 1, timeoutSeconds: json["Timeout"]?.int ?? 5,
            prompt: json["Prompt"]?.string, optOutDigit: json["OptOutDigit"]?.string)
    }

    /// Of an SMS template; the body is a text beside them.
    var mediaURLs: [String] { members[Self.extensions]?[Self.mediaURLs]?.array?.compactMap(\.string) ?? [] }

    static func replaceMedia<Failure>(
        in members: JSONObject, at path: WirePath, _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        guard var extensions = members[Self.extensions]?.object, let urls = extensions[Self.mediaURLs]?.array else {
            return members
        }
        let place = path.member(Self.extensions).member(Self.mediaURLs)
        var replaced: [JSON] = []
        for (index, url) in urls.enumerated() {
            let part = TemplatePart(path: place.element(index), kind: .line, source: url.string ?? "")
            replaced.append(.string(try transform(part)))
        }
        extensions[Self.mediaURLs] = .array(replaced)
        var members = members
        members[Self.extensions] = .object(extensions)
        return members
    }

    static func replaceWhatsApp<Failure>(
        in members: JSONObject, at path: WirePath, _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        guard var extensions = members[Self.extensions]?.object, let whatsApp = extensions[Self.whatsApp]?.object else {
            return members
        }
        let place = path.member(Self.extensions).member(Self.whatsApp)
        var replaced = try replace(["Header": .text, "HeaderImage": .text], in: whatsApp, at: place, transform)
        for name in ["Parameters", "Buttons"] {
            guard let texts = whatsApp[name]?.array else { continue }
            var results: [JSON] = []
            for (index, text) in texts.enumerated() {
                let part = TemplatePart(
                    path: place.member(name).element(index), kind: .line, source: text.string ?? "")
                results.append(.string(try transform(part)))
            }
            replaced[name] = .array(results)
        }
        extensions[Self.whatsApp] = .object(replaced)
        var members = members
        members[Self.extensions] = .object(extensions)
        return members
    }

    static func replacePrompt<Failure>(
        in members: JSONObject, at path: WirePath, _ transform: (TemplatePart) throws(Failure) -> String
    ) throws(Failure) -> JSONObject {
        guard var extensions = members[Self.extensions]?.object, let gather = extensions[Self.gather]?.object else {
            return members
        }
        let place = path.member(Self.extensions).member(Self.gather)
        extensions[Self.gather] = .object(try replace(["Prompt": .text], in: gather, at: place, transform))
        var members = members
        members[Self.extensions] = .object(extensions)
        return members
    }
}

/// The texts of calls.
package enum SpokenText {
    /// SSML is a document whose root is `speak` (W3C SSML 1.1); everything else is plain text.
    package static func isSSML(_ text: String?) -> Bool {
        guard let text else { return false }
        let start = text.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r\n" }
        guard start.hasPrefix("<speak"), let next = start.dropFirst(6).first else { return false }
        return next == ">" || next.isWhitespace
    }
}
