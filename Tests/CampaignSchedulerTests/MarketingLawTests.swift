import Core
import Jurisdictions
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

/// The settings that say how the laws on advertising apply, from the request to the frozen plan.
@Suite(.database) struct MarketingLawTests {
    /// In the order of jsonb.
    private static let settings: JSON = [
        "Sender": ["Name": "오기", "Contact": "02-123-4567", "PostalAddress": "서울\n1"], "Jurisdictions": "ENFORCE",
        "DefaultCountry": "KR",
    ]

    @Test func `the settings are stored, answered, and say ENFORCE when they say nothing`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/apps/\(try await service.createApp())/settings"
            #expect(try await service.call("GET", path).json["Needletail"] == nil)
            let answer = try await service.call("PUT", path, ["Needletail": Self.settings])
            #expect(answer.status == 200)
            #expect(try await service.call("GET", path).json["Needletail"] == Self.settings)
        }
        #expect(MarketingLaw(settings: nil) == MarketingLaw())
        #expect(MarketingLaw(settings: ["Jurisdictions": "OFF"]) == nil)
        let law = try #require(MarketingLaw(settings: Self.settings))
        #expect(law.defaultCountry == "KR")
        #expect(law.sender == SenderIdentity(name: "오기", postalAddress: "서울\n1", contact: "02-123-4567"))
        #expect(MarketingLaw(settings: ["DefaultCountry": "", "Sender": ["Name": ""]]) == MarketingLaw())
    }

    @Test func `what they cannot be is refused by name`() async throws {
        let long = String(repeating: "a", count: 513)
        let cases: [(JSON, String)] = [
            (["Jurisdictions": "MAYBE"], "Needletail.Jurisdictions must be ENFORCE or OFF"),
            (["Jurisdictions": true], "Needletail.Jurisdictions"),
            (["DefaultCountry": "Korea"], "Needletail.DefaultCountry"),
            (["DefaultCountry": "kr"], "Needletail.DefaultCountry"),
            (["DefaultCountry": 82], "Needletail.DefaultCountry"),
            (["Sender": "me"], "Needletail.Sender"), (["Sender": ["Nam": "x"]], "Needletail.Sender.Nam"),
            (["Sender": ["Name": 1]], "Needletail.Sender.Name must be a string"),
            (["Sender": ["Name": "a\nb"]], "Needletail.Sender.Name must not have control"),
            (["Sender": ["PostalAddress": "a\rb"]], "Needletail.Sender.PostalAddress"),
            (["Sender": ["Contact": .string(long)]], "Needletail.Sender.Contact must have at most 512"),
            (["Jurisdiction": "OFF"], "did you mean Jurisdictions"),
        ]
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/apps/\(try await service.createApp())/settings"
            for (settings, named) in cases {
                let refused = try await service.call("PUT", path, ["Needletail": settings])
                #expect(refused.status == 400 && refused.message.contains(named), "\(refused.message)")
            }
        }
    }

    @Test func `a subject with something like the label is warned of`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let template: JSON = ["Subject": "[광고] 세일", "TextPart": "x"]
            let warned = try await service.call("POST", "/v1/templates/ad/email", template)
            let warning = warned.json["Needletail"]?["Warnings"]?.array?.first?.string ?? ""
            #expect(warned.status == 201)
            #expect(warning.hasPrefix("Subject: [광고] is not the label") && warning.contains("(광고)"))
            let fine = try await service.call(
                "POST", "/v1/templates/fine/email", ["Subject": "(광고) 세일", "TextPart": "x"])
            #expect(fine.status == 201 && fine.json["Needletail"] == nil)
        }
    }

    @Test func `a campaign is answered with a header of what it lacks, and with nothing once it is there`() async throws
    {
        try await ServiceUnderTest.run(ControlRoutes.all + campaignRoutes(SchedulerSignal())) { service in
            let app = try await service.createApp()
            let channel: JSON = ["FromAddress": "shop@example.com", "Identity": "arn:aws:ses:eu-west-1:1:identity/a"]
            #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", channel).status == 200)
            let (id, test) = (try #require(AppID(app)), try TestDatabase.current)
            let (segment, now) = (SegmentID(high: 5, low: 5), test.environment.now())
            try await test.database.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(id), \(segment), 1, \(now))")
            try await test.database.execute(
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(id), \(segment), 1, '{"Dimensions": {}}', \(now))
                """
            )
            let body: JSON = [
                "Name": "c", "SegmentId": .string(segment.description), "Schedule": ["StartTime": "IMMEDIATE"],
                "MessageConfiguration": ["EmailMessage": ["Title": "[광고] x", "Body": "x"]],
            ]
            let created = try await service.call("POST", "/v1/apps/\(app)/campaigns", body)
            #expect(created.status == 201)
            // The clock of this test stands in 1998, before Korea's rules.
            #expect(
                created.header(LawWarnings.header) == "label:KR-AD-LABEL, sender:JP-SENDER, sender:US-CAN-SPAM")
            let settings: JSON = ["Needletail": Self.settings]
            #expect(try await service.call("PUT", "/v1/apps/\(app)/settings", settings).status == 200)
            let path = "/v1/apps/\(app)/campaigns/\(created.json["Id"]?.string ?? "")"
            var update = try #require(body.object)
            update["MessageConfiguration"] = ["EmailMessage": ["Title": "x", "Body": "x"]]
            let updated = try await service.call("PUT", path, .object(update))
            #expect(updated.status == 200, "\(updated.text)")
            #expect(updated.header(LawWarnings.header) == nil)
        }
    }

    @Test func `codes name the subjects and the countries that lack something, of marketing alone`() {
        let bad = RunPlan.Treatment(
            name: nil, sizePercent: 100, email: .init(from: "a@b.example", subject: "[광고] x", html: nil, text: "x"))
        let now = Instant(seconds: 1_795_000_000)
        #expect(
            LawWarnings.codes(of: [bad], law: MarketingLaw(), at: now) == [
                "label:KR-AD-LABEL", "sender:JP-SENDER", "sender:KR-SENDER", "sender:US-CAN-SPAM",
            ])
        #expect(LawWarnings.codes(of: [bad], law: nil, at: now).isEmpty)
        let whole = MarketingLaw(sender: SenderIdentity(name: "n", postalAddress: "a", contact: "c"))
        #expect(LawWarnings.codes(of: [bad], law: whole, at: now) == ["label:KR-AD-LABEL"])
        let text = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil, otherChannels: ["SMS"])
        #expect(LawWarnings.codes(of: [text], law: MarketingLaw(), at: now).isEmpty)
    }
}
