package import Core
import Crypto
package import HTTPServer
package import Model

/// The addresses that Kannel calls, and how its calls are believed. Kannel signs nothing, so that what it is to call has a MAC of
/// ours in it: of a receipt over whose message it is, of incoming messages over the place alone.
package struct KannelCallbacks: Sendable {
    private let hmac: HMACSHA256
    private let receipts: String
    private let messages: String

    package init(_ setup: ProviderSetup) throws(Fault) {
        // A secret of its own outlives a change of the gateway's password, and with it the receipts that are on their way.
        let password = try setup.required("Password")
        hmac = HMACSHA256(key: Array((setup.text("CallbackSecret") ?? password).utf8))
        let own = setup.text("CallbackUrl").map { base in
            var base = base
            while base.hasSuffix("/") { base.removeLast() }
            return base
        }
        let place = { (what: String) in
            own.map { "\($0)/inbound/\(setup.provider.id)/\(what)" } ?? setup.inboundURL(what)
        }
        receipts = place("receipts")
        messages = place("messages")
    }

    /// With Kannel's escapes for what it knows then: kind of report, the carrier's answer, its id of the message, the time. Ours is
    /// in base64url, in which nothing looks like an escape.
    func receiptURL(_ tags: SMSReceiptTags) -> String {
        let text = Base64URL.encode(Array(tags.fields.encoded.utf8))
        return "\(receipts)?q=\(text)&mac=\(mac("receipt", text))&d=%d&a=%A&f=%F&t=%T&to=%p"
    }

    /// For the gateway's `get-url`.
    package var messagesURL: String {
        "\(messages)?k=\(mac("messages", ""))&from=%p&to=%P&text=%b&coding=%c&charset=%C&id=%I&t=%T"
    }

    func isReceipt(_ query: FormFields) -> Bool {
        guard let text = query["q"], let given = query["mac"] else { return false }
        return constantTimeEquals(mac("receipt", text), given)
    }

    func isMessage(_ key: String) -> Bool { constantTimeEquals(mac("messages", ""), key) }

    private func mac(_ what: String, _ text: String) -> String {
        Hex.lowercase(hmac.authenticate(Array("kannel:\(what):\(text)".utf8)).prefix(16))
    }
}

/// Delivery reports (`…/receipts`) and incoming messages (`…/messages`) of a Kannel gateway.
package struct KannelInbound: InboundProvider {
    private let callbacks: KannelCallbacks

    package init(_ callbacks: KannelCallbacks) {
        self.callbacks = callbacks
    }

    package func verify(_ call: InboundCall) throws(InboundRefusal) {
        guard let fields = FormFields.bytes(of: call.query) else { throw .unreadable("no query") }
        let texts = Self.texts(fields)
        switch call.what {
        case "receipts" where callbacks.isReceipt(texts): return
        case "messages":
            if let key = texts["k"], callbacks.isMessage(key) { return }
            throw .untrusted("a wrong key")
        case _: throw .untrusted("a wrong mac")
        }
    }

    /// Nothing to be sent back: Kannel takes an answer's body for a text to the person.
    package func answer(to call: InboundCall) -> HTTPResponse { .text("") }

    package func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent] {
        guard let fields = FormFields.bytes(of: call.query) else { throw .unreadable("no query") }
        switch call.what {
        case "receipts": return try receipt(Self.texts(fields)).map { [.receipt($0)] } ?? []
        case "messages": return [.reply(try reply(fields, at: call.receivedAt))]
        case _: throw .unreadable("nothing comes to \(call.what)")
        }
    }

    /// What carriers write may be in any alphabet.
    private static func texts(_ fields: [(name: String, value: [UInt8])]) -> FormFields {
        FormFields(fields.map { ($0.name, KannelText.plain($0.value)) })
    }

    // MARK: Receipts

    private func receipt(_ fields: FormFields) throws(InboundRefusal) -> Receipt? {
        guard let packed = fields["q"].flatMap({ Base64URL.decode($0) }),
            let tags = FormFields(String(decoding: packed, as: UTF8.self)).flatMap({ SMSReceiptTags($0) }),
            let mask = fields["d"].flatMap({ Int($0) })
        else { throw .unreadable("no q or d") }
        let answer = fields["a"] ?? ""
        let verdict = KannelAnswer.verdict(answer)
        let kind: Receipt.Kind
        switch mask {
        case 1: kind = .delivered
        case 2, 16: kind = verdict?.receipt ?? .softBounce
        case 4, 32: kind = .buffered
        case 8: kind = .sent
        case _: return nil
        }
        var receipt = Receipt(
            kind, channel: "SMS", key: "\(tags.reference):\(mask)",
            providerReference: fields["f"].flatMap { $0.isEmpty ? nil : $0 },
            address: fields["to"].map(KannelNumber.whole),
            at: fields["t"].flatMap { Int64($0) }.map { Instant(seconds: $0) },
            detail: answer.isEmpty ? nil : answer.trimmedDetail)
        let isRefusal = mask == 2 || mask == 16
        tags.describe(
            &receipt, recordStatus: (isRefusal ? verdict?.recordStatus : nil) ?? receipt.plainRecordStatus)
        return receipt
    }

    // MARK: Messages

    private func reply(_ fields: [(name: String, value: [UInt8])], at now: Instant) throws(InboundRefusal) -> Reply {
        let texts = Self.texts(fields)
        guard let from = texts["from"], let to = texts["to"],
            let bytes = fields.first(where: { $0.name == "text" })?.value
        else { throw .unreadable("no from, to or text") }
        guard let text = KannelText.decode(bytes, charset: texts["charset"] ?? "", coding: texts["coding"] ?? "") else {
            throw .unreadable("a binary message, or one in the character set \((texts["charset"] ?? "").prefix(32))")
        }
        let at = texts["t"].flatMap { Int64($0) }.map { Instant(seconds: $0) }
        let digest = {
            Hex.lowercase(SHA256.hash(Array("\(from)\n\(to)\n\(texts["t"] ?? "")\n".utf8) + bytes).prefix(16))
        }
        return Reply(
            key: texts["id"].flatMap { $0.isEmpty ? nil : $0 } ?? digest(), channel: "SMS",
            from: KannelNumber.whole(from), to: KannelNumber.whole(to), text: text, at: at ?? now)
    }
}

/// What a carrier answered, as Kannel hands it on.
enum KannelAnswer {
    /// `NACK/0x0000000b/Invalid Destination Address` when the carrier refused it, else a receipt with `stat:UNDELIV err:…` in it
    /// (SMPP 3.4, appendix B). Nil for what says nothing.
    static func verdict(_ answer: String) -> SMSReplyTable.Verdict? {
        let parts = answer.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.first == "NACK", parts.count > 1, parts[1].hasPrefix("0x") {
            return SMSReplyTable.standard.verdict("smpp", parts[1].dropFirst(2).lowercased())
        }
        let words = answer.split(separator: " ")
        guard let stat = words.first(where: { $0.hasPrefix("stat:") }) else { return nil }
        return SMSReplyTable.standard.verdict("stat", stat.dropFirst(5).uppercased())
    }
}

enum KannelNumber {
    /// Carriers leave out the `+` of a whole number; what is short, or begins with 0, is a short code or a local number and stays.
    static func whole(_ text: String) -> String {
        let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if digits, text.hasPrefix("00"), text.utf8.count >= 10 { return "+\(text.dropFirst(2))" }
        return digits && !text.hasPrefix("0") && (8...15).contains(text.utf8.count) ? "+\(text)" : text
    }
}

enum KannelText {
    /// UTF-8, else Latin-1, which every byte is.
    static func plain(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) ?? latin(bytes)
    }

    /// `%b` by `%C` and `%c`: coding 2 comes as UTF-16BE, as bytes in the query.
    static func decode(_ bytes: [UInt8], charset: String, coding: String) -> String? {
        switch charset.uppercased() {
        case "UTF-16BE", "UCS-2BE", "ISO-10646-UCS-2": return utf16(bytes)
        case "UTF-8", "": return coding == "1" ? nil : coding == "2" && charset.isEmpty ? utf16(bytes) : plain(bytes)
        case "ISO-8859-1", "LATIN1", "US-ASCII", "ASCII", "WINDOWS-1252", "CP1252":
            return coding == "1" ? nil : latin(bytes)
        case _: return nil
        }
    }

    /// Half a pair, where a carrier cut an emoji in two, becomes U+FFFD; an odd byte at the end is dropped.
    private static func utf16(_ bytes: [UInt8]) -> String {
        let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        return String(decoding: units, as: UTF16.self)
    }

    private static func latin(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}
