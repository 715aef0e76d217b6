import Core
import Crypto
import Jurisdictions
import Model
import Providers
import Queue
import Templates
import TestKit
import Testing

@testable import Delivery

/// Whole messages as they leave: what the law of a country adds to them.
@Suite struct LegalTextTests {
    private static let now = Instant(seconds: 1_795_000_000)
    private static let sender = SenderIdentity(
        name: "Ogi & Co", postalAddress: "1 Main St\nSpringfield", contact: "help@ogi.example")

    private func content(
        subject: String = "겨울 세일", html: String? = "<html><body><p>Sale</p></body></html>", text: String? = "Sale"
    ) -> RunPlan.EmailContent {
        RunPlan.EmailContent(from: "shop@example.com", subject: subject, html: html, text: text)
    }

    private func compose(
        _ content: RunPlan.EmailContent, location: String, law: MarketingLaw? = MarketingLaw(sender: sender)
    ) throws -> String {
        let plan = RunPlan(
            account: "000000000000", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 3, low: 3),
            campaignVersion: 1, campaignName: "t", run: RunID(high: 2, low: 2), runDay: Self.now.day,
            scheduledAt: Self.now, expiresAt: Self.now + .seconds(60), deliveryPolicy: .atMostOnce, holdoutPercent: 0,
            treatments: [.init(name: nil, sizePercent: 100, email: content)], rules: RunRules(law: law))
        let program = try EmailMessageProgram(content, plan: plan, at: Self.now)
        var recipient = Recipient.sample
        recipient.location = Array(location.utf8)
        let send = Send(
            recipient: recipient, cause: SendCause(run: plan.run, runDay: plan.runDay, chunk: 0, treatment: 0),
            ordinal: 0, attempt: 0)
        let links = MessageLinks(
            send: send, app: plan.app,
            tokens: TrackingTokens(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32))),
            publicURL: "https://pub.example")
        let message = try program.compose(
            send, token: "token", links: links, templates: .of(TestEnvironment.make(now: Self.now)), date: Self.now)
        return String(decoding: message.content, as: UTF8.self)
    }

    private func subject(_ message: String) throws -> String {
        try #require(message.split(separator: "\r\n").first { $0.hasPrefix("Subject:") }.map(String.init))
    }

    @Test func `an advertisement to Korea begins with the label, in the header's own bytes`() throws {
        let message = try compose(content(), location: #"{"Country": "KR"}"#)
        // base64 of "(광고) 겨울 세일" in UTF-8.
        #expect(try subject(message) == "Subject: =?UTF-8?B?KOq0keqzoCkg6rKo7Jq4IOyEuOydvA==?=")
    }

    @Test func `an author's label stays as it is, a variant becomes the label`() throws {
        let own = try compose(content(subject: "(광고) 겨울 세일"), location: #"{"Country": "KOR"}"#)
        #expect(try subject(own) == "Subject: =?UTF-8?B?KOq0keqzoCkg6rKo7Jq4IOyEuOydvA==?=")
        let variant = try compose(content(subject: "[광고] 겨울 세일"), location: #"{"Country": "KR"}"#)
        #expect(try subject(variant) == "Subject: =?UTF-8?B?KOq0keqzoCkg6rKo7Jq4IOyEuOydvA==?=")
        let personal = try compose(
            content(subject: "{{Location.Country}} sale"), location: #"{"Country": "KR"}"#)
        #expect(try subject(personal) == "Subject: =?UTF-8?B?KOq0keqzoCkgS1Igc2FsZQ==?=")
    }

    @Test func `a plain subject is encoded as a whole once the label is before it`() throws {
        let message = try compose(content(subject: "Winter sale"), location: #"{"Country": "KR"}"#)
        #expect(try subject(message) == "Subject: =?UTF-8?B?KOq0keqzoCkgV2ludGVyIHNhbGU=?=")
    }

    @Test(arguments: [#"{"Country": "DE"}"#, "{}"])
    func `elsewhere a message is as it was, byte for byte`(location: String) throws {
        let without = try compose(content(), location: location, law: nil)
        #expect(try compose(content(), location: location) == without)
        #expect(!without.contains("Main St"))
    }

    @Test func `the app's default country is that of people without one`() throws {
        let law = MarketingLaw(defaultCountry: "KR")
        #expect(try subject(compose(content(), location: "{}", law: law)).contains("KOq0keqzoCkg"))
        #expect(try !subject(compose(content(), location: #"{"Country":"US"}"#, law: law)).contains("KOq0keqzoCkg"))
    }

    @Test func `the lines of the sender stand at the end of both parts`() throws {
        let message = try compose(content(subject: "Sale"), location: #"{"Country": "US"}"#)
        let parts = message.split(separator: "Content-Type: text/")
        try #require(parts.count == 3)
        let text = String(parts[1])
        let html = String(parts[2])
        #expect(
            text.contains(
                "Sale\r\n\r\n1 Main St\r\nSpringfield\r\nTo stop receiving these e-mails: https://pub.example/u/"))
        #expect(html.contains("<p>Sale</p><div style="))
        #expect(
            html.contains(
                "1 Main St<br>Springfield<br>To stop receiving these e-mails: <a href=\"https://pub.example/u/"))
        // Before the end of the body; the open pixel comes after it; the unsubscribe link is not a tracked one.
        #expect(html.contains("</a></div><img src=\"https://pub.example/t/o/"))
        #expect(!html.contains("/t/c/"))
    }

    @Test func `a message that says it all gets nothing more`() throws {
        let html = """
            <BODY>Ogi &amp; Co, 1 Main St, Springfield <a href="{{Needletail.UnsubscribeUrl}}">unsubscribe</a></BODY>
            """
        let law = MarketingLaw(
            sender: SenderIdentity(name: "Ogi & Co", postalAddress: "1 Main St, Springfield", contact: nil))
        let full = content(subject: "Sale", html: html, text: nil)
        let us = #"{"Country":"US"}"#
        #expect(try compose(full, location: us, law: law) == compose(full, location: us, law: nil))
    }

    @Test func `without a sender in the settings only what is known is added`() throws {
        let message = try compose(
            content(subject: "Sale", text: nil), location: #"{"Country":"JP"}"#, law: MarketingLaw())
        #expect(!message.contains("Main St"))
        let unknown = Set(LegalTexts(content(), law: MarketingLaw(), at: Self.now)?.unknown ?? [])
        #expect(unknown.isSuperset(of: ["JP.name", "JP.postal_address", "JP.contact", "US.postal_address", "KR.name"]))
    }

    @Test func `a message without a body tag has its lines at its end, one without a page no opt-out`() throws {
        let text = try #require(
            LegalText(
                content(html: "<p>Sale</p>"), law: MarketingLaw(), country: "US", at: Self.now, .standard))
        var content = EmailContent(subject: [], html: Array("<p>Sale</p>".utf8), text: Array("Sale".utf8))
        text.apply(to: &content, unsubscribeURL: "https://a.example/u/1?a=1&b=2")
        let html = String(decoding: content.html ?? [], as: UTF8.self)
        #expect(html.hasPrefix("<p>Sale</p><div") && html.hasSuffix("b=2</a></div>"))
        #expect(html.contains("href=\"https://a.example/u/1?a=1&amp;b=2\""))
        var bare = EmailContent(subject: [], html: Array("<p>Sale</p>".utf8), text: Array("Sale".utf8))
        text.apply(to: &bare, unsubscribeURL: nil)
        #expect(bare.html == Array("<p>Sale</p>".utf8) && bare.text == Array("Sale".utf8))
    }
}
