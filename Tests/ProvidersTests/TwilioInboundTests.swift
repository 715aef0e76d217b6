import Core
import Crypto
import HTTPServer
import Model
import TestKit
import Testing

@testable import Providers

/// What comes from Twilio: whose signature is believed, and what the calls say.
@Suite struct TwilioInboundTests {
    private let inbound: TwilioInbound
    private let vectors: JSON

    init() throws {
        inbound = try TwilioInbound(TwilioTests.setup())
        vectors = try Fixtures.json("twilio/signatures.json")
    }

    private func text(_ name: String) throws -> String { try #require(vectors[name]?.string) }

    private func call(
        _ what: String = "receipts", url: String, body: String, signature: String?,
        type: String? = "application/x-www-form-urlencoded",
        settings: String? = nil, method: String = "POST"
    ) -> InboundCall {
        var headers: [(name: String, value: String)] = []
        if let type { headers.append(("content-type", type)) }
        if let signature { headers.append(("x-twilio-signature", signature)) }
        if let settings { headers.append(("x-twilio-webhooks-signature-settings", settings)) }
        let query = url.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        return InboundCall(
            method: method, what: what, url: url, query: query, headers: headers, body: Array(body.utf8),
            receivedAt: Instant(seconds: 1_780_000_000))
    }

    private func isTrusted(_ call: InboundCall) -> Bool {
        do throws(InboundRefusal) {
            try inbound.verify(call)
            return true
        } catch {
            return false
        }
    }

    @Test func `the vectors of Twilio's own library are believed`() throws {
        let (url, form) = (try text("url"), try text("form"))
        #expect(isTrusted(call(url: url, body: form, signature: try text("form_signature"))))
        #expect(isTrusted(call(url: url, body: form, signature: try text("port_443_signature"))))
        let withPort = "https://mycompany.com:443/myapp.php?foo=1&bar=2"
        #expect(isTrusted(call(url: withPort, body: form, signature: try text("form_signature"))))
        #expect(isTrusted(call(url: url, body: try text("repeated_form"), signature: try text("repeated_signature"))))
        let settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
        #expect(isTrusted(call(url: url, body: form, signature: try text("form_hmac_sha256"), settings: settings)))
        #expect(
            isTrusted(
                call(
                    url: try text("json_url"), body: try text("json_body"), signature: try text("json_signature"),
                    type: "application/json")))
    }

    @Test func `whatever is changed is not believed`() throws {
        let (url, form, right) = (try text("url"), try text("form"), try text("form_signature"))
        #expect(!isTrusted(call(url: url, body: form, signature: nil)))
        #expect(!isTrusted(call(url: url, body: form, signature: "")))
        #expect(!isTrusted(call(url: url, body: form + "&a=b", signature: right)))
        #expect(!isTrusted(call(url: url + "0", body: form, signature: right)))
        #expect(!isTrusted(call(url: "http://mycompany.com/myapp.php?foo=1&bar=2", body: form, signature: right)))
        #expect(!isTrusted(call(url: "https://mycompany.com:8443/myapp.php?foo=1&bar=2", body: form, signature: right)))
        #expect(!isTrusted(call(url: url, body: form, signature: right, settings: "key=k,algorithm=HMAC_SHA256")))
        #expect(!isTrusted(call(url: url, body: form, signature: right, settings: "key=k,algorithm=NONE")))
        let json = (try text("json_url"), try text("json_signature"))
        #expect(!isTrusted(call(url: json.0, body: "{}", signature: json.1, type: "application/json")))
        // A JSON body whose digest is not in the URL is signed by nothing.
        let bare = Base64.encode(HMACSHA1.authenticate(Array(url.utf8), key: Array("12345".utf8)))
        #expect(!isTrusted(call(url: url, body: "{}", signature: bare, type: "application/json")))
        #expect(isTrusted(call(url: url, body: "", signature: bare, type: nil, method: "GET")))
    }

    @Test func `HMAC-SHA-1 is RFC 2202's`() {
        let cases: [([UInt8], [UInt8], String)] = [
            ([UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8), "b617318655057264e28bc0b6fb378c8ef146be00"),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
            ),
            (
                [UInt8](repeating: 0xAA, count: 80),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "aa4ae5e15272d00e95705637ce8a3b55ed402112"
            ),
        ]
        for (key, message, mac) in cases { #expect(Hex.lowercase(HMACSHA1.authenticate(message, key: key)) == mac) }
    }

    /// Twilio's own validator signs calls to us over the wire's forms of them, and a few of another token.
    @Test func `calls signed by Twilio's library are believed, and those of another token are not`() async throws {
        let output = try await Peer.run(
            "twilio_sign.py", ["12345", "https://n.example.com/inbound/5/receipts?ref=tok&n=2"])
        let calls = try output.filter { $0.hasPrefix("{") }.map { try JSON.parse(Array($0.utf8)) }
        #expect(calls.count >= 12)
        for json in calls {
            let made = call(
                url: json["url"]?.string ?? "", body: json["body"]?.string ?? "", signature: json["signature"]?.string,
                type: json["type"]?.string, settings: json["settings"]?.string, method: json["method"]?.string ?? "POST"
            )
            #expect(isTrusted(made) == (json["right"]?.bool ?? false), "\(json["what"]?.string ?? "")")
        }
    }

    // MARK: What they say

    private func receipt(_ body: String) throws -> Receipt? {
        let url = "https://n.example.com/inbound/5/receipts?ref=tok&n=2&p=1600&c=US&y=P"
        let events = try inbound.events(in: call(url: url, body: body, signature: nil))
        guard case .receipt(let receipt)? = events.first else { return nil }
        return receipt
    }

    @Test(
        arguments: [
            ("MessageStatus=queued", Receipt.Kind.buffered, "PENDING"),
            ("MessageStatus=sent", .sent, "SUCCESSFUL"),
            ("MessageStatus=delivered", .delivered, "DELIVERED"),
            ("MessageStatus=read", .read, "DELIVERED"),
            ("MessageStatus=undelivered&ErrorCode=30003", .softBounce, "UNREACHABLE"),
            ("MessageStatus=undelivered&ErrorCode=30005", .hardBounce, "INVALID"),
            ("MessageStatus=undelivered&ErrorCode=30007", .rejected, "CARRIER_BLOCKED"),
            ("MessageStatus=failed&ErrorCode=21610", .optOut, "OPTED_OUT"),
            ("MessageStatus=failed&ErrorCode=30036", .expired, "TTL_EXPIRED"),
            ("MessageStatus=failed", .softBounce, "UNKNOWN"),
            ("MessageStatus=delivered&ErrorCode=30003", .delivered, "DELIVERED"),
            ("MessageStatus=canceled", .rejected, "UNKNOWN"),
        ])
    func `a status callback is a receipt with our reference`(status: String, kind: Receipt.Kind, record: String) throws
    {
        let receipt = try #require(try receipt("MessageSid=SM1&From=%2B15005550006&To=%2B14155550100&\(status)"))
        #expect(receipt.kind == kind)
        #expect(receipt.reference == "tok" && receipt.providerReference == "SM1" && receipt.address == "+14155550100")
        #expect(receipt.attributes["record_status"] == record)
        #expect(receipt.attributes["number_of_message_parts"] == "2" && receipt.attributes["iso_country_code"] == "US")
        #expect(receipt.attributes["message_type"] == "Promotional")
        #expect(receipt.metrics["price_in_millicents_usd"] == 1600)
    }

    @Test func `what is no news of ours is none, and what cannot be read is said`() throws {
        #expect(try receipt("MessageSid=SM1&MessageStatus=receiving") == nil)
        #expect(throws: InboundRefusal.self) { try receipt("To=%2B1") }
        #expect(throws: InboundRefusal.self) { try receipt("%zz") }
        #expect(throws: InboundRefusal.self) {
            try inbound.events(in: call("other", url: "https://x", body: "", signature: nil))
        }
    }

    @Test func `an incoming message is a reply`() throws {
        let body = Fixtures.text("twilio/inbound-mms.form").filter { $0 != "\n" }
        let events = try inbound.events(
            in: call("messages", url: "https://n.example.com/x", body: body, signature: nil))
        guard case .reply(let reply)? = events.first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.key == "MM0123456789abcdef0123456789abcdef" && reply.channel == "SMS")
        #expect(reply.from == "+14155550100" && reply.to == "+15005550006" && reply.text == "Stop 😀 & go")
        #expect(reply.mediaURLs == ["https://api.twilio.com/media/1", "https://api.twilio.com/media/2"])
        #expect(reply.handledKeyword == "STOP")
    }

    @Test func `the answer is TwiML that says nothing`() {
        let answer = inbound.answer(to: call(url: "https://x", body: "", signature: nil))
        #expect(answer.status == 200 && answer.headers["Content-Type"] == "text/xml")
        guard case .bytes(let bytes) = answer.body else { return }
        #expect(String(decoding: bytes, as: UTF8.self) == "<Response/>")
    }
}
