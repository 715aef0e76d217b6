/// What a call says and asks, as Twilio reads it (https://www.twilio.com/docs/voice/twiml).
enum TwiML {
    /// Twilio's limit for the parameter `Twiml`.
    static let limitCharacters = 4000

    /// Body and question stand inside the same `Gather`, so that a key works from the first word on.
    static func of(_ call: OutgoingCall, gatherURL: String?) -> String {
        let body = say(call.isSSML ? inner(of: call.body) : escaped(call.body), call)
        guard let gather = call.gather, let gatherURL else { return "<Response>\(body)<Hangup/></Response>" }
        let prompt = gather.prompt.map { say(escaped($0), call) } ?? ""
        return """
            <Response><Gather input="dtmf" numDigits="\(gather.digits)" timeout="\(gather.timeoutSeconds)" \
            action="\(escaped(gatherURL))" method="POST">\(body)\(prompt)</Gather><Hangup/></Response>
            """
    }

    private static func say(_ content: String, _ call: OutgoingCall) -> String {
        var attributes = ""
        if let voice = call.voiceID.map(voice) { attributes += " voice=\"\(escaped(voice))\"" }
        if let language = call.languageCode { attributes += " language=\"\(escaped(language))\"" }
        return "<Say\(attributes)>\(content)</Say>"
    }

    /// Pinpoint has Amazon Polly's names (`JOANNA`), Twilio the same behind its own word (`Polly.Joanna`); whatever else Twilio knows,
    /// `Google.de-DE-Standard-A` or `woman`, is left as it is.
    private static func voice(_ name: String) -> String {
        guard !name.contains("."), !["man", "woman", "alice"].contains(name) else { return name }
        return "Polly.\(name.prefix(1).uppercased())\(name.dropFirst().lowercased())"
    }

    /// What stands inside `<speak …>`: Twilio's `Say` takes SSML's elements without their root.
    static func inner(of document: String) -> String {
        guard let open = document.firstRange(of: "<speak"), let start = document[open.upperBound...].firstIndex(of: ">")
        else { return document }
        if document[document.index(before: start)] == "/" { return "" }
        let rest = document[document.index(after: start)...]
        guard let end = rest.ranges(of: "</speak").last else { return String(rest) }
        return String(rest[..<end.lowerBound])
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case _: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
