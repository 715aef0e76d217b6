package import Core
import Crypto
package import HTTPServer
package import Model

/// Status callbacks (`…/receipts`) and incoming messages (`…/messages`) of Twilio.
package struct TwilioInbound: InboundProvider {
    private let token: [UInt8]
    private let sharedKey: [UInt8]?
    private let sharedKeyID: String?

    package init(_ setup: ProviderSetup) throws(Fault) {
        token = Array(try setup.required("AuthToken").utf8)
        sharedKey = setup.text("SharedKey").map { Array($0.utf8) }
        sharedKeyID = setup.text("SharedKeyId")
    }

    package func answer(to call: InboundCall) -> HTTPResponse {
        HTTPResponse(status: 200, headers: ["Content-Type": "text/xml"], body: .bytes(Array("<Response/>".utf8)))
    }

    // MARK: Trust

    /// `X-Twilio-Signature` (https://www.twilio.com/docs/usage/security), as Twilio's own libraries check it.
    package func verify(_ call: InboundCall) throws(InboundRefusal) {
        guard let given = call.header("x-twilio-signature") else { throw .untrusted("no signature") }
        let (key, isSHA256) = try key(call.header("x-twilio-webhooks-signature-settings"))
        let signed = try signedSuffix(of: call)
        // Twilio signs now with the scheme's own port in the URL, now without.
        let isRight = TwilioURL.spellings(of: call.url).contains { url in
            let message = Array("\(url)".utf8) + signed
            let mac =
                isSHA256
                ? HMACSHA256.authenticate(message, key: key) : HMACSHA1.authenticate(message, key: key)
            return constantTimeEquals(Base64.encode(mac), given)
        }
        guard isRight else { throw .untrusted("wrong signature") }
    }

    /// `key=<id>,algorithm=HMAC_SHA256`: signed with a shared key instead of the account's token.
    private func key(_ settings: String?) throws(InboundRefusal) -> (key: [UInt8], isSHA256: Bool) {
        var words: [String: String] = [:]
        for part in (settings ?? "").split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
            if pair.count == 2 { words[pair[0]] = pair[1] }
        }
        if let id = words["key"], let known = sharedKeyID, id != known { throw .untrusted("another shared key") }
        switch words["algorithm"] {
        case nil, "HMAC_SHA1": return (words["key"] == nil ? token : sharedKey ?? token, false)
        case "HMAC_SHA256": return (sharedKey ?? token, true)
        case let name?: throw .untrusted("unknown algorithm \(name.prefix(32))")
        }
    }

    /// What is signed behind the URL: a form's fields by name; nothing of a GET or a JSON body, which the URL has a digest of.
    private func signedSuffix(of call: InboundCall) throws(InboundRefusal) -> [UInt8] {
        if let digest = FormFields(call.query)?["bodySHA256"], !call.isForm {
            guard constantTimeEquals(Hex.lowercase(SHA256.hash(call.body)), digest.lowercased()) else {
                throw .untrusted("the body is not the one that was signed")
            }
            return []
        }
        guard call.method != "GET", !call.body.isEmpty else { return [] }
        guard call.isForm else { throw .untrusted("a body that nothing signs") }
        guard let form = FormFields(String(decoding: call.body, as: UTF8.self)) else { throw .unreadable("no form") }
        // Bytewise, and each value of a name once.
        var values: [[UInt8]: Set<[UInt8]>] = [:]
        for (name, value) in form.items { values[Array(name.utf8), default: []].insert(Array(value.utf8)) }
        var signed: [UInt8] = []
        for (name, own) in values.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            for value in own.sorted(by: { $0.lexicographicallyPrecedes($1) }) { signed += name + value }
        }
        return signed
    }

    // MARK: Events

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        let text = call.method == "GET" ? call.query : String(decoding: call.body, as: UTF8.self)
        guard let form = FormFields(text) else { throw .unreadable("no form") }
        switch call.what {
        case "receipts": return try receipt(form, FormFields(call.query)).map { [.receipt($0)] } ?? []
        case "messages": return [.reply(try reply(form, at: call.receivedAt))]
        case _: throw .unreadable("nothing comes to \(call.what)")
        }
    }

    private func receipt(_ form: FormFields, _ query: FormFields?) throws(InboundRefusal) -> Receipt? {
        guard let sid = form["MessageSid"] ?? form["SmsSid"], let status = form["MessageStatus"] ?? form["SmsStatus"]
        else { throw .unreadable("no MessageSid or MessageStatus") }
        let code = form["ErrorCode"]
        let verdict = code.flatMap { SMSReplyTable.standard.verdict("twilio", $0) }
        guard let kind = Self.kind(of: status, verdict) else { return nil }
        var receipt = Receipt(
            kind, channel: "SMS", key: "\(sid):\(status)", providerReference: sid, address: form["To"],
            detail: code.map { "\($0) \(form["ErrorMessage"] ?? "")".trimmedDetail })
        let failed = kind != .delivered && kind != .sent && kind != .buffered && kind != .read
        query.flatMap(SMSReceiptTags.init)?.describe(
            &receipt, recordStatus: (failed ? verdict?.recordStatus : nil) ?? receipt.plainRecordStatus)
        if let from = form["From"] { receipt.attributes["origination_phone_number"] = from }
        return receipt
    }

    /// Nil for what is no news of a message of ours. They come in any order; `Receipt.Kind` has the rank.
    private static func kind(of status: String, _ verdict: SMSReplyTable.Verdict?) -> Receipt.Kind? {
        switch status {
        case "accepted", "scheduled", "queued", "sending": .buffered
        // Some parts of a long text only: what is known is that the carrier has it.
        case "sent", "partially_delivered": .sent
        case "delivered": .delivered
        case "read": .read
        case "undelivered", "failed": verdict?.receipt ?? .softBounce
        case "canceled": .rejected
        case _: nil
        }
    }

    private func reply(_ form: FormFields, at now: Instant) throws(InboundRefusal) -> Reply {
        guard let sid = form["MessageSid"] ?? form["SmsSid"], let from = form["From"], let to = form["To"] else {
            throw .unreadable("no MessageSid, From or To")
        }
        let count = min(form["NumMedia"].flatMap { Int($0) } ?? 0, 10)
        return Reply(
            key: sid, channel: "SMS", from: from, to: to, text: form["Body"] ?? form["ButtonText"] ?? "",
            providerReference: form["OriginalRepliedMessageSid"],
            mediaURLs: (0..<max(count, 0)).compactMap { form["MediaUrl\($0)"] },
            handledKeyword: form["OptOutType"].flatMap { ["STOP", "START", "HELP"].contains($0) ? $0 : nil }, at: now)
    }
}

extension InboundCall {
    /// A form by its content type, or by having none.
    var isForm: Bool {
        guard let type = header("content-type") else { return true }
        return type.lowercased().hasPrefix("application/x-www-form-urlencoded")
    }
}

extension String {
    /// Within what a receipt keeps.
    var trimmedDetail: String { String(decoding: utf8.prefix(1024), as: UTF8.self) }
}

enum TwilioURL {
    /// Without a port and with the scheme's own; one only when it names another.
    static func spellings(of url: String) -> [String] {
        guard let mark = url.range(ofFirst: "://") else { return [url] }
        let scheme = url[..<mark.lowerBound].lowercased()
        let port = scheme == "https" ? ":443" : ":80"
        let rest = url[mark.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let (authority, path) = (rest[..<end], rest[end...])
        let head = url[..<mark.upperBound]
        if authority.hasSuffix(port) { return ["\(head)\(authority.dropLast(port.count))\(path)", url] }
        let host = authority.split(separator: "]").last ?? authority
        if host.contains(":") { return [url] }
        return [url, "\(head)\(authority)\(port)\(path)"]
    }
}

extension String {
    fileprivate func range(ofFirst text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
