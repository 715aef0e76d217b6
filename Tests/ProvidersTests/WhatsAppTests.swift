import Core
import HTTPClient
import Model
import Providers
import TestKit
import Testing

@Suite(.database) struct WhatsAppTests {
    static let settings: JSONObject = ["PhoneNumberId": "106540352242922"]
    static let secrets: JSONObject = ["AccessToken": "EAAtoken", "AppSecret": "app_secret", "VerifyToken": "v3rify"]
    private static let now = Instant(seconds: 1_700_000_000)

    private func body(_ message: OutgoingSMS) throws -> JSON {
        let request = try WhatsApp(.test("whatsapp", settings: Self.settings, secrets: Self.secrets))
            .request(for: message, at: Self.now)
        #expect(request.url == "https://graph.facebook.com/v21.0/106540352242922/messages")
        #expect(request.headers.contains { $0.name == "Authorization" && $0.value == "Bearer EAAtoken" })
        return try JSON.parse(request.body)
    }

    private let message = OutgoingSMS(to: "+14255550156", from: nil, body: "Hi https://example.com", token: "reference")

    @Test func `a template goes out with a person's own words in its places`() throws {
        var message = message
        message.whatsApp = WhatsAppTemplate(
            name: "order", language: "en_US", header: .image("https://example.com/a.png"),
            parameters: ["Ann \"A\"", "42"], buttons: ["", "tok"])
        #expect(
            try body(message) == [
                "messaging_product": "whatsapp", "recipient_type": "individual", "to": "14255550156",
                "biz_opaque_callback_data": "reference", "type": "template",
                "template": [
                    "name": "order", "language": ["code": "en_US"],
                    "components": [
                        [
                            "type": "header",
                            "parameters": [["type": "image", "image": ["link": "https://example.com/a.png"]]],
                        ],
                        [
                            "type": "body",
                            "parameters": [
                                ["type": "text", "text": "Ann \"A\""], ["type": "text", "text": "42"],
                            ],
                        ],
                        [
                            "type": "button", "sub_type": "url", "index": "1",
                            "parameters": [["type": "text", "text": "tok"]],
                        ],
                    ],
                ],
            ])
        message.whatsApp = WhatsAppTemplate(name: "plain", language: "de", header: .text("Ann"))
        let template = try body(message)["template"]
        #expect(
            template?["components"] == [["type": "header", "parameters": [["type": "text", "text": "Ann"]]]])
        message.whatsApp = WhatsAppTemplate(name: "bare", language: "de")
        #expect(try body(message)["template"] == ["name": "bare", "language": ["code": "de"]])
    }

    @Test func `without a template it is free text, or a picture`() throws {
        let text = try body(message)
        #expect(text["type"] == "text")
        #expect(text["text"] == ["body": "Hi https://example.com", "preview_url": true])
        var picture = message
        picture.mediaURLs = ["https://example.com/a.png"]
        #expect(
            try body(picture)["image"] == ["link": "https://example.com/a.png", "caption": "Hi https://example.com"])
        var empty = message
        empty.body = ""
        #expect(throws: Refusal.self) { try body(empty) }
    }

    // MARK: Answers

    private static func error(_ status: Int, _ code: Int) -> ScriptedHTTP.Answer {
        .reply(
            status: status,
            body:
                #"{"error": {"message": "(#\#(code)) said", "type": "OAuthException", "code": \#(code), "error_data": {"details": "d"}, "fbtrace_id": "f"}}"#
        )
    }

    static let cases: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts",
                .reply(
                    status: 200,
                    body:
                        #"{"messaging_product": "whatsapp", "contacts": [{"input": "1", "wa_id": "1"}], "messages": [{"id": "wamid.1", "message_status": "accepted"}]}"#
                ), .accepted("wamid.1")),
            OutcomeCase("throttles the number", error(400, 130429), .throttled(5)),
            OutcomeCase("throttles the pair", error(400, 131056), .throttled(6)),
            OutcomeCase(
                "throttles, and says for how long", .reply(status: 429, headers: [("Retry-After", "7")]), .throttled(7)),
            OutcomeCase("is in trouble", error(500, 131000), .transient),
            OutcomeCase("is out of order", .reply(status: 503, body: "busy"), .transient),
            OutcomeCase("knows no such number", error(400, 131026), .deadAddress),
            OutcomeCase("was told to stop", error(400, 131050), .rejected(.optedOut)),
            OutcomeCase("wants a template", error(400, 131047), .rejected(.content)),
            OutcomeCase("has no such template", error(404, 132001), .rejected(.configuration)),
            OutcomeCase("has a token that is over", error(401, 190), .authentication),
            OutcomeCase("has a token that may not", error(403, 210), .authentication),
            OutcomeCase("takes it without a name", .reply(status: 200, body: "{}"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: cases)
    func `what WhatsApp answers is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "whatsapp", channelType: "SMS", address: "+14255550156", settings: Self.settings,
            secrets: Self.secrets, maker: \.sms
        ) { _ in
            OutgoingSMS(to: "+14255550156", from: nil, body: "Hello", token: "token")
        }
    }

    // MARK: Coming in

    private func inbound(_ secrets: JSONObject = Self.secrets) throws -> WhatsAppInbound {
        try WhatsAppInbound(.test("whatsapp", settings: Self.settings, secrets: secrets))
    }

    @Test func `the signature is the vendor's`() throws {
        let body = #"{"object":"whatsapp_business_account"}"#
        let good = "sha256=e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b"
        let call = InboundCall.test("messages", headers: [("x-hub-signature-256", good)], body: body)
        try inbound().verify(call)
        var wrong = call
        wrong.body.append(0x20)
        #expect(throws: InboundRefusal.untrusted("wrong signature")) { try inbound().verify(wrong) }
        #expect(throws: InboundRefusal.untrusted("no signature")) {
            try inbound().verify(.test("messages", body: body))
        }
        #expect(throws: InboundRefusal.untrusted("the provider has no AppSecret")) {
            try inbound(["AccessToken": "t"]).verify(call)
        }
    }

    @Test func `the webhook is confirmed to who knows the token`() throws {
        let call = InboundCall.test(
            "messages", method: "GET", query: "hub.mode=subscribe&hub.verify_token=v3rify&hub.challenge=1158201444")
        try inbound().verify(call)
        #expect(try inbound().answer(to: call).words == "1158201444")
        #expect(try inbound().events(in: call).isEmpty)
        for query in [
            "hub.mode=subscribe&hub.verify_token=other&hub.challenge=1", "hub.mode=subscribe&hub.verify_token=v3rify",
            "hub.verify_token=v3rify&hub.challenge=1", "",
        ] {
            #expect(throws: InboundRefusal.self) {
                try inbound().verify(.test("messages", method: "GET", query: query))
            }
        }
        #expect(throws: InboundRefusal.self) { try inbound(["AccessToken": "t"]).verify(call) }
    }

    @Test func `one call brings replies, fates and wishes, and those of other numbers are left alone`() throws {
        let events = try inbound().events(in: .test("messages", body: Fixtures.text("whatsapp/batch.json")))
        let replies = events.compactMap { if case .reply(let reply) = $0 { reply } else { nil } }
        #expect(replies.map(\.text) == ["Café?", "Stop", "look"])
        #expect(replies.map(\.key) == ["wamid.IN1", "wamid.IN2", "wamid.IN3"])
        #expect(replies.allSatisfy { $0.from == "+14255550156" && $0.to == "+12065550150" })
        #expect(replies[0].providerReference == "wamid.OUT1" && replies[0].at == Self.now)
        #expect(replies[2].mediaURLs == ["whatsapp-media:4711"])
        let receipts = events.compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } }
        #expect(receipts.map(\.kind) == [.delivered, .hardBounce, .optOut, .optOut])
        #expect(receipts[0].reference == "reference-1" && receipts[0].key == "wamid.OUT1:delivered")
        #expect(receipts[1].address == "+14255550157" && receipts[1].attributes["record_status"] == "INVALID")
        #expect(receipts[3].reference == nil && receipts[3].address == "+14255550156")
        #expect(throws: InboundRefusal.self) { try inbound().events(in: .test("messages", body: "{")) }
    }
}
