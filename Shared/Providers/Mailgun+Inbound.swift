import Core
import Crypto
import EventLoop
import HTTPClient
import HTTPServer
package import Model

/// Mailgun's webhooks (https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks) and routes that forward
/// whole messages (an address that ends in `mime`).
///
/// The signature covers a timestamp and a token, not the body: a token is good for one body only.
package struct MailgunInbound: InboundProvider {
    static let variable = "reference"
    /// Mailgun tries for seven and a half hours, with the token of the first time.
    private static let past: Duration = .seconds(8 * 3600)
    private static let future: Duration = .seconds(300)

    private let key: String?
    private let tokens: MailgunTokens
    private let references: SendReferences?

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) {
        key = setup.text("WebhookSigningKey")
        tokens = tools.mailgunTokens
        references = tools.references
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        guard let key else { throw .untrusted("the provider has no WebhookSigningKey") }
        let fields = try Fields(call)
        guard let timestamp = fields.text("timestamp"), let token = fields.text("token"),
            let signature = fields.text("signature"), let second = Int64(timestamp), token.utf8.count <= 100
        else { throw .untrusted("the call is not signed") }
        let expected = HMACSHA256.authenticate(Array("\(timestamp)\(token)".utf8), key: Array(key.utf8))
        guard constantTimeEquals(Hex.lowercase(expected), signature.lowercased()) else {
            throw .untrusted("the signature is wrong")
        }
        let age = call.receivedAt - Instant(seconds: second)
        guard age <= Self.past, age >= .zero - Self.future else { throw .untrusted("the signature is too old") }
        guard tokens.isFirst(token, for: call.body) else { throw .untrusted("the token was used for another body") }
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let fields = try Fields(call)
        if let event = fields.event { return Self.receipt(event).map { [.receipt($0)] } ?? [] }
        guard let references else { throw .unreadable("this process reads no mail") }
        guard let raw = fields.bytes("body-mime") else {
            throw .unreadable("the form has no body-mime: let the route forward to an address that ends in mime")
        }
        return InboundMail.events(
            raw: raw, mailFrom: fields.text("sender"), rcptTo: fields.text("recipient").map { [$0] } ?? [],
            references: references, at: call.receivedAt)
    }

    /// A webhook's JSON or a route's form, as one.
    private struct Fields {
        private let json: JSON?
        private let form: [(name: String, value: [UInt8])]

        init(_ call: InboundCall) throws(InboundRefusal) {
            let type = call.header("content-type") ?? ""
            let lowered = type.lowercased()
            if lowered.hasPrefix("multipart/form-data") {
                guard let parts = MultipartForm(call.body, contentType: type) else { throw .unreadable("not a form") }
                (json, form) = (nil, parts.fields.map { ($0.name, Array($0.value)) })
            } else if lowered.hasPrefix("application/x-www-form-urlencoded") {
                guard let parts = FormFields.bytes(of: String(decoding: call.body, as: UTF8.self)) else {
                    throw .unreadable("not a form")
                }
                (json, form) = (nil, parts)
            } else {
                do throws(JSONFault) {
                    (json, form) = (try JSON.parse(call.body), [])
                } catch {
                    throw .unreadable("neither JSON nor a form: \(error)")
                }
            }
        }

        var event: JSON? { json?["event-data"] }

        func bytes(_ name: String) -> [UInt8]? { form.first { $0.name == name }?.value }

        func text(_ name: String) -> String? {
            guard let json else { return bytes(name).map { String(decoding: $0, as: UTF8.self) } }
            let value = json["signature"]?[name]
            return value?.string ?? value?.int.map(String.init)
        }
    }

    // MARK: Events

    private static func receipt(_ event: JSON) -> Receipt? {
        guard let kind = kind(event) else { return nil }
        let status = event["delivery-status"]
        let words = [status?["code"]?.int.map(String.init), status?["message"]?.string, status?["description"]?.string]
        let detail = words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        var receipt = Receipt(
            kind, channel: "EMAIL", key: event["id"]?.string,
            reference: event["user-variables"]?[variable]?.string,
            providerReference: event["message"]?["headers"]?["message-id"]?.string, address: event["recipient"]?.string,
            at: event["timestamp"]?.number.map { Instant(milliseconds: Int64($0 * 1000)) },
            detail: detail.isEmpty ? event["reason"]?.string : SendOutcome.detail(detail))
        receipt.attributes["link"] = event["url"]?.string
        receipt.attributes["user_agent"] = event["client-info"]?["user-agent"]?.string
        return receipt
    }

    private static func kind(_ event: JSON) -> Receipt.Kind? {
        switch event["event"]?.string {
        case "accepted": .sent
        case "delivered": .delivered
        case "failed": event["severity"]?.string == "temporary" ? .buffered : failed(event)
        case "rejected": .rejected
        case "opened": .open
        case "clicked": .click
        case "unsubscribed": .optOut
        case "complained": .complaint
        case _: nil
        }
    }

    private static func failed(_ event: JSON) -> Receipt.Kind {
        switch event["reason"]?.string {
        case "suppress-bounce": return .hardBounce
        case "suppress-unsubscribe": return .optOut
        case "suppress-complaint": return .complaint
        case "old": return .expired
        case _: break
        }
        let status = event["delivery-status"]
        guard let code = status?["code"]?.int,
            let reply = SMTPReply(line: "\(code) \(status?["message"]?.string ?? "")")
        else { return .softBounce }
        let verdict = SMTPReplyTable.standard.verdict(on: reply, at: .rcpt)
        return switch verdict.class {
        case .addr: verdict.isAddressDead ? .hardBounce : .softBounce
        case .content, .config, .auth: .rejected
        case .throttle, .transient, .mailbox: .softBounce
        }
    }
}

/// Which body each of Mailgun's tokens came with. In memory: after a restart what was stored before is recognised by its id.
package final class MailgunTokens: Sendable {
    private let bodies = ExpiringCache<String, [UInt8]>(lifetime: .seconds(9 * 3600), limit: 100_000)

    package init() {}

    func isFirst(_ token: String, for body: [UInt8]) -> Bool {
        let digest = Array(SHA256.hash(body).prefix(16))
        if let known = bodies[token] { return known == digest }
        bodies.store(digest, for: token, readAt: bodies.now())
        return true
    }
}
