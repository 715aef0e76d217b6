import Core
import Delivery
import PinpointAPI
import Providers
import Templates

/// Whether texts are templates that compile, with the defaults and snippets that their sends will have.
struct CheckTexts {
    var defaults: TemplateDefaults
    var snippets: [String: String]

    /// The compiled template; nil for no text. Throws `APIError` naming `path`, line and column.
    @discardableResult
    func text(_ source: String?, _ path: WirePath) throws(APIError) -> TemplateProgram? {
        guard let source else { return nil }
        do {
            return try TemplateProgram.compile(source, defaults: defaults, snippets: snippets)
        } catch {
            throw path.refusal("is not a valid template: \(error)")
        }
    }

    /// A subject or a header's value: a template on one line.
    @discardableResult
    func line(_ source: String?, _ path: WirePath) throws(APIError) -> TemplateProgram? {
        guard let source else { return nil }
        if source.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            throw path.refusal("must be one line without control characters")
        }
        return try text(source, path)
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
