import Core
import Crypto
import HTTPServer
import Model
import Runtime
import TestKit
import Testing

@testable import HTTPClient
@testable import Providers

/// What goes to Twilio.
@Suite struct TwilioTests {
    private let now = Instant(seconds: 1_780_000_000)

    static func setup(_ more: JSONObject = [:], without: String? = nil, url: String = "https://n.example.com")
        -> ProviderSetup
    {
        var settings = TwilioFixture.settings
        for member in more.members { settings[member.key] = member.value }
        if let without { settings[without] = nil }
        let secrets: JSONObject = ["AuthToken": "12345", "ApiKeySecret": "sesame", "SharedKey": "12345"]
        return ProviderSetup(
            app: AppID(high: 1, low: 1), channelType: "SMS",
            provider: StoredProvider(
                id: ProviderID(high: 5, low: 5), name: "main", kind: "twilio", settings: settings, secrets: secrets),
            publicURL: url)
    }

    private func form(_ message: OutgoingSMS, _ setup: ProviderSetup = setup()) throws -> FormFields {
        let request = try Twilio(setup).request(for: message, at: now)
        #expect(request.method == "POST" && !request.isRepeatable)
        #expect(!request.url.contains("?"), "no secret in a URL")
        return try #require(FormFields(String(decoding: request.body, as: UTF8.self)))
    }

    @Test func `a text is a form with the account's credentials`() throws {
        let message = OutgoingSMS(to: "+14155550100", from: nil, body: "Hi & välkommen 😀", token: "tok")
        let request = try Twilio(Self.setup()).request(for: message, at: now)
        #expect(request.url == "https://api.twilio.com/2010-04-01/Accounts/\(TwilioFixture.account)/Messages.json")
        let credentials = BasicAuthorization.parse(request.headers.first { $0.name == "Authorization" }?.value)
        #expect(credentials?.user == TwilioFixture.account && credentials?.password == "12345")
        let form = try form(message)
        #expect(form["To"] == "+14155550100" && form["From"] == "+15005550006")
        #expect(form["Body"] == "Hi & välkommen 😀" && form["MediaUrl"] == nil)
        let callback = try #require(form["StatusCallback"])
        #expect(callback == "https://n.example.com/inbound/\(Self.setup().provider.id)/receipts?ref=tok&n=1&y=T")
    }

    @Test func `pictures, a messaging service, a key pair and a validity go along`() throws {
        let setup = Self.setup(
            [
                "MessagingServiceSid": "MG0123456789abcdef0123456789abcdef", "ValidityPeriod": "600",
                "ApiKeySid": "SK0123456789abcdef0123456789abcdef",
            ], without: "From")
        let charge = SMSCharge(parts: 2, country: "US", millicents: 1600)
        let message = OutgoingSMS(
            to: "+14155550100", from: "+15550001111", body: "",
            mediaURLs: ["https://e.test/a.png", "https://e.test/b.png"],
            messageType: "PROMOTIONAL", token: "tok", charge: charge)
        let form = try form(message, setup)
        #expect(form["MessagingServiceSid"]?.hasPrefix("MG") == true && form["From"] == "+15550001111")
        #expect(form["Body"] == nil && form["ValidityPeriod"] == "600")
        #expect(form.items.filter { $0.name == "MediaUrl" }.map(\.value) == message.mediaURLs)
        #expect(form["StatusCallback"]?.hasSuffix("?ref=tok&n=2&p=1600&c=US&y=P&s=%2B15550001111") == true)
        let request = try Twilio(setup).request(for: message, at: now)
        let credentials = BasicAuthorization.parse(request.headers.first { $0.name == "Authorization" }?.value)
        #expect(credentials?.user.hasPrefix("SK") == true && credentials?.password == "sesame")
    }

    @Test func `what Twilio would refuse is refused here`() throws {
        var message = OutgoingSMS(to: "+14155550100", from: nil, body: "Hi", token: "tok")
        #expect(throws: Refusal.self) { try Twilio(Self.setup(without: "From")).request(for: message, at: now) }
        message.mediaURLs = Array(repeating: "https://e.test/a.png", count: 11)
        #expect(throws: Refusal.self) { try Twilio(Self.setup()).request(for: message, at: now) }
    }

    @Test(arguments: ["http://127.0.0.1:8080", "http://localhost:8080"])
    func `an address that Twilio cannot reach is not given to it`(url: String) throws {
        let message = OutgoingSMS(to: "+14155550100", from: nil, body: "Hi", token: "tok")
        #expect(try form(message, Self.setup(url: url))["StatusCallback"] == nil)
        #expect(try form(message, Self.setup(["Url": "http://127.0.0.1:9"], url: url))["StatusCallback"] != nil)
    }

    @Test(arguments: [
        ("AccountSid", "AC12", false), ("AccountSid", TwilioFixture.account, true), ("ValidityPeriod", "0", false),
        ("ValidityPeriod", "36000", true), ("TimeoutSeconds", "61", false), ("TimeoutSeconds", "5", true),
        ("Url", "ftp://x", false),
    ])
    func `fields are checked when they are written`(name: String, value: String, isRight: Bool) throws {
        let field = try #require(Twilio.kind.settings.first { $0.name == name })
        #expect((field.check?(value) == nil) == isRight)
    }

    @Test func `the table of codes is read whole`() throws {
        let table = try SMSReplyTable(text: SMSReplyData.table)
        #expect(table.count > 60)
        #expect(table.verdict("twilio", "21610")?.class == .optout)
        #expect(table.verdict("smpp", "0000000b")?.class == .addr)
        #expect(throws: SMSReplyTable.TableFault.self) { try SMSReplyTable(text: "h\na\tb\tc\t0\tX\tm") }
        #expect(throws: SMSReplyTable.TableFault.self) { try SMSReplyTable(text: "h\na\tb\taddr\t0\tX") }
    }

    @Test(
        arguments: [
            ("120", 120), ("Fri, 29 May 2026 08:00:00 GMT", 41_600),
            ("Thu, 28 May 2026 20:33:20 GMT", 400), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("9999999", 86_400), ("-1", nil), ("", nil),
        ] as [(String, Int?)])
    func `Retry-After is seconds or a date`(text: String, seconds: Int?) {
        let response = ClientResponse(status: 429, headers: [("retry-after", text)], body: [], httpVersion: "1.1")
        guard let seconds else {
            #expect(response.retryAfter(at: now) == nil)
            return
        }
        #expect(response.retryAfter(at: now) == .seconds(seconds))
    }
}
