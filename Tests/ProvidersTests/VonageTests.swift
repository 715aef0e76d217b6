import Core
import HTTPClient
import Model
import Providers
import TestKit
import Testing

/// Both of Vonage's APIs: what is sent, what an answer does to the books, what comes in.
@Suite(.database) struct VonageTests {
    static let settings: JSONObject = ["ApiKey": "abcd1234", "From": "Acme"]
    static let secrets: JSONObject = ["ApiSecret": "s3cret", "SignatureSecret": "test_secret"]
    private static let now = Instant(seconds: 1_700_000_000)

    private func vonage(_ settings: JSONObject = [:], secrets: JSONObject = Self.secrets) throws -> Vonage {
        var all = Self.settings
        for member in settings.members { all[member.key] = member.value }
        return try Vonage(.test("vonage", settings: all, secrets: secrets))
    }

    private func form(_ request: ClientRequest) throws -> FormFields {
        try #require(FormFields(String(decoding: request.body, as: UTF8.self)))
    }

    @Test func `the SMS API gets a form, with an alphabet and our reference`() throws {
        var message = OutgoingSMS(to: "+447700900000", from: nil, body: "50% off & more", token: "reference")
        (message.entityID, message.templateID) = ("1101", "1107")
        let request = try vonage(["Ttl": "60"]).request(for: message, at: Self.now)
        let fields = try form(request)
        #expect(request.url == "https://rest.nexmo.com/sms/json")
        #expect(request.headers.contains { $0.name == "Authorization" && $0.value == "Basic YWJjZDEyMzQ6czNjcmV0" })
        #expect(fields["to"] == "447700900000" && fields["from"] == "Acme" && fields["text"] == "50% off & more")
        #expect(fields["type"] == "text" && fields["client-ref"] == "reference" && fields["ttl"] == "60000")
        #expect(fields["entity-id"] == "1101" && fields["content-id"] == "1107")
        #expect(
            fields["callback"] == "https://n.example.com/inbound/\(ProviderID(high: 5, low: 5))/receipts")
        message.body = "Привет"
        #expect(try form(vonage().request(for: message, at: Self.now))["type"] == "unicode")
        #expect(!fields.items.contains { $0.value.contains("s3cret") })
    }

    @Test func `an account without a secret signs, as the vendor's library does`() async throws {
        let vonage = try vonage(["SignatureMethod": "sha512"], secrets: ["SignatureSecret": "test_secret"])
        let request = try vonage.request(
            for: OutgoingSMS(to: "+447700900000", from: nil, body: "a=b&c 😀", token: "r"), at: Self.now)
        let fields = try form(request)
        #expect(!request.headers.contains { $0.name == "Authorization" })
        var signed: JSONObject = [:]
        for item in fields.items where item.name != "sig" { signed[item.name] = .string(item.value) }
        let expected = try await CarrierPeer.ask(
            "vonage_sign", ["secret": "test_secret", "fields": .object(signed)])
        #expect(fields["sig"] != nil && fields["sig"] == expected["sha512"]?.string)
    }

    @Test func `the Messages API gets JSON under a token of the application's key`() async throws {
        let pair = try await CarrierPeer.ask("rsa", [:])
        let vonage = try vonage(
            ["Api": "messages", "ApplicationId": "aaaaaaaa-bbbb"],
            secrets: ["PrivateKey": try #require(pair["private"])])
        let message = OutgoingSMS(to: "+447700900000", from: "+447700900001", body: "Hi", token: "reference")
        let request = try vonage.request(for: message, at: Self.now)
        #expect(request.url == "https://api.nexmo.com/v1/messages")
        #expect(
            try JSON.parse(request.body) == [
                "to": "447700900000", "from": "447700900001", "client_ref": "reference", "channel": "sms",
                "message_type": "text", "text": "Hi", "sms": ["encoding_type": "auto"],
                "webhook_url": .string("https://n.example.com/inbound/\(ProviderID(high: 5, low: 5))/receipts"),
                "webhook_version": "v1",
            ])
        func token(_ request: ClientRequest) throws -> String {
            let header = try #require(request.headers.first { $0.name == "Authorization" }?.value)
            return String(header.dropFirst("Bearer ".count))
        }
        let first = try token(request)
        let read = try await CarrierPeer.ask(
            "rs256", ["token": .string(first), "public": try #require(pair["public"])])
        #expect(read["claims"]?["application_id"] == "aaaaaaaa-bbbb")
        #expect(read["claims"]?["iat"]?.int == 1_700_000_000 && read["claims"]?["exp"]?.int == 1_700_000_900)
        #expect(read["header"]?["typ"] == "JWT")
        #expect(try token(vonage.request(for: message, at: Self.now + .seconds(599))) == first)
        #expect(try token(vonage.request(for: message, at: Self.now + .seconds(600))) != first)
        var picture = message
        picture.mediaURLs = ["https://example.com/a.png"]
        let mms = try JSON.parse(vonage.request(for: picture, at: Self.now).body)
        #expect(mms["channel"] == "mms" && mms["image"]?["url"] == "https://example.com/a.png")
    }

    // MARK: Answers

    private static func parts(_ statuses: [(String, String)]) -> ScriptedHTTP.Answer {
        let parts = statuses.enumerated().map { index, part -> JSON in
            part.0 == "0"
                ? ["to": "447700900000", "message-id": .string("id-\(index)"), "status": "0"]
                : ["status": .string(part.0), "error-text": .string(part.1)]
        }
        let body: JSON = ["message-count": .string(String(parts.count)), "messages": .array(parts)]
        return .reply(status: 200, body: String(decoding: body.serialized, as: UTF8.self))
    }

    static let smsCases: [OutcomeCase] =
        [
            OutcomeCase("accepts", parts([("0", "")]), .accepted("id-0")),
            OutcomeCase("accepts both parts", parts([("0", ""), ("0", "")]), .accepted("id-0")),
            OutcomeCase("accepts the second part only", parts([("5", "Internal"), ("0", "")]), .accepted("id-1")),
            OutcomeCase("throttles", parts([("1", "Throughput Rate Exceeded")]), .throttled(1)),
            OutcomeCase(
                "throttles by HTTP", .reply(status: 429, headers: [("Retry-After", "7")]), .throttled(7)),
            OutcomeCase("is in trouble", parts([("5", "Internal Error")]), .transient),
            OutcomeCase("is out of order", .reply(status: 503), .transient),
            OutcomeCase("knows no such number", parts([("3", "to address is not numeric")]), .deadAddress),
            OutcomeCase("has no route", parts([("6", "Unroutable message")]), .deadAddress),
            OutcomeCase("misses something else", parts([("2", "Missing from param")]), .rejected(.content)),
            OutcomeCase("allows no such sender", parts([("15", "Illegal Sender Address")]), .rejected(.configuration)),
            OutcomeCase("says what nobody knows", parts([("77", "?")]), .rejected(.content)),
            OutcomeCase("refuses the credentials", parts([("4", "Bad Credentials")]), .authentication),
            OutcomeCase("has no money left", parts([("9", "Quota Exceeded")]), .authentication),
            OutcomeCase("says nothing that can be read", .reply(status: 200, body: "<html/>"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: smsCases)
    func `what the SMS API answers is what the books say`(scenario: OutcomeCase) async throws {
        try await check(scenario, "sms")
    }

    private static func problem(_ status: Int, _ title: String, field: String? = nil) -> ScriptedHTTP.Answer {
        var body: JSONObject = [
            "type": "https://developer.vonage.com/api-errors", "title": .string(title), "detail": "d", "instance": "i",
        ]
        if let field { body["invalid_parameters"] = [["name": .string(field), "reason": "no"]] }
        return .reply(status: status, body: String(decoding: JSON.object(body).serialized, as: UTF8.self))
    }

    static let messagesCases: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 202, body: #"{"message_uuid": "u-1"}"#), .accepted("u-1")),
            OutcomeCase("throttles", problem(429, "Rate Limit Hit"), .throttled(1)),
            OutcomeCase("is in trouble", problem(500, "Internal error"), .transient),
            OutcomeCase("knows no such number", problem(422, "Invalid params", field: "to"), .deadAddress),
            OutcomeCase("finds the text wrong", problem(422, "Invalid params", field: "text"), .rejected(.content)),
            OutcomeCase("refuses the credentials", problem(401, "Unauthorized"), .authentication),
            OutcomeCase("has no money left", problem(402, "Low balance"), .authentication),
            OutcomeCase("takes it without a name", .reply(status: 202, body: "{}"), .unknown),
        ] + OutcomeCase.lost

    @Test(arguments: messagesCases)
    func `what the Messages API answers is what the books say`(scenario: OutcomeCase) async throws {
        try await check(scenario, "messages")
    }

    private func check(_ scenario: OutcomeCase, _ api: String) async throws {
        var settings = Self.settings
        settings["Api"] = .string(api)
        try await ProviderOutcomes.check(
            scenario, kind: "vonage", channelType: "SMS", address: "+447700900000", settings: settings,
            secrets: Self.secrets, maker: \.sms
        ) { _ in
            OutgoingSMS(to: "+447700900000", from: nil, body: "Hello", token: "token")
        }
    }

    // MARK: Coming in

    private func events(_ call: InboundCall) throws -> [InboundEvent] {
        try VonageInbound(.test("vonage", settings: Self.settings, secrets: Self.secrets)).events(in: call)
    }

    @Test func `a delivery receipt is read from a form, a query and JSON alike`() throws {
        let form = Fixtures.text("vonage/receipt.form").split(separator: "\n").joined()
        let json = Fixtures.text("vonage/receipt.json")
        let calls: [InboundCall] = [
            .test("receipts", type: "application/x-www-form-urlencoded", body: form),
            .test("receipts", method: "GET", query: form), .test("receipts", type: "application/json", body: json),
        ]
        for call in calls {
            guard case .receipt(let receipt)? = try events(call).first else {
                Issue.record("no receipt")
                return
            }
            #expect(receipt.kind == .delivered && receipt.channel == "SMS")
            #expect(receipt.reference == "reference-1" && receipt.providerReference == "0A0000001234567B")
            #expect(receipt.address == "+447700900000" && receipt.key == "0A0000001234567B:delivered")
            #expect(receipt.at == ISO8601.parse("2020-01-01T12:00:00Z"))
            #expect(receipt.attributes["record_status"] == "DELIVERED" && receipt.attributes["mcc_mnc"] == "23410")
            #expect(receipt.attributes["price_eur"] == "0.03330000")
        }
    }

    @Test(
        arguments: [
            ("accepted", "0", .sent), ("buffered", "0", .buffered), ("expired", "0", .expired),
            ("failed", "1", .softBounce), ("failed", "3", .hardBounce), ("failed", "4", .optOut),
            ("rejected", "6", .rejected), ("rejected", "", .rejected), ("unknown", "99", .softBounce),
            ("failed", "777", .softBounce),
        ] as [(String, String, Receipt.Kind)])
    func `a receipt's status and code have one meaning`(status: String, code: String, kind: Receipt.Kind) throws {
        let form = "messageId=m&msisdn=447700900000&to=Acme&status=\(status)&err-code=\(code)"
        guard case .receipt(let receipt)? = try events(.test("receipts", body: form)).first else {
            Issue.record("no receipt")
            return
        }
        #expect(receipt.kind == kind)
    }

    @Test func `a long text comes in parts that say so, and are one message together`() throws {
        let parts = try (1...2).map { number -> Reply in
            let form =
                "msisdn=447700900000&to=447700900001&messageId=m\(number)&text=part+\(number)&type=text&concat=true"
                + "&concat-ref=17&concat-total=2&concat-part=\(number)&message-timestamp=2020-01-01+12%3A00%3A00"
            guard case .reply(let reply)? = try events(.test("messages", body: form)).first else {
                throw TestKitError("no reply")
            }
            return reply
        }
        #expect(parts.map(\.part?.number) == [1, 2] && parts[0].part?.group == "17")
        #expect(parts[0].from == "+447700900000" && parts[0].to == "+447700900001")
        #expect(Reply.joined(parts.reversed())?.text == "part 1part 2")
        #expect(throws: InboundRefusal.self) {
            try events(.test("messages", body: "msisdn=1&to=2&messageId=m&concat=true&concat-total=999&concat-part=1"))
        }
    }

    @Test func `the Messages API's status and text are read`() throws {
        let status = try events(
            .test("receipts", type: "application/json", body: Fixtures.text("vonage/status.json")))
        guard case .receipt(let receipt)? = status.first else {
            Issue.record("no receipt")
            return
        }
        #expect(receipt.kind == .hardBounce && receipt.reference == "reference-2" && receipt.address == "+447700900000")
        #expect(receipt.attributes["record_status"] == "INVALID" && receipt.attributes["price_eur"] == "0.0333")
        let text = try events(.test("messages", type: "application/json", body: Fixtures.text("vonage/inbound.json")))
        guard case .reply(let reply)? = text.first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.text == "Nexmo on the line?" && reply.from == "+447700900000" && reply.to == "+447700900001")
        #expect(reply.key == "aaaaaaaa-bbbb-cccc-dddd-0123456789ab")
    }
}
