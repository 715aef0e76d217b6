import Core
import Crypto
import EventLoop
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

@Suite struct SendGridTests {
    private func provider(_ settings: JSONObject = [:]) throws -> SendGrid {
        try SendGrid(MailFixtures.setup("sendgrid", settings: settings, secrets: ["ApiKey": "SG.key"]))
    }

    @Test func `a request has the parts, our reference, and none of its tracking`() throws {
        let request = try provider().request(for: MailFixtures.email(), at: MailFixtures.now)
        #expect(request.url == "https://api.sendgrid.com/v3/mail/send")
        #expect(request.headers.first { $0.name == "Authorization" }?.value == "Bearer SG.key")
        let body = try JSON.parse(request.body)
        let person = try #require(body["personalizations"]?.array?.first)
        #expect(person["to"]?.array == [["email": "a@y.test"]])
        #expect(person["custom_args"]?["needletail_reference"]?.string == "token")
        #expect(body["from"] == ["email": "shop@example.com", "name": "Shop, \"Inc\""])
        #expect(body["reply_to_list"]?.array == [["email": "r+token@reply.example.com"]])
        #expect(body["subject"]?.string == "Grüße")
        #expect(body["content"]?.array?.map { $0["type"]?.string } == ["text/plain", "text/html"])
        #expect(body["tracking_settings"]?["click_tracking"]?["enable"]?.bool == false)
        #expect(body["tracking_settings"]?["open_tracking"]?["enable"]?.bool == false)
        let headers = body["headers"]?.object
        #expect(
            headers?.keys == [
                "Feedback-ID", "Message-ID", "X-Needletail-Reference", "List-Unsubscribe", "List-Unsubscribe-Post",
            ])
        #expect(headers?["Message-ID"]?.string == "<token@example.com>")
        #expect(
            headers?["List-Unsubscribe"]?.string
                == "<https://u.test/u/tok>, <mailto:u+tok@reply.example.com?subject=unsubscribe>")
        #expect(body["mail_settings"] == nil)
        let sandbox = try provider(["Sandbox": true]).request(for: MailFixtures.email(html: nil), at: MailFixtures.now)
        #expect(try JSON.parse(sandbox.body)["mail_settings"]?["sandbox_mode"]?["enable"]?.bool == true)
        #expect(throws: Refusal.self) {
            try provider().request(for: MailFixtures.email(html: nil, text: ""), at: MailFixtures.now)
        }
    }

    // MARK: Inbound

    private func with<Value: Sendable>(
        _ settings: JSONObject = [:], _ secrets: JSONObject = [:],
        _ body: @escaping @Sendable (SendGridInbound) async throws -> Value
    ) async throws -> Value {
        try await TestLoop.run { loop in
            try await body(
                SendGridInbound(
                    MailFixtures.setup("sendgrid", settings: settings, secrets: secrets), MailFixtures.tools(loop)))
        }
    }

    private static func isBelieved(_ inbound: SendGridInbound, _ call: InboundCall) async -> Bool {
        do throws(InboundRefusal) {
            try await inbound.verify(call)
            return true
        } catch {
            return false
        }
    }

    @Test func `SendGrid's own example is believed, and nothing that differs from it in a byte`() async throws {
        let vector = try MailFixtures.json("sendgrid/signed-events.json")
        let key = try #require(vector["public_key"])
        let (givenTime, givenSignature) = (
            try #require(vector["timestamp"]?.string), try #require(vector["signature"]?.string)
        )
        let body = Array(try #require(vector["payload"]?.string).utf8)
        let now = Instant(seconds: 1_600_112_510)
        try await with(["WebhookPublicKey": key]) { inbound in
            func call(
                _ body: [UInt8], _ time: String = givenTime, _ signature: String = givenSignature, at now: Instant = now
            )
                -> InboundCall
            {
                MailFixtures.call(
                    body,
                    headers: [
                        (name: "x-twilio-email-event-webhook-signature", value: signature),
                        (name: "x-twilio-email-event-webhook-timestamp", value: time),
                    ], at: now)
            }
            #expect(await Self.isBelieved(inbound, call(body)))
            // The line end at the body's end is signed too.
            #expect(await !Self.isBelieved(inbound, call(Array(body.dropLast(2)))))
            #expect(await !Self.isBelieved(inbound, call(body, "1600112503")))
            #expect(await !Self.isBelieved(inbound, call(body, givenTime, String(givenSignature.reversed()))))
            #expect(await !Self.isBelieved(inbound, call(body, at: now + .seconds(100_000))))
            #expect(await !Self.isBelieved(inbound, MailFixtures.call(body, at: now)))
            let receipt = try #require(try inbound.events(in: call(body)).receipts.first)
            #expect(receipt.kind == .hardBounce && receipt.address == "hello@world.com")
            #expect(receipt.providerReference == "LRzXl_NHStOGhQ4kofSm_A")
        }
        try await with { inbound in #expect(await !Self.isBelieved(inbound, MailFixtures.call(body))) }
    }

    @Test func `events are told as what they mean`() async throws {
        let body = try MailFixtures.bytes("sendgrid/events.json")
        let receipts = try await with { try $0.events(in: MailFixtures.call(body)).receipts }
        #expect(
            receipts.map(\.kind) == [
                .sent, .buffered, .delivered, .hardBounce, .softBounce, .hardBounce, .rejected, .open, .click,
                .complaint, .optOut, .optIn,
            ])
        #expect(receipts.map(\.key) == (1...12).map { "e\($0)" })
        #expect(receipts[3].reference == "ref" && receipts[3].detail == "550 5.1.1 unknown")
        #expect(receipts[8].attributes["link"] == "https://shop.test/")
        #expect(receipts.allSatisfy { $0.at == Instant(seconds: 1_600_112_492) && $0.channel == "EMAIL" })
    }

    @Test func `an answer comes as a raw message behind credentials`() async throws {
        let token = try MailFixtures.references().mint(MailFixtures.reference)
        let body = """
            --xYzZY\r
            Content-Disposition: form-data; name="envelope"\r
            \r
            {"to":["r+\(token)@reply.example.com"],"from":"a@y.test"}\r
            --xYzZY\r
            Content-Disposition: form-data; name="email"\r
            \r
            From: A <a@y.test>\r
            To: r+\(token)@reply.example.com\r
            Subject: Re: Hello\r
            Message-ID: <answer@y.test>\r
            \r
            Yes, please!\r
            --xYzZY--\r

            """
        let call = MailFixtures.call(
            Array(body.utf8), what: "mime",
            headers: [
                (name: "content-type", value: "multipart/form-data; boundary=xYzZY"),
                (name: "authorization", value: BasicAuthorization.header("parse", "s3cret")),
            ])
        try await with([:], ["InboundUsername": "parse", "InboundPassword": "s3cret"]) { inbound in
            #expect(await Self.isBelieved(inbound, call))
            let reply = try #require(try inbound.events(in: call).replies.first)
            #expect(reply.text == "Yes, please!" && reply.from == "a@y.test" && reply.reference == token)
        }
        try await with([:], ["InboundUsername": "parse", "InboundPassword": "other"]) { inbound in
            #expect(await !Self.isBelieved(inbound, call))
        }
        try await with { inbound in #expect(await !Self.isBelieved(inbound, call)) }
    }
}
