import Core
import Delivery
import PinpointAPI
import Templates

/// What an e-mail template must be so that every send of it can be composed: found out when it is written, not when it is sent.
enum CheckEmailTemplate {
    /// Of the source; a rendered subject has 4 KB at most.
    private static let subjectCharacters = 4096
    private static let substitutionsCharacters = 100_000

    static func isName(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// CPU-bound, some milliseconds for the largest templates. Throws `APIError` naming the member, and for a syntax error
    /// line and column.
    static func run(_ request: EmailTemplateRequest) throws(APIError) {
        guard request.recommenderId == nil else {
            throw WirePath.root.member("RecommenderId").refusal("is not supported in this version")
        }
        let defaults = try defaults(request.defaultSubstitutions)
        try line(request.subject, WirePath.root.member("Subject"), defaults)
        if let subject = request.subject, subject.unicodeScalars.count > subjectCharacters {
            throw WirePath.root.member("Subject").refusal("must have at most \(subjectCharacters) characters")
        }
        try compile(request.htmlPart, WirePath.root.member("HtmlPart"), defaults)
        try compile(request.textPart, WirePath.root.member("TextPart"), defaults)
        let path = WirePath.root.member("Headers")
        for (index, header) in (request.headers ?? []).enumerated() {
            let place = path.element(index)
            guard let name = header.name else { throw place.member("Name").refusal("is required") }
            guard header.value != nil else { throw place.member("Value").refusal("is required") }
            try headerName(name, place.member("Name"))
            try line(header.value, place.member("Value"), defaults)
        }
    }

    private static func defaults(_ text: String?) throws(APIError) -> TemplateDefaults {
        let path = WirePath.root.member("DefaultSubstitutions")
        guard let text, !text.isEmpty else { return .none }
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

    static func compile(_ source: String?, _ path: WirePath, _ defaults: TemplateDefaults) throws(APIError) {
        guard let source else { return }
        do {
            _ = try TemplateProgram.compile(source, defaults: defaults)
        } catch {
            throw path.refusal("is not a valid template: \(error)")
        }
    }

    /// A header's value: a template on one line.
    static func line(_ source: String?, _ path: WirePath, _ defaults: TemplateDefaults) throws(APIError) {
        guard let source else { return }
        if source.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            throw path.refusal("must be one line without control characters")
        }
        try compile(source, path, defaults)
    }

    /// Asks the composer itself, so that there is one list of what it refuses.
    static func headerName(_ name: String, _ path: WirePath) throws(APIError) {
        guard let address = EmailAddress("check@example.com") else { return }
        let mailbox = EmailMailbox(address: address)
        let content = EmailContent(subject: [], text: [], headers: [EmailLayout.Header(name: name, value: "x")])
        var message: [UInt8] = []
        do {
            try EmailComposer(layout: EmailLayout(from: mailbox)).append(
                content, for: EmailRecipient(to: mailbox, token: "check", date: Instant(seconds: 0)), to: &message)
        } catch {
            let reason =
                switch error.reason {
                case .reservedHeader: "is a header that the message's own structure sets"
                case .controlCharacter, .invalidHeaderName, .tooManyHeaders, .tooLong, .emptyBody, .invalidDomain,
                    .invalidURL,
                    .invalidAddress:
                    "is not a valid header name"
                }
            throw path.refusal(reason)
        }
    }
}
