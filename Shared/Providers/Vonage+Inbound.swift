import Core
import Crypto
package import Model

/// Delivery receipts (`…/receipts`) and texts from people (`…/messages`) of both of Vonage's APIs: GET or POST, a form or JSON for the
/// one, signed JSON for the other.
package struct VonageInbound: InboundProvider {
    /// Vonage tries for 24 hours and does not say that it signs again: what is older cannot be news. What comes twice within is
    /// recognised by its key.
    private static let oldest: Duration = .seconds(25 * 3600)
    private static let skew: Duration = .seconds(300)

    private let secret: [UInt8]?
    private let method: VonageSignature
    private let key: String?
    private let application: String?

    package init(_ setup: ProviderSetup) {
        secret = setup.text("SignatureSecret").map { Array($0.utf8) }
        method = setup.text("SignatureMethod").flatMap { VonageSignature(rawValue: $0) } ?? .sha256
        key = setup.text("ApiKey")
        application = setup.text("ApplicationId")
    }

    // MARK: Trust

    package func verify(_ call: InboundCall) throws(InboundRefusal) {
        guard let secret else { throw .untrusted("the provider has no SignatureSecret") }
        if let header = call.header("authorization"), header.lowercased().hasPrefix("bearer ") {
            return try verify(token: header.dropFirst(7), of: call, secret)
        }
        let fields = try fields(of: call)
        guard let given = fields["sig"] else { throw .untrusted("no sig") }
        guard constantTimeEquals(method.sign(fields.items, secret: secret), given.lowercased()) else {
            throw .untrusted("wrong sig")
        }
        guard let seconds = fields["timestamp"].flatMap({ Int64($0) }) else {
            throw .untrusted("no timestamp is signed")
        }
        try check(Instant(seconds: seconds), at: call.receivedAt)
    }

    /// https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
    private func verify(token: some StringProtocol, of call: InboundCall, _ secret: [UInt8]) throws(InboundRefusal) {
        guard let claims = HS256Token.claims(of: token, secret: secret) else { throw .untrusted("wrong token") }
        // A body that no digest stands for could be any; a GET has none.
        if !call.body.isEmpty || claims["payload_hash"] != nil {
            guard let digest = claims["payload_hash"]?.string,
                constantTimeEquals(Hex.lowercase(SHA256.hash(call.body)), digest.lowercased())
            else { throw .untrusted("the body is not the one that was signed") }
        }
        if let key, let claimed = claims["api_key"]?.string, claimed != key { throw .untrusted("another account's") }
        if let application, let claimed = claims["application_id"]?.string, claimed != application {
            throw .untrusted("another application's")
        }
        guard let issued = claims["iat"]?.number else { throw .untrusted("the token has no iat") }
        if let expires = claims["exp"]?.number,
            call.receivedAt > Instant(seconds: Int64(clamping(expires))) + Self.skew
        {
            throw .untrusted("the token has expired")
        }
        try check(Instant(seconds: Int64(clamping(issued))), at: call.receivedAt)
    }

    private func clamping(_ seconds: Double) -> Double { min(max(seconds, 0), 1e11) }

    private func check(_ signed: Instant, at now: Instant) throws(InboundRefusal) {
        guard signed <= now + Self.skew else { throw .untrusted("signed in the future") }
        guard signed >= now - Self.oldest else { throw .untrusted("signed more than a day ago") }
    }

    // MARK: Events

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        guard ["receipts", "messages"].contains(call.what) else { throw .unreadable("nothing comes to \(call.what)") }
        if let json = try json(of: call), json["message_uuid"] != nil {
            return try VonageEvents.messages(json, what: call.what, at: call.receivedAt)
        }
        return try VonageEvents.sms(fields(of: call), what: call.what, at: call.receivedAt)
    }

    private func json(of call: InboundCall) throws(InboundRefusal) -> JSON? {
        guard call.method != "GET", !call.body.isEmpty, !call.isForm else { return nil }
        do throws(JSONFault) {
            return try JSON.parse(call.body)
        } catch {
            throw .unreadable("no JSON: \(error)")
        }
    }

    /// Of the query and the body together, as the signature has them.
    private func fields(of call: InboundCall) throws(InboundRefusal) -> FormFields {
        guard var fields = FormFields(call.query) else { throw .unreadable("the query is no form") }
        if let json = try json(of: call) {
            for member in json.object?.members ?? [] {
                switch member.value {
                case .string(let text): fields.append(member.key, text)
                case .integer(let number): fields.append(member.key, String(number))
                case .double(let number): fields.append(member.key, String(number))
                case .bool(let flag): fields.append(member.key, flag ? "True" : "False")
                case .null, .array, .object: throw .unreadable("\(member.key.prefix(64)) is not a text")
                }
            }
            return fields
        }
        guard call.method != "GET", !call.body.isEmpty else { return fields }
        guard let form = FormFields(String(decoding: call.body, as: UTF8.self)) else { throw .unreadable("no form") }
        for (name, value) in form.items { fields.append(name, value) }
        return fields
    }
}

/// Vonage's words in ours.
private enum VonageEvents {
    /// The SMS API's.
    static func sms(_ fields: FormFields, what: String, at now: Instant) throws(InboundRefusal) -> [InboundEvent] {
        guard let id = fields["messageId"] ?? fields["message-id"], let person = fields["msisdn"] else {
            throw .unreadable("no messageId or msisdn")
        }
        // `2020-01-01 12:00:00`, UTC.
        let at = fields["message-timestamp"].flatMap { ISO8601.parse("\($0)Z") }
        if what == "messages" {
            return [.reply(try reply(fields, id, from: person, at: at ?? now))]
        }
        let code = fields["err-code"].flatMap { Int($0) }.map { String($0) }
        let verdict = code.flatMap { SMSReplyTable.standard.verdict("vonage-dlr", $0) }
        guard let status = fields["status"], let kind = kind(of: status, verdict) else { return [] }
        var receipt = Receipt(
            kind, channel: "SMS", key: "\(id):\(status)", reference: fields["client-ref"], providerReference: id,
            address: "+\(person)", at: at, detail: code.map { "err-code \($0)" })
        receipt.attributes["record_status"] =
            failures.contains(kind) ? verdict?.recordStatus ?? receipt.plainRecordStatus : receipt.plainRecordStatus
        receipt.attributes["origination_phone_number"] = fields["to"]
        receipt.attributes["destination_phone_number"] = "+\(person)"
        receipt.attributes["message_id"] = id
        receipt.attributes["mcc_mnc"] = fields["network-code"]
        // In euros, which is not the currency of Pinpoint's metric.
        receipt.attributes["price_eur"] = fields["price"]
        return [.receipt(receipt)]
    }

    private static let failures: Set<Receipt.Kind> = [.softBounce, .hardBounce, .rejected, .optOut]

    private static func kind(of status: String, _ verdict: SMSReplyTable.Verdict?) -> Receipt.Kind? {
        switch status {
        case "delivered": .delivered
        case "accepted", "submitted": .sent
        case "buffered": .buffered
        case "expired": .expired
        case "read": .read
        case "failed", "undeliverable", "unknown": verdict?.receipt ?? .softBounce
        case "rejected": verdict?.receipt ?? .rejected
        case _: nil
        }
    }

    private static func reply(
        _ fields: FormFields, _ id: String, from person: String, at: Instant
    ) throws(InboundRefusal) -> Reply {
        guard let to = fields["to"] else { throw .unreadable("no to") }
        var part: Reply.Part?
        if fields["concat"] == "true" {
            guard let group = fields["concat-ref"], let number = fields["concat-part"].flatMap({ Int($0) }),
                let total = fields["concat-total"].flatMap({ Int($0) }), (1...Reply.partsLimit).contains(total),
                (1...total).contains(number)
            else { throw .unreadable("concat without a usable concat-ref, concat-part or concat-total") }
            if total > 1 { part = Reply.Part(group: group, number: number, total: total) }
        }
        return Reply(
            key: id, channel: "SMS", from: "+\(person)", to: own(to), text: fields["text"] ?? "", at: at, part: part)
    }

    /// A number of ours has its `+` again; a short code or a name has none.
    private static func own(_ address: String) -> String {
        address.utf8.count > 7 && address.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "+\(address)" : address
    }

    /// The Messages API's.
    static func messages(_ json: JSON, what: String, at now: Instant) throws(InboundRefusal) -> [InboundEvent] {
        guard let id = json["message_uuid"]?.string else { throw .unreadable("message_uuid must be a text") }
        let at = json["timestamp"]?.string.flatMap { ISO8601.parse($0) }
        if what == "messages" {
            guard let from = json["from"]?.string, let to = json["to"]?.string else {
                throw .unreadable("no from or to")
            }
            let media = ["image", "audio", "video", "file", "vcard"].compactMap { json[$0]?["url"]?.string }
            return [
                .reply(
                    Reply(
                        key: id, channel: "SMS", from: "+\(Vonage.number(from))", to: own(to),
                        text: json["text"]?.string ?? json["image"]?["caption"]?.string ?? "",
                        providerReference: json["context"]?["message_uuid"]?.string, mediaURLs: media, at: at ?? now))
            ]
        }
        let code = json["error"]?["title"]?.string
        let verdict = code.flatMap { SMSReplyTable.standard.verdict("vonage-messages", $0) }
        guard let status = json["status"]?.string, let kind = kind(of: status, verdict) else { return [] }
        var receipt = Receipt(
            kind, channel: "SMS", key: "\(id):\(status)", reference: json["client_ref"]?.string, providerReference: id,
            address: json["to"]?.string.map { "+\(Vonage.number($0))" }, at: at,
            detail: code.map { String("\($0) \(json["error"]?["detail"]?.string ?? "")".prefix(1000)) })
        receipt.attributes["record_status"] =
            failures.contains(kind) ? verdict?.recordStatus ?? receipt.plainRecordStatus : receipt.plainRecordStatus
        receipt.attributes["origination_phone_number"] = json["from"]?.string
        receipt.attributes["destination_phone_number"] = receipt.address
        receipt.attributes["message_id"] = id
        if let price = json["usage"]?["price"]?.string, let currency = json["usage"]?["currency"]?.string {
            receipt.attributes["price_\(currency.lowercased().prefix(3))"] = price
        }
        return [.receipt(receipt)]
    }
}
