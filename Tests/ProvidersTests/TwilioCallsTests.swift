import Core
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

@Suite(.database) struct TwilioCallsTests {
    static let settings: JSONObject = [
        "AccountSid": .string(TwilioFixture.account), "From": "+15005550006", "RingSeconds": "20",
    ]
    private static let now = Instant(seconds: 1_700_000_000)
    private static let inboundURL = "https://n.example.com/inbound/\(ProviderID(high: 5, low: 5))"

    private func request(_ call: OutgoingCall, publicURL: String = "https://n.example.com") throws -> (
        request: ClientRequest, form: FormFields
    ) {
        let provider = try TwilioCalls(
            .test(
                "twilio-calls", channel: "VOICE", settings: Self.settings, secrets: TwilioFixture.secrets,
                publicURL: publicURL))
        let request = try provider.request(for: call, at: Self.now)
        return (request, try #require(FormFields(String(decoding: request.body, as: UTF8.self))))
    }

    @Test func `what is said goes along, escaped`() throws {
        let (request, form) = try request(
            OutgoingCall(
                to: "+14155550100", from: nil, body: "Tom & \"Jerry\" <b>", languageCode: "en-US", voiceID: "JOANNA",
                token: "reference"))
        #expect(request.url == "https://api.twilio.com/2010-04-01/Accounts/\(TwilioFixture.account)/Calls.json")
        #expect(form["To"] == "+14155550100" && form["From"] == "+15005550006" && form["Timeout"] == "20")
        #expect(
            form["Twiml"]
                == #"<Response><Say voice="Polly.Joanna" language="en-US">Tom &amp; &quot;Jerry&quot; &lt;b&gt;</Say><Hangup/></Response>"#
        )
        #expect(form["StatusCallback"] == "\(Self.inboundURL)/receipts?ref=reference")
        #expect(form.items.filter { $0.name == "StatusCallbackEvent" }.map(\.value) == ["answered", "completed"])
    }

    @Test func `a question stands around the message, so that keys work from the first word`() throws {
        let (_, form) = try request(
            OutgoingCall(
                to: "+14155550100", from: "+15005550001",
                body: "<speak version=\"1.1\">Hi <break time=\"1s\"/></speak>\n",
                isSSML: true, gather: .init(digits: 2, timeoutSeconds: 7, prompt: "9 & out", optOutDigit: "9"),
                token: "reference"))
        #expect(form["From"] == "+15005550001")
        #expect(
            form["Twiml"]
                == #"<Response><Gather input="dtmf" numDigits="2" timeout="7" action="\#(Self.inboundURL)/keys?ref=reference&amp;out=9" method="POST"><Say>Hi <break time="1s"/></Say><Say>9 &amp; out</Say></Gather><Hangup/></Response>"#
        )
    }

    @Test func `without an address of ours there are no reports and no questions`() throws {
        var call = OutgoingCall(to: "+14155550100", from: nil, body: "Hi", token: "reference")
        #expect(try request(call, publicURL: "http://127.0.0.1:8080").form["StatusCallback"] == nil)
        call.gather = .init(digits: 1, timeoutSeconds: 5)
        #expect(throws: Refusal.self) { try request(call, publicURL: "http://127.0.0.1:8080") }
        call.gather = nil
        call.body = String(repeating: "x", count: TwiML.limitCharacters)
        #expect(throws: Refusal.self) { try request(call) }
    }

    @Test(arguments: [
        ("woman", "woman"), ("Google.de-DE-Standard-A", "Google.de-DE-Standard-A"), ("VICKI", "Polly.Vicki"),
    ])
    func `voices have Twilio's names`(given: String, expected: String) {
        let call = OutgoingCall(to: "+1", from: nil, body: "x", voiceID: given, token: "t")
        #expect(TwiML.of(call, gatherURL: nil).contains("<Say voice=\"\(expected)\">"))
    }

    // MARK: Answers

    static let cases: [OutcomeCase] =
        [
            OutcomeCase(
                "accepts", .reply(status: 201, body: Fixtures.text("twilio-calls/accepted.json")),
                .accepted("CA0123456789abcdef0123456789abcdef")),
            OutcomeCase(
                "throttles, and says for how long",
                .reply(status: 429, headers: [("Retry-After", "7")], body: TwilioFixture.error(20429)), .throttled(7)),
            OutcomeCase(
                "has too many calls at once", .reply(status: 400, body: TwilioFixture.error(10004)), .throttled(5)),
            OutcomeCase("is out of order", .reply(status: 503, body: "busy"), .transient),
            OutcomeCase("knows no such number", .reply(status: 400, body: TwilioFixture.error(21217)), .deadAddress),
            OutcomeCase(
                "may not call there", .reply(status: 400, body: TwilioFixture.error(21215)), .rejected(.configuration)),
            OutcomeCase(
                "finds the call wrong", .reply(status: 400, body: TwilioFixture.error(29999)), .rejected(.content)),
            OutcomeCase("refuses the credentials", TwilioFixture.reply(401, "unauthorized.json"), .authentication),
            OutcomeCase("takes it without a name", .reply(status: 201, body: "{}"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: cases)
    func `what Twilio answers to a call is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "twilio-calls", channelType: "VOICE", address: "+14155550100", settings: Self.settings,
            secrets: TwilioFixture.secrets, maker: \.voice
        ) { _ in
            OutgoingCall(to: "+14155550100", from: nil, body: "Hello", token: "token")
        }
    }

    // MARK: Coming in

    private func inbound() throws -> TwilioCallsInbound {
        try TwilioCallsInbound(
            .test("twilio-calls", channel: "VOICE", settings: Self.settings, secrets: TwilioFixture.secrets))
    }

    private func call(_ what: String, query: String, _ fields: [(name: String, value: String)]) async throws
        -> InboundCall
    {
        var call = InboundCall.test(
            what, query: query, type: "application/x-www-form-urlencoded", body: FormFields(fields).encoded)
        var signed: JSONObject = [:]
        for field in fields { signed[field.name] = .string(field.value) }
        let signature = try await CarrierPeer.ask(
            "twilio_sign", ["token": "12345", "url": .string(call.url), "fields": .object(signed)])
        call.headers.append(("x-twilio-signature", try #require(signature.string)))
        return call
    }

    private static let common = [
        (name: "CallSid", value: "CA1"), (name: "To", value: "+14155550100"), (name: "From", value: "+15005550006"),
    ]

    @Test func `keys come back as an event, and the key for no more as an opt-out besides`() async throws {
        for (digits, kinds) in [("1", [.keyPress]), ("9", [.keyPress, .optOut])] as [(String, [Receipt.Kind])] {
            let call = try await call("keys", query: "ref=reference&out=9", Self.common + [("Digits", digits)])
            try inbound().verify(call)
            let receipts = try inbound().events(in: call).compactMap { event in
                if case .receipt(let receipt) = event { receipt } else { nil }
            }
            #expect(receipts.map(\.kind) == kinds)
            #expect(receipts.allSatisfy { $0.reference == "reference" && $0.address == "+14155550100" })
            #expect(receipts.allSatisfy { $0.attributes["digits"] == digits && $0.channel == "VOICE" })
            #expect(Set(receipts.map(\.key)).count == receipts.count)
            #expect(try inbound().answer(to: call).words == "<Response><Hangup/></Response>")
            var forged = call
            forged.url = call.url.replacing("out=9", with: "out=1")
            forged.query = "ref=reference&out=1"
            #expect(throws: InboundRefusal.self) { try inbound().verify(forged) }
        }
    }

    @Test(
        arguments: [
            ("in-progress", "", .answered), ("completed", "200", .delivered), ("busy", "486", .busy),
            ("no-answer", "487", .noAnswer), ("canceled", "", .rejected), ("failed", "404", .hardBounce),
            ("failed", "503", .softBounce), ("ringing", "", .sent),
        ] as [(String, String, Receipt.Kind)])
    func `a call's progress has its meaning`(status: String, sip: String, kind: Receipt.Kind) async throws {
        let fields = Self.common + [("CallStatus", status), ("SipResponseCode", sip), ("CallDuration", "12")]
        let call = try await call("receipts", query: "ref=reference", fields)
        try inbound().verify(call)
        guard case .receipt(let receipt)? = try inbound().events(in: call).first else {
            Issue.record("no receipt")
            return
        }
        #expect(receipt.kind == kind && receipt.reference == "reference" && receipt.providerReference == "CA1")
        #expect(receipt.metrics["duration_seconds"] == 12)
        #expect(receipt.key == "CA1:\(status)")
    }
}
