import Core
import EventLoop
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

@Suite struct PostmarkTests {
    @Test func `a request has the parts, our reference, and none of its tracking`() throws {
        let provider = try Postmark(
            MailFixtures.setup("postmark", settings: ["MessageStream": "broadcast"], secrets: ["ServerToken": "t"]))
        let request = try provider.request(for: MailFixtures.email(), at: MailFixtures.now)
        #expect(request.url == "https://api.postmarkapp.com/email")
        #expect(request.headers.first { $0.name == "X-Postmark-Server-Token" }?.value == "t")
        let body = try JSON.parse(request.body)
        #expect(body["From"]?.string == "\"Shop, \\\"Inc\\\"\" <shop@example.com>")
        #expect(body["To"]?.string == "a@y.test" && body["ReplyTo"]?.string == "r+token@reply.example.com")
        #expect(body["Subject"]?.string == "Grüße" && body["HtmlBody"]?.string == "<p>Hello</p>")
        #expect(body["TrackOpens"]?.bool == false && body["TrackLinks"]?.string == "None")
        #expect(body["Metadata"] == ["reference": "token"] && body["MessageStream"]?.string == "broadcast")
        let names = body["Headers"]?.array?.compactMap { $0["Name"]?.string }
        #expect(
            names == [
                "Feedback-ID", "Message-ID", "X-Needletail-Reference", "List-Unsubscribe", "List-Unsubscribe-Post",
                "X-PM-KeepID",
            ])
    }

    // MARK: Inbound

    private func with<Value: Sendable>(
        _ secrets: JSONObject = ["WebhookSecret": "s3cret", "WebhookUsername": "u", "WebhookPassword": "p"],
        _ body: @escaping @Sendable (PostmarkInbound) async throws -> Value
    ) async throws -> Value {
        try await TestLoop.run { loop in
            try await body(PostmarkInbound(MailFixtures.setup("postmark", secrets: secrets), MailFixtures.tools(loop)))
        }
    }

    private static func isBelieved(_ inbound: PostmarkInbound, _ name: String, _ value: String) async -> Bool {
        do throws(InboundRefusal) {
            try await inbound.verify(MailFixtures.call([], headers: [(name: name, value: value)]))
            return true
        } catch {
            return false
        }
    }

    @Test func `a call is believed with the secret or the credentials`() async throws {
        try await with { inbound in
            #expect(await Self.isBelieved(inbound, "x-needletail-secret", "s3cret"))
            #expect(await Self.isBelieved(inbound, "authorization", BasicAuthorization.header("u", "p")))
            #expect(await !Self.isBelieved(inbound, "x-needletail-secret", "s3cre"))
            #expect(await !Self.isBelieved(inbound, "authorization", BasicAuthorization.header("u", "q")))
            #expect(await !Self.isBelieved(inbound, "x-other", "s3cret"))
        }
        try await with([:]) { inbound in
            #expect(await !Self.isBelieved(inbound, "x-needletail-secret", ""))
            #expect(await !Self.isBelieved(inbound, "authorization", BasicAuthorization.header("", "")))
        }
    }

    @Test func `webhooks are told as what they mean`() async throws {
        let kinds: [String: Receipt.Kind] = [
            "Delivery": .delivered, "HardBounce": .hardBounce, "SoftBounce": .softBounce, "Transient": .buffered,
            "Blocked": .rejected, "SpamComplaint": .complaint, "Open": .open, "Click": .click, "Suppressed": .optOut,
            "Reactivated": .optIn,
        ]
        let calls = try #require(try MailFixtures.json("postmark/webhooks.json").object)
        try await with { inbound in
            for member in calls.members {
                let receipts = try inbound.events(in: MailFixtures.call(member.value.serialized)).receipts
                #expect(receipts.first?.kind == kinds[member.key], "\(member.key)")
                guard let receipt = receipts.first else { continue }
                #expect(receipt.reference == "ref" && receipt.address == "a@y.test" && receipt.at != nil)
                #expect(receipt.providerReference == "883953f4-6105-42a2-a16a-77a8eac79483")
            }
        }
    }

    @Test(arguments: [true, false])
    func `an answer is read from the raw message, or from what Postmark took apart`(isRaw: Bool) async throws {
        let token = try MailFixtures.references().mint(MailFixtures.reference)
        let address = "r+\(token)@reply.example.com"
        var json: JSONObject = [
            "From": "a@y.test", "FromFull": ["Email": "a@y.test", "Name": "", "MailboxHash": ""],
            "To": .string(address), "OriginalRecipient": .string(address), "Subject": "Re: Grüße",
            "MessageID": "22c74902-a0c1-4511-804f-341342852c90", "Date": "Thu, 5 Apr 2012 16:59:01 +0200",
            "TextBody": "Ja, bitte!\n\nOn Tue, 3 Apr 2012 at 10:00, Shop <shop@example.com> wrote:\n> Hello\n",
            "HtmlBody": "",
            "Headers": [
                ["Name": "Return-Path", "Value": "<a@y.test>"], ["Name": "Message-ID", "Value": "<x@y.test>"],
                ["Name": "Subject", "Value": "evil\r\nBcc: x@y.test"],
            ],
        ]
        if isRaw {
            json["RawEmail"] = .string(
                "From: a@y.test\r\nTo: \(address)\r\nMessage-ID: <x@y.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nJa, bitte!\r\n"
            )
        }
        let body = JSON.object(json).serialized
        let reply = try await with { try $0.events(in: MailFixtures.call(body, what: "messages")).replies.first }
        #expect(reply?.text == "Ja, bitte!" && reply?.from == "a@y.test" && reply?.reference == token)
        #expect(reply?.messageID == "x@y.test")
    }
}
