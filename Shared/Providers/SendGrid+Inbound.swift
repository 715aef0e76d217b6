package import Core
import Crypto
import HTTPServer
package import Model

/// SendGrid's Event Webhook, signed with ECDSA (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features),
/// and Inbound Parse in its raw form. Parse is not signed by default: it needs a security policy's key, or credentials in its address.
package struct SendGridInbound: InboundProvider {
    static let argument = "needletail_reference"
    /// SendGrid tries for a day, and does not say whether it signs again; a repeated event is recognised by its id.
    private static let tolerance: Duration = .seconds(86_400 + 300)

    private let eventKey: PublicKey?
    private let credentials: (user: String, password: String)?
    private let references: SendReferences?

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        if let text = setup.text("WebhookPublicKey"), let complaint = Self.complaint(key: text) {
            throw Fault(.configuration, "WebhookPublicKey \(complaint)")
        }
        eventKey = setup.text("WebhookPublicKey").flatMap(Self.key)
        if let user = setup.text("InboundUsername"), let password = setup.text("InboundPassword") {
            credentials = (user, password)
        } else {
            credentials = nil
        }
        references = tools.references
    }

    static func complaint(key text: String) -> String? {
        key(text) == nil ? "must be the verification key that SendGrid shows: base64 of an EC public key" : nil
    }

    private static func key(_ text: String) -> PublicKey? {
        let key = Base64.decode(text.filter { !$0.isWhitespace }).flatMap { PublicKey(spki: $0) }
        return key?.isEllipticCurve == true ? key : nil
    }

    package func verify(_ call: InboundCall) async throws(InboundRefusal) {
        if let signature = call.header("x-twilio-email-event-webhook-signature") { return try verify(signature, call) }
        guard Self.isMail(call), let credentials else { throw .untrusted("the call is not signed") }
        guard let given = BasicAuthorization.parse(call.header("authorization")),
            constantTimeEquals(given.user, credentials.user), constantTimeEquals(given.password, credentials.password)
        else { throw .untrusted("the credentials are wrong") }
    }

    private func verify(_ signature: String, _ call: InboundCall) throws(InboundRefusal) {
        guard let eventKey else { throw .untrusted("the provider has no WebhookPublicKey") }
        guard let timestamp = call.header("x-twilio-email-event-webhook-timestamp"), let second = Int64(timestamp),
            abs(call.receivedAt.seconds - second) <= Self.tolerance.microseconds / 1_000_000
        else { throw .untrusted("the timestamp is missing, or too old") }
        guard let bytes = Base64.decode(signature),
            eventKey.verifies(bytes, of: Array(timestamp.utf8) + call.body)
        else { throw .untrusted("the signature is wrong") }
    }

    private static func isMail(_ call: InboundCall) -> Bool {
        call.header("content-type")?.lowercased().hasPrefix("multipart/form-data") == true
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        if Self.isMail(call) { return try mail(call) }
        let events: [JSON]?
        do throws(JSONFault) {
            events = try JSON.parse(call.body).array
        } catch {
            throw .unreadable("the events are not JSON: \(error)")
        }
        guard let events else { throw .unreadable("the events are not a list") }
        return events.compactMap { event in Self.receipt(event).map { .receipt($0) } }
    }

    // MARK: Events

    private static func receipt(_ event: JSON) -> Receipt? {
        guard let kind = kind(event) else { return nil }
        let message = event["sg_message_id"]?.string.map { String($0.prefix { $0 != "." }) }
        let words = event["reason"]?.string ?? event["response"]?.string
        var receipt = Receipt(
            kind, channel: "EMAIL", key: event["sg_event_id"]?.string, reference: event[argument]?.string,
            providerReference: message, address: event["email"]?.string,
            at: event["timestamp"]?.int.map { Instant(seconds: Int64($0)) }, detail: words.map(SendOutcome.detail))
        receipt.attributes["link"] = event["url"]?.string
        receipt.attributes["user_agent"] = event["useragent"]?.string
        receipt.attributes["status"] = event["status"]?.string
        receipt.attributes["bounce_classification"] = event["bounce_classification"]?.string
        return receipt
    }

    private static func kind(_ event: JSON) -> Receipt.Kind? {
        switch event["event"]?.string {
        case "processed": .sent
        case "deferred": .buffered
        case "delivered": .delivered
        // "blocked" is the receiving server's policy; the address may be fine.
        case "bounce":
            event["type"]?.string == "blocked" || event["status"]?.string?.hasPrefix("4") == true
                ? .softBounce : .hardBounce
        case "dropped": dropped(event["reason"]?.string ?? "")
        case "open": .open
        case "click": .click
        case "spamreport": .complaint
        case "unsubscribe", "group_unsubscribe": .optOut
        case "group_resubscribe": .optIn
        case _: nil
        }
    }

    /// Why SendGrid did not even try.
    private static func dropped(_ reason: String) -> Receipt.Kind {
        switch reason {
        case "Bounced Address", "Invalid": .hardBounce
        case "Unsubscribed Address": .optOut
        case "Spam Reporting Address": .complaint
        case _: .rejected
        }
    }

    // MARK: Mail

    private func mail(_ call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        guard let references else { throw .unreadable("this process reads no mail") }
        guard let form = MultipartForm(call.body, contentType: call.header("content-type") ?? "") else {
            throw .unreadable("the mail is not a form")
        }
        guard let raw = form["email"] else {
            throw .unreadable("the form has no email: turn on \"Send raw, full MIME message\" in Inbound Parse")
        }
        let envelope = form.text("envelope").flatMap { try? JSON.parse($0) }
        return InboundMail.events(
            raw: raw, mailFrom: envelope?["from"]?.string, rcptTo: envelope?["to"]?.array?.compactMap(\.string) ?? [],
            references: references, at: call.receivedAt)
    }
}
