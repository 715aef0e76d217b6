import Core
import Delivery
import Jurisdictions
import Model
import Runtime
import Testing

/// The law's hours as the gate applies them, on every channel.
@Suite struct LegalHoursTests {
    private func instant(_ text: String) throws -> Instant { try #require(ISO8601.parse(text)) }

    private func decide(
        _ type: String, location: String = "{}", demographic: String = "{}", address: String = "x", at now: String,
        law: MarketingLaw? = MarketingLaw(), lasting: Duration = .seconds(86_400)
    ) throws -> Gate.Verdict {
        var recipient = Recipient(
            key: 1, endpointID: "e1", channelType: type, address: address, optOut: "NONE", status: "ACTIVE", cohort: 0,
            userID: nil, effectiveAt: Instant(seconds: 0), createdAt: Instant(seconds: 0))
        recipient.location = Array(location.utf8)
        recipient.demographic = Array(demographic.utf8)
        let now = try instant(now)
        let rules = RunRules(law: law)
        return Gate.decide(
            Gate.Intent(
                channels: [type], messageChannels: [type], campaign: CampaignID(high: 1, low: 1),
                expiresAt: now + lasting),
            Gate.Person(recipient), Gate.Clock(now: now, offset: { ZoneInfo.offset(of: $0, at: $1) }),
            Gate.Rules(rules, hours: LegalHours(rules)))
    }

    @Test func `a text to Korea at night waits for the morning, and does not count until it goes`() throws {
        let verdict = try decide("SMS", location: #"{"City": "서울", "Country": "KR"}"#, at: "2026-11-23T13:30:00Z")
        #expect(verdict.decision == .defer(until: try instant("2026-11-23T23:00:00Z")))
        #expect(!verdict.counts && verdict.law == ["KR-NIGHT"])
    }

    @Test func `an e-mail goes at any hour`() throws {
        let verdict = try decide("EMAIL", location: #"{"Country": "KR"}"#, at: "2026-11-23T13:30:00Z")
        #expect(verdict == Gate.Verdict(.send, counts: true))
    }

    @Test func `who cannot wait until it opens is expired`() throws {
        let verdict = try decide(
            "SMS", location: #"{"Country": "KR"}"#, at: "2026-11-23T13:30:00Z", lasting: .seconds(3600))
        #expect(verdict == Gate.Verdict(.refuse(.expired, nil), counts: false, law: ["KR-NIGHT"]))
    }

    @Test func `what no rule will ever open is refused as quiet time`() throws {
        struct Never: SendingHours {
            func opening(for recipient: Recipient, of intent: Gate.Intent, _ clock: Gate.Clock) -> LegalOpening? {
                LegalOpening(at: nil, rules: ["X"])
            }
        }
        let verdict = Gate.decide(
            Gate.Intent(
                channels: ["EMAIL"], messageChannels: ["EMAIL"], campaign: CampaignID(high: 1, low: 1),
                expiresAt: Instant(seconds: 100)),
            Gate.Person(.sample), Gate.Clock(now: Instant(seconds: 1), offset: { _, _ in 0 }),
            Gate.Rules(RunRules(), hours: Never()))
        #expect(verdict == Gate.Verdict(.refuse(.suppressed, .quietTime), counts: true, law: ["X"]))
    }

    @Test func `a machine without zone data refuses what the law times`() throws {
        var recipient = Recipient.sample
        recipient.channelType = "SMS"
        recipient.location = Array(#"{"Country": "KR"}"#.utf8)
        let hours = try #require(LegalHours(RunRules(law: MarketingLaw())))
        let intent = Gate.Intent(
            channels: ["SMS"], messageChannels: ["SMS"], campaign: CampaignID(high: 1, low: 1),
            expiresAt: Instant(seconds: 100))
        let clock = Gate.Clock(now: try instant("2026-11-23T03:00:00Z"), offset: { _, _ in nil })
        #expect(hours.opening(for: recipient, of: intent, clock) == LegalOpening(at: nil, rules: ["KR-NIGHT"]))
    }

    @Test func `an app that switched it off, and a transactional message, are not held`() throws {
        let now = "2026-11-23T13:30:00Z"
        #expect(try decide("SMS", location: #"{"Country": "KR"}"#, at: now, law: nil).decision == .send)
        #expect(MarketingLaw(settings: ["Jurisdictions": "OFF"]) == nil)
        #expect(LegalHours(RunRules(purpose: .transactional)) == nil)
    }

    @Test(arguments: [
        // 06:30 in Los Angeles, 09:30 in New York, 23:30 in Seoul.
        ("SMS", #"{"Country":"US","Region":"CA"}"#, "{}", "+13105550100", false),
        ("SMS", #"{"Country":"US","Region":"NY"}"#, "{}", "+12125550100", true),
        ("SMS", #"{"Country":"US"}"#, #"{"Timezone": "America/New_York"}"#, "+12125550100", false),
        ("SMS", "{}", "{}", "+821012345678", false), ("SMS", "{}", "{}", "+4930123456", true),
        ("VOICE", "{}", "{}", "+821012345678", false), ("GCM", "{}", "{}", "+821012345678", true),
        ("GCM", "{}", #"{"Timezone":"Asia/Seoul"}"#, "token", false),
        ("APNS", #"{"Country":"US","Region":"CA"}"#, "{}", "token", true),
        ("IN_APP", #"{"Country":"KR"}"#, "{}", "x", true),
    ])
    func `the person's place decides`(row: (String, String, String, String, Bool)) throws {
        let (type, location, demographic, address, goes) = row
        let verdict = try decide(
            type, location: location, demographic: demographic, address: address, at: "2026-11-23T14:30:00Z")
        #expect((verdict.decision == .send) == goes)
    }

    @Test func `the last moment that is judged is the hand-over's, not now`() throws {
        // Ten seconds may pass until the provider has it: 20:59:50 in Seoul is too late, 20:59:49 is not.
        let seoul = #"{"Country":"KR"}"#
        #expect(try decide("SMS", location: seoul, at: "2026-11-23T11:59:49Z").decision == .send)
        #expect(try decide("SMS", location: seoul, at: "2026-11-23T11:59:50Z").decision != .send)
    }

    @Test(arguments: [
        (#"{"Country": "KR"}"#, "KR"), (#"{"City":"Country","Country":"JP"}"#, "JP"),
        (#"{"City":"a \"Country\": \"US\"","Country":"KR"}"#, "KR"), (#"{"Country" : "K\u0052"}"#, "KR"),
        (#"{"City":"x"}"#, nil), ("{}", nil), (#"{"Country": null}"#, nil), (#"{"Country"#, nil),
        (#"{"Country":"#, nil), (#"{"Country""#, nil), (#"{"MyCountry":"KR"}"#, nil),
    ])
    func `a country is read from the row without reading the rest`(row: (String, String?)) {
        var recipient = Recipient.sample
        recipient.location = Array(row.0.utf8)
        #expect(recipient.whereabouts.country == row.1)
    }
}
