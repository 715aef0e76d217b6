import Core
import EventLoop
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

@Suite struct MailgunTests {
    @Test func `a request has the message as composed, our reference, and none of its tracking`() throws {
        let provider = try Mailgun(
            MailFixtures.setup(
                "mailgun", settings: ["Domain": "mg.example.com", "Region": "eu"], secrets: ["ApiKey": "k"]))
        let email = try MailFixtures.email()
        let request = try provider.request(for: email, at: MailFixtures.now)
        #expect(request.url == "https://api.eu.mailgun.net/v3/mg.example.com/messages.mime")
        #expect(request.headers.first { $0.name == "Authorization" }?.value == BasicAuthorization.header("api", "k"))
        let type = try #require(request.headers.first { $0.name == "Content-Type" }?.value)
        let form = try #require(MultipartForm(request.body, contentType: type))
        #expect(
            form.fields.map(\.name) == [
                "to", "o:tracking", "o:tracking-clicks", "o:tracking-opens", "v:reference", "message",
            ])
        #expect(form.text("to") == "a@y.test" && form.text("v:reference") == "token" && form.text("o:tracking") == "no")
        #expect(form["message"] == email.content)
        #expect(throws: Fault.self) {
            try Mailgun(MailFixtures.setup("mailgun", settings: ["Domain": "a/../b"], secrets: ["ApiKey": "k"]))
        }
    }

    // MARK: Inbound

    private func with<Value: Sendable>(
        _ body: @escaping @Sendable (MailgunInbound, JSON) async throws -> Value
    ) async throws -> Value {
        let fixture = try MailFixtures.json("mailgun/webhooks.json")
        let key = try #require(fixture["key"])
        return try await TestLoop.run { loop in
            try await body(
                MailgunInbound(
                    MailFixtures.setup("mailgun", secrets: ["WebhookSigningKey": key]), MailFixtures.tools(loop)),
                fixture)
        }
    }

    private static func refusal(_ inbound: MailgunInbound, _ call: InboundCall) async -> InboundRefusal? {
        do throws(InboundRefusal) {
            try await inbound.verify(call)
            return nil
        } catch {
            return error
        }
    }

    private static let signedAt = Instant(seconds: 1_534_108_637)

    @Test func `a webhook is believed once per token, in time, and with the right key`() async throws {
        try await with { inbound, fixture in
            let calls = try #require(fixture["calls"])
            let accepted = try #require(calls["accepted"]).serialized
            let other = try #require(calls["complained"]).serialized
            func call(_ body: [UInt8], at now: Instant = Self.signedAt) -> InboundCall {
                MailFixtures.call(body, headers: [(name: "content-type", value: "application/json")], at: now)
            }
            #expect(await Self.refusal(inbound, call(accepted)) == nil)
            // Tried again: the same body.
            #expect(await Self.refusal(inbound, call(accepted, at: Self.signedAt + .seconds(3600))) == nil)
            // The signature does not cover the body, so a token is good for one.
            #expect(
                await Self.refusal(inbound, call(other))
                    == .untrusted("the token was used for another body"))
            #expect(
                await Self.refusal(inbound, call(accepted, at: Self.signedAt + .seconds(30_000)))
                    == .untrusted("the signature is too old"))
            #expect(
                await Self.refusal(inbound, call(accepted, at: Self.signedAt - .seconds(400)))
                    == .untrusted("the signature is too old"))
            var forged = try #require(calls["accepted"]?.object)
            forged["signature"] = ["timestamp": "1534108637", "token": "x", "signature": "00"]
            #expect(
                await Self.refusal(inbound, call(JSON.object(forged).serialized))
                    == .untrusted("the signature is wrong"))
            #expect(await Self.refusal(inbound, call(Array("{}".utf8))) == .untrusted("the call is not signed"))
        }
    }

    @Test func `webhooks are told as what they mean`() async throws {
        let kinds: [String: Receipt.Kind] = [
            "accepted": .sent, "delivered": .delivered, "temporary": .buffered, "unknown": .hardBounce,
            "full": .softBounce, "policy": .rejected, "suppressed": .hardBounce, "old": .expired, "opened": .open,
            "clicked": .click, "complained": .complaint, "unsubscribed": .optOut,
        ]
        try await with { inbound, fixture in
            for member in try #require(fixture["calls"]?.object?.members) {
                let receipt = try #require(
                    try inbound.events(in: MailFixtures.call(member.value.serialized)).receipts.first)
                #expect(receipt.kind == kinds[member.key], "\(member.key)")
                #expect(receipt.reference == "ref" && receipt.address == "a@y.test")
                #expect(receipt.providerReference == "20180812.1@x.test" && receipt.key == "DACSsAdVSeGpLid7TN03WA")
                #expect(receipt.at == Instant(milliseconds: 1_534_108_637_153))
            }
        }
    }

    @Test func `an answer comes as a route's form, urlencoded or in parts`() async throws {
        let token = try MailFixtures.references().mint(MailFixtures.reference)
        let mime = "From: a@y.test\r\nTo: r+\(token)@reply.example.com\r\nMessage-ID: <x@y.test>\r\n\r\nYes & no\r\n"
        try await with { inbound, fixture in
            let signature = try #require(fixture["calls"]?["accepted"]?["signature"])
            let fields =
                ["timestamp", "token", "signature"]
                .map { (name: $0, value: signature[$0]?.string ?? "") } + [
                    (name: "recipient", value: "r+\(token)@reply.example.com"), (name: "sender", value: "a@y.test"),
                    (name: "body-mime", value: mime),
                ]
            let parts = fields.map {
                "--b\r\nContent-Disposition: form-data; name=\"\($0.name)\"\r\n\r\n\($0.value)\r\n"
            }
            for (type, body) in [
                (FormFields.contentType.value, FormFields(fields).encoded),
                ("multipart/form-data; boundary=b", parts.joined() + "--b--\r\n"),
            ] {
                let call = MailFixtures.call(
                    Array(body.utf8), what: "mime", headers: [(name: "content-type", value: type)], at: Self.signedAt)
                let reply = try #require(try inbound.events(in: call).replies.first, "\(type)")
                #expect(reply.text == "Yes & no" && reply.reference == token)
            }
        }
    }
}
