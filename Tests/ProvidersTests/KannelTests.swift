import Core
import HTTPClient
import Model
import TestKit
import Testing

@testable import Providers

/// What goes to a Kannel gateway and what its calls say, without one; `KannelPeerTests` has the real thing.
@Suite struct KannelTests {
    private let now = Instant(seconds: 1_780_000_000)
    private let message = OutgoingSMS(
        to: "+15551234567", from: "+15550001", body: "Hi %d ä", messageType: "PROMOTIONAL", token: "tok",
        charge: SMSCharge(parts: 1, country: "US", millicents: 800))

    private func target(_ url: String) -> String { String(url.dropFirst("https://n.example.com".count)) }

    /// The `dlr-url` of the message, with Kannel's escapes filled in.
    private func receiptCall(
        _ mask: Int, _ answer: String = "", id: String = "7", setup: ProviderSetup = KannelFixture.setup()
    )
        throws -> InboundCall
    {
        let url = try KannelCallbacks(setup).receiptURL(SMSReceiptTags(message))
        let filled = url.replacing("%d", with: "\(mask)").replacing("%A", with: FormFields.encode(answer))
            .replacing("%F", with: id).replacing("%T", with: "1780000000").replacing("%p", with: "%2B15551234567")
        return KannelFixture.call(target(filled))
    }

    @Test func `credentials and text stay out of the URL, unless GET is asked for`() throws {
        let request = try Kannel(KannelFixture.setup(["Smsc": "A", "ValidityMinutes": "60"])).request(
            for: message, at: now)
        #expect(
            request.method == "POST" && request.url == "http://127.0.0.1:13013/cgi-bin/sendsms" && !request.isRepeatable
        )
        let headers = Dictionary(request.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(headers["X-Kannel-Password"] == "sesame" && headers["X-Kannel-Coding"] == "0")
        #expect(
            headers["X-Kannel-SMSC"] == "A" && headers["X-Kannel-Validity"] == "60"
                && headers["X-Kannel-DLR-Mask"] == "31")
        #expect(String(decoding: request.body, as: UTF8.self) == "Hi %d ä")
        let get = try Kannel(KannelFixture.setup(["Method": "GET"])).request(for: message, at: now)
        #expect(get.method == "GET" && !get.isRepeatable && get.body.isEmpty)
        let query = try #require(FormFields(get.url.split(separator: "?", maxSplits: 1)[1]))
        #expect(
            query["to"] == "+15551234567" && query["text"] == "Hi %d ä" && query["dlr-url"]?.contains("&d=%d&") == true)
    }

    @Test func `a path of the operator's own is kept, and pictures are refused`() throws {
        let own = try Kannel(KannelFixture.setup(["Url": "http://gw.example.com/sms/out/"])).request(
            for: message, at: now)
        #expect(own.url == "http://gw.example.com/sms/out")
        var picture = message
        picture.mediaURLs = ["https://e.test/a.png"]
        #expect(throws: Refusal.self) { try Kannel(KannelFixture.setup()).request(for: picture, at: now) }
        #expect(throws: Fault.self) { try Kannel(KannelFixture.setup(["Url": ""])) }
    }

    @Test(
        arguments: [
            (8, "ACK/", Receipt.Kind.sent, "SUCCESSFUL"), (4, "", .buffered, "PENDING"),
            (1, "", .delivered, "DELIVERED"),
            (16, "NACK/0x0000000b/Invalid Destination Address", .hardBounce, "INVALID"),
            (16, "NACK/0x00000058/Throttling error", .softBounce, "CARRIER_UNREACHABLE"),
            (16, "NACK/0x0000000A/Invalid Source Address", .rejected, "UNKNOWN"),
            (16, "NACK/Retries Exceeded", .softBounce, "UNKNOWN"),
            (2, "id:1 sub:001 dlvrd:000 stat:UNDELIV err:00B text:", .softBounce, "UNREACHABLE"),
            (2, "id:1 stat:REJECTD err:000", .rejected, "CARRIER_BLOCKED"),
            (2, "id:1 stat:EXPIRED", .expired, "TTL_EXPIRED"),
            (1, "id:1 stat:DELIVRD err:000", .delivered, "DELIVERED"),
        ])
    func `reports are receipts with our reference`(mask: Int, answer: String, kind: Receipt.Kind, status: String) throws
    {
        let inbound = KannelInbound(try KannelCallbacks(KannelFixture.setup()))
        let call = try receiptCall(mask, answer)
        try inbound.verify(call)
        guard case .receipt(let receipt)? = try inbound.events(in: call).first else {
            Issue.record("no receipt")
            return
        }
        #expect(receipt.kind == kind && receipt.reference == "tok" && receipt.providerReference == "7")
        #expect(receipt.attributes["record_status"] == status && receipt.attributes["message_type"] == "Promotional")
        #expect(receipt.attributes["origination_phone_number"] == "+15550001" && receipt.at == now)
    }

    @Test func `only what we gave to the gateway is believed`() throws {
        let inbound = KannelInbound(try KannelCallbacks(KannelFixture.setup()))
        var call = try receiptCall(1)
        try inbound.verify(call)
        for (from, to) in [("q=", "q=A"), ("mac=", "mac=0"), ("mac=", "x="), ("&d=", "&d%")] {
            var changed = call
            changed.query = call.query.replacing(from, with: to)
            #expect(throws: InboundRefusal.self, "\(from)") { try inbound.verify(changed) }
        }
        // A receipt's mac opens no other door.
        call.what = "messages"
        #expect(throws: InboundRefusal.self) { try inbound.verify(call) }
        let key = try KannelCallbacks(KannelFixture.setup()).messagesURL
        try inbound.verify(KannelFixture.call(target(key.replacing("%", with: "_"))))
        #expect(throws: InboundRefusal.self) {
            try inbound.verify(KannelFixture.call("/inbound/5/messages?from=1&to=2&text=x"))
        }
        #expect(throws: InboundRefusal.self) { try inbound.verify(KannelFixture.call("/inbound/5/messages?k=&text=x")) }
        #expect(throws: InboundRefusal.self) { try inbound.verify(KannelFixture.call("/inbound/5/other?k=1")) }
    }

    /// As `openssl dgst -sha256 -hmac callbacks` makes it of `kannel:messages:`, by which an operator configures the gateway.
    @Test func `the key of the gateway's get-url is the one its README makes`() throws {
        let url = try KannelCallbacks(KannelFixture.setup()).messagesURL
        #expect(url.contains("?k=58306faf0095916603144133e4babf21&from=%p"))
    }

    @Test(
        arguments: [
            ("from=15550001&to=12345&text=caf%C3%A9+1%2B1&coding=0&charset=UTF-8&id=a", "+15550001", "café 1+1"),
            ("from=%2B15550001&to=12345&text=caf%E9&coding=0&charset=ISO-8859-1&id=a", "+15550001", "café"),
            ("from=15550001&to=12345&text=%04%1F%04%40&coding=2&charset=UTF-16BE&id=a", "+15550001", "Пр"),
            ("from=12012&to=12345&text=%D8%3D%DE&coding=2&charset=UTF-16BE&id=a", "12012", "\u{FFFD}"),
            ("from=0015550001&to=12345&text=&coding=0&charset=UTF-8&id=a", "+15550001", ""),
        ])
    func `a message is read by its character set`(query: String, from: String, text: String) throws {
        let inbound = KannelInbound(try KannelCallbacks(KannelFixture.setup()))
        guard
            case .reply(let reply)? = try inbound.events(
                in: KannelFixture.call("/inbound/5/messages?\(query)&t=1780000000")
            ).first
        else {
            Issue.record("no reply")
            return
        }
        #expect(reply.from == from && reply.text == text && reply.to == "12345" && reply.key == "a" && reply.at == now)
    }

    @Test func `a binary message is kept and reported, not guessed at`() throws {
        let inbound = KannelInbound(try KannelCallbacks(KannelFixture.setup()))
        for query in ["from=1&to=2&text=%00%01&coding=1&charset=", "from=1&to=2&text=x&charset=EBCDIC", "from=1&to=2"] {
            #expect(throws: InboundRefusal.self, "\(query)") {
                try inbound.events(in: KannelFixture.call("/inbound/5/messages?\(query)"))
            }
        }
    }
}

/// Kannel's answers (gw/smsbox.c of 1.4.5), each taken through to the books.
@Suite(.database) struct KannelOutcomeTests {
    static let cases: [OutcomeCase] =
        [
            OutcomeCase("accepts", .reply(status: 202, body: "0: Accepted for delivery"), .accepted("token")),
            OutcomeCase(
                "has no carrier now, and keeps it", .reply(status: 202, body: "3: Queued for later delivery"),
                .accepted("token")),
            OutcomeCase("throttles", .reply(status: 429, headers: [("Retry-After", "3")]), .throttled(3)),
            OutcomeCase("is out of order", .reply(status: 503, body: "Internal error, rejected"), .transient),
            OutcomeCase(
                "misses the number", .reply(status: 400, body: "Missing receiver number, rejected"), .deadAddress),
            OutcomeCase(
                "has it on its black list",
                .reply(status: 400, body: "Number(s) has/have been denied by white- and/or black-lists."),
                .rejected(.address)),
            OutcomeCase(
                "misses the sender", .reply(status: 400, body: "Sender missing and no global set, rejected"),
                .rejected(.configuration)),
            OutcomeCase("is not there", .reply(status: 404, body: "Unknown request."), .rejected(.configuration)),
            OutcomeCase("finds it too long", .reply(status: 400, body: "Message body too long"), .rejected(.content)),
            OutcomeCase(
                "refuses the credentials", .reply(status: 403, body: "Authorization failed for sendsms"),
                .authentication),
        ] + OutcomeCase.lost

    @Test(arguments: cases)
    func `what Kannel answers is what the books say`(scenario: OutcomeCase) async throws {
        try await ProviderOutcomes.check(
            scenario, kind: "kannel", channelType: "SMS", address: "+14155550100", settings: ["Username": "pin"],
            secrets: ["Password": "sesame"], maker: \.sms
        ) { _ in
            OutgoingSMS(to: "+14155550100", from: nil, body: "Hello", token: "token")
        }
    }
}
