import Core
import Jurisdictions
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

/// What a run's plan keeps of the app's settings on the laws on advertising.
@Suite(.database) struct FrozenLawTests {
    private func frozen(settings: JSON?, needletail: JSON? = nil) async throws -> MarketingLaw? {
        let fixture = try CampaignFixture()
        try await fixture.prepare()
        if let settings {
            let request = try WriteApplicationSettingsRequest(json: ["Needletail": settings], at: .root)
            _ = try await fixture.database.transaction { session in
                try await AppSettingsStore.update(fixture.app, request, now: fixture.now, in: session)
            }
        }
        try await fixture.create(CampaignID(high: 3, low: 1), fixture.request(needletail: needletail))
        let plan = try await fixture.start()
        let stored = try await fixture.database.withSession {
            try await RunStore.plan(fixture.app, run: plan.run, in: $0)
        }
        #expect(stored?.rules.law == plan.rules.law)
        return plan.rules.law
    }

    @Test func `an app that says nothing keeps the law`() async throws {
        #expect(try await frozen(settings: nil) == MarketingLaw())
    }

    @Test func `the sender and the default country are frozen`() async throws {
        let law = try await frozen(settings: [
            "DefaultCountry": "JP", "Sender": ["Name": "Ogi", "PostalAddress": "1-2-3", "Contact": "a@b.example"],
        ])
        #expect(
            law
                == MarketingLaw(
                    defaultCountry: "JP",
                    sender: SenderIdentity(name: "Ogi", postalAddress: "1-2-3", contact: "a@b.example")))
    }

    @Test func `an app that switched it off has none`() async throws {
        #expect(try await frozen(settings: ["Jurisdictions": "OFF", "DefaultCountry": "KR"]) == nil)
    }

    @Test func `a transactional campaign has none`() async throws {
        #expect(try await frozen(settings: nil, needletail: ["Purpose": "TRANSACTIONAL"]) == nil)
    }
}
