import Core
import Model
import Providers
import Templates
import TestKit
import Testing

@testable import Delivery

/// Which variant of a message a person gets, and what a variant takes from the message itself.
@Suite struct EmailLocalesTests {
    private static let plan = RunPlan(
        account: "000000000000", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 3, low: 3), campaignVersion: 1,
        campaignName: "test", run: RunID(high: 2, low: 2), runDay: Instant(seconds: 0).day,
        scheduledAt: Instant(seconds: 0), expiresAt: Instant(seconds: 60), deliveryPolicy: .atMostOnce,
        holdoutPercent: 0, treatments: [])

    private static let content = RunPlan.EmailContent(
        from: "shop@example.com", subject: "Hello {{Attributes.Name}}", html: "<p>{{> sign}}</p>", text: "bye",
        headers: [.init(name: "X-Name", value: "{{Attributes.Name}}")],
        defaultSubstitutions: ["Attributes.Name": "you"],
        locales: [
            "de": .init(subject: "Hallo {{Attributes.Name}}", defaultSubstitutions: ["Attributes.Name": "du"]),
            "de_at": .init(subject: "Servus {{Attributes.Name}}", html: "<b>{{> sign}}</b>"),
            "zh_hant": .init(text: "再見"),
        ],
        snippets: ["sign": "{{Address}}"])

    private func rendered(_ locale: JSON?, _ content: RunPlan.EmailContent = content) throws -> [String] {
        var recipient = Recipient(
            key: 1, endpointID: "e", channelType: "EMAIL", address: "a@b.test", optOut: "NONE", status: "ACTIVE",
            cohort: 0, userID: nil, effectiveAt: Instant(seconds: 0), createdAt: Instant(seconds: 0))
        if let locale { recipient.demographic = JSON.object(["Locale": locale]).serialized }
        let parts = try EmailMessageProgram(content, plan: Self.plan, at: Instant(seconds: 0)).parts(for: recipient)
        let values = RecipientValues(recipient, parsing: parts.columns)
        let email = try parts.render(values, .of(TestEnvironment.make()))
        return [email.subject, email.html ?? [], email.text ?? []].map { String(decoding: $0, as: UTF8.self) }
            + email.headers.map(\.value)
    }

    @Test(
        arguments: [
            (nil, ["Hello you", "<p>a@b.test</p>", "bye", "you"]),
            ("en_US", ["Hello you", "<p>a@b.test</p>", "bye", "you"]),
            ("de", ["Hallo du", "<p>a@b.test</p>", "bye", "du"]),
            ("de_DE", ["Hallo du", "<p>a@b.test</p>", "bye", "du"]),
            ("DE-at", ["Servus you", "<b>a@b.test</b>", "bye", "you"]),
            ("de_AT.UTF-8", ["Servus you", "<b>a@b.test</b>", "bye", "you"]),
            ("zh_Hant_TW", ["Hello you", "<p>a@b.test</p>", "再見", "you"]),
            ("zh_Hans", ["Hello you", "<p>a@b.test</p>", "bye", "you"]),
            ("", ["Hello you", "<p>a@b.test</p>", "bye", "you"]),
        ] as [(String?, [String])])
    func `the closest variant is taken, and of its parts those it has`(locale: String?, expected: [String]) throws {
        #expect(try rendered(locale.map { .string($0) }) == expected)
    }

    @Test func `a locale that is no text is none`() throws {
        #expect(try rendered(7).first == "Hello you")
    }

    @Test func `a frozen message keeps its variants and snippets`() throws {
        var plan = Self.plan
        plan.treatments = [.init(name: nil, sizePercent: 100, email: Self.content)]
        let frozen = try RunPlan(json: JSON.parse(plan.json.serialized))
        #expect(frozen == plan)
        let email = try #require(frozen.treatments[0].email)
        #expect(try rendered("de_AT", email).first == "Servus you")
    }
}
