package import Core
import Crypto
package import HTTPServer
package import Model

/// Statuses, messages and wishes of people, many in one call
/// (https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples). One address for all: `…/messages`.
package struct WhatsAppInbound: InboundProvider {
    private static let challengeBytes = 256

    private let number: String
    private let secret: [UInt8]?
    private let verifyToken: String?

    package init(_ setup: ProviderSetup) throws(Fault) {
        number = try setup.required("PhoneNumberId")
        secret = setup.text("AppSecret").map { Array($0.utf8) }
        verifyToken = setup.text("VerifyToken")
    }

    package func verify(_ call: InboundCall) throws(InboundRefusal) {
        if call.method == "GET" {
            guard let fields = FormFields(call.query), fields["hub.mode"] == "subscribe",
                let given = fields["hub.verify_token"], let verifyToken, constantTimeEquals(given, verifyToken),
                let challenge = fields["hub.challenge"], challenge.utf8.count <= Self.challengeBytes
            else { throw .untrusted("not the VerifyToken") }
            return
        }
        guard let secret else { throw .untrusted("the provider has no AppSecret") }
        guard let given = call.header("x-hub-signature-256") else { throw .untrusted("no signature") }
        let expected = "sha256=\(Hex.lowercase(HMACSHA256.authenticate(call.body, key: secret)))"
        guard constantTimeEquals(expected, given) else { throw .untrusted("wrong signature") }
    }

    /// Plain text, so that nothing of a caller's own is ever shown as a page.
    package func answer(to call: InboundCall) -> HTTPResponse {
        guard call.method == "GET", let challenge = FormFields(call.query)?["hub.challenge"] else {
            return .empty(status: 200)
        }
        return .text(challenge)
    }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        if call.method == "GET" { return [] }
        let json: JSON
        do throws(JSONFault) {
            json = try JSON.parse(call.body)
        } catch {
            throw .unreadable("no JSON: \(error)")
        }
        var events: [InboundEvent] = []
        for entry in json["entry"]?.array ?? [] {
            for change in entry["changes"]?.array ?? [] {
                guard let value = change["value"], isOurs(value) else { continue }
                let own = value["metadata"]?["display_phone_number"]?.string.map(Self.address) ?? ""
                events += (value["statuses"]?.array ?? []).compactMap { Self.receipt($0).map { .receipt($0) } }
                events += (value["messages"]?.array ?? []).compactMap { Self.reply($0, to: own).map { .reply($0) } }
                events += (value["user_preferences"]?.array ?? []).compactMap { Self.wish($0).map { .receipt($0) } }
            }
        }
        return events
    }

    /// One webhook is for all numbers of an app.
    private func isOurs(_ value: JSON) -> Bool {
        guard let id = value["metadata"]?["phone_number_id"]?.string else { return false }
        return id == number
    }

    // MARK: Words

    private static func receipt(_ status: JSON) -> Receipt? {
        guard let id = status["id"]?.string, let word = status["status"]?.string else { return nil }
        let error = status["errors"]?.array?.first
        let code = error?["code"]?.int
        let verdict = code.flatMap { WhatsApp.verdict($0) }
        let kind: Receipt.Kind
        switch word {
        case "sent": kind = .sent
        case "delivered": kind = .delivered
        case "read": kind = .read
        case "failed": kind = verdict?.receipt ?? .softBounce
        case _: return nil
        }
        var receipt = Receipt(
            kind, channel: "SMS", key: "\(id):\(word)", reference: status["biz_opaque_callback_data"]?.string,
            providerReference: id, address: status["recipient_id"]?.string.map(address), at: at(status["timestamp"]),
            detail: code.map { code in
                let words = error?["error_data"]?["details"]?.string ?? error?["title"]?.string ?? ""
                return String("\(code) \(words)".prefix(1000))
            })
        receipt.attributes["record_status"] =
            word == "failed" ? verdict?.recordStatus ?? receipt.plainRecordStatus : receipt.plainRecordStatus
        receipt.attributes["destination_phone_number"] = receipt.address
        receipt.attributes["message_id"] = id
        receipt.attributes["pricing_category"] = status["pricing"]?["category"]?.string
        return receipt
    }

    /// Nil for what says nothing: a reaction, a notice of the system, a kind that came later than this.
    private static func reply(_ message: JSON, to own: String) -> Reply? {
        guard let id = message["id"]?.string, let from = message["from"]?.string, let type = message["type"]?.string
        else { return nil }
        var text: String?
        var media: [String] = []
        switch type {
        case "text": text = message["text"]?["body"]?.string
        case "button": text = message["button"]?["text"]?.string
        case "interactive":
            let choice = message["interactive"]
            text = choice?["button_reply"]?["title"]?.string ?? choice?["list_reply"]?["title"]?.string
        case "image", "video", "audio", "document", "sticker":
            // The file itself is behind the account's token, by this id.
            media = message[type]?["id"]?.string.map { ["whatsapp-media:\($0)"] } ?? []
            text = message[type]?["caption"]?.string ?? ""
        case _: return nil
        }
        guard let text else { return nil }
        return Reply(
            key: id, channel: "SMS", from: address(from), to: own, text: text,
            providerReference: message["context"]?["id"]?.string, mediaURLs: media, at: at(message["timestamp"]))
    }

    /// A person has stopped the account's marketing in the app, or wants it again.
    private static func wish(_ preference: JSON) -> Receipt? {
        guard let person = preference["wa_id"]?.string, let word = preference["value"]?.string,
            preference["category"]?.string == "marketing_messages"
        else { return nil }
        let kind: Receipt.Kind
        switch word {
        case "stop": kind = .optOut
        case "resume": kind = .optIn
        case _: return nil
        }
        let time = at(preference["timestamp"])
        return Receipt(
            kind, channel: "SMS", key: "\(person):\(word):\(time?.seconds ?? 0)", address: address(person), at: time,
            detail: preference["detail"]?.string.map { String($0.prefix(1000)) })
    }

    /// `+` and digits, whatever stands between them.
    private static func address(_ text: String) -> String {
        "+" + String(decoding: text.utf8.filter { (0x30...0x39).contains($0) }, as: UTF8.self)
    }

    private static func at(_ timestamp: JSON?) -> Instant? {
        let seconds = timestamp?.string.flatMap { Int64($0) } ?? timestamp?.int.map { Int64($0) }
        return seconds.flatMap { (0...100_000_000_000).contains($0) ? Instant(seconds: $0) : nil }
    }
}
