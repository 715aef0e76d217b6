import Core
import Jurisdictions
import Model
import Queue
import Testing

@Suite struct RunPlanTests {
    private let plan = RunPlan(
        account: "000000000000",
        app: AppID(high: 1, low: 2),
        campaign: CampaignID(high: 3, low: 4),
        campaignVersion: 5,
        campaignName: "Win back",
        run: RunID(high: 6, low: 7),
        runDay: Day(year: 1998, month: 7, day: 1),
        scheduledAt: Instant(milliseconds: 899_251_200_000),
        expiresAt: Instant(milliseconds: 899_337_600_000),
        deliveryPolicy: .atLeastOnce,
        holdoutPercent: 10,
        treatments: [
            .init(
                name: "A",
                sizePercent: 50,
                email: .init(
                    from: "shop@example.com",
                    replyTo: ["help@example.com"],
                    subject: "Hello {{User.UserId}}",
                    html: "<p>é</p>",
                    text: nil,
                    headers: [.init(name: "X-A", value: "1")],
                    defaultSubstitutions: ["User.UserId": "friend"]
                )
            ),
            .init(name: nil, sizePercent: 50, email: nil, otherChannels: ["SMS", "GCM"]),
        ],
        messagesPerSecond: 20,
        rules: RunRules(
            quietTime: QuietWindow(start: 21 * 60, end: 8 * 60),
            caps: FrequencyCaps(campaignDaily: 1, appDaily: 2, total: 3), purpose: .transactional,
            law: MarketingLaw(
                defaultCountry: "KR", sender: SenderIdentity(name: "n", postalAddress: "a\nb", contact: "c"))),
        hook: .web(url: "https://example.com/hook")
    )

    @Test func `the frozen form reads back as it was written`() throws {
        let frozen = try JSON.parse(plan.json.serialized)
        #expect(try RunPlan(json: frozen) == plan)
    }

    @Test(arguments: ["campaign", "run_day", "delivery_policy", "treatments"])
    func `a row that lost a member is an integrity fault`(member: String) throws {
        var object = try #require(plan.json.object)
        object[member] = nil
        #expect {
            try RunPlan(json: .object(object))
        } throws: { ($0 as? Fault)?.code == .integrity }
    }

    @Test func `calls and WhatsApp messages read back as they were frozen`() throws {
        var plan = plan
        plan.treatments[1].voice = .init(
            body: "<speak>{{User.UserId}}</speak>", languageCode: "de-DE", voiceID: "VICKI",
            originationNumber: "+12065550100",
            gather: .init(digits: 2, timeoutSeconds: 7, prompt: "Press 9", optOutDigit: "9"),
            defaultSubstitutions: ["User.UserId": "friend"], snippets: ["a": "b"])
        plan.treatments[1].sms = .init(
            body: "Hi",
            whatsApp: .init(
                template: "order", language: "en_US", header: .image("https://a.example/{{Id}}"),
                parameters: ["{{Attributes.Name}}", ""], buttons: ["{{Id}}"]))
        #expect(try RunPlan(json: JSON.parse(plan.json.serialized)) == plan)
        #expect(plan.treatments[1].senders["VOICE"] == .voice)
    }

    @Test func `arms follow holdout and sizes`() {
        #expect(plan.arms.count { $0 == Arms.holdout } == 10)
        #expect(plan.arms.count { $0 == 1 } == 50)
    }
}
