import Core
import Delivery
import Model
import Testing

@Suite struct GateTests {
    private let now = Instant(seconds: 1_000_000)
    private let campaign = CampaignID(high: 1, low: 1)

    /// One thing that refuses a message, in the order in which reasons win.
    enum Obstacle: CaseIterable {
        case cancelled, expired, deleted, suppressed, optedOut, inactive, otherChannel, noAddress, noWorker
        case filtered, total, daily, quiet, law

        var verdict: Gate.Verdict {
            switch self {
            case .cancelled: refusal(.cancelled)
            case .expired: Gate.Verdict(.refuse(.expired, nil), counts: false)
            case .deleted: refusal(.deleted)
            case .suppressed: refusal(.suppression("COMPLAINT"))
            case .optedOut: refusal(.optOut)
            case .inactive: refusal(.inactive)
            case .otherChannel: refusal(.channelMismatch)
            case .noAddress: refusal(.missingAddress)
            case .noWorker: refusal(.unsupportedChannel)
            case .filtered: refusal(.hookFiltered)
            case .total: refusal(.campaignCap)
            case .daily: refusal(.dailyCap)
            case .quiet: Gate.Verdict(.refuse(.suppressed, .quietTime), counts: true)
            case .law: Gate.Verdict(.defer(until: Instant(seconds: 1_050_000)), counts: false)
            }
        }

        private func refusal(_ reason: OutcomeReason) -> Gate.Verdict {
            Gate.Verdict(.refuse(.suppressed, reason), counts: false)
        }
    }

    private struct Opening: SendingHours {
        let at: Instant

        func opening(for recipient: Recipient, of intent: Gate.Intent, _ clock: Gate.Clock) -> LegalOpening? {
            LegalOpening(at: at)
        }
    }

    private func decide(_ obstacles: [Obstacle], opening: Instant = Instant(seconds: 1_050_000)) -> Gate.Verdict {
        var intent = Gate.Intent(
            channels: ["EMAIL"], messageChannels: ["EMAIL", "SMS"], campaign: campaign,
            expiresAt: Instant(seconds: 1_086_400))
        var recipient = Recipient.sample
        recipient.demographic = Array(#"{"Timezone": "Zone/A"}"#.utf8)
        var person = Gate.Person(recipient)
        var rules = Gate.Rules(RunRules(caps: FrequencyCaps(campaignDaily: 2, appDaily: 5, total: 9)))
        var isDeleted = false
        for obstacle in obstacles {
            switch obstacle {
            case .cancelled: intent.runIsCancelled = true
            case .expired: intent.expiresAt = now
            case .deleted: isDeleted = true
            case .suppressed: recipient.suppression = "COMPLAINT"
            case .optedOut: recipient.optOut = "ALL"
            case .inactive: recipient.status = "INACTIVE"
            case .otherChannel: recipient.channelType = "VOICE"
            case .noAddress: recipient.address = ""
            case .noWorker: if recipient.channelType == "EMAIL" { recipient.channelType = "SMS" }
            case .filtered: person.hook = .filtered
            case .total: person.earlier.total = 9
            case .daily: person.earlier.campaignDaily = 2
            case .quiet: rules.campaign.quietTime = QuietWindow(start: 0, end: 1439)
            case .law: rules.hours = Opening(at: opening)
            }
        }
        person.recipient = isDeleted ? nil : recipient
        return Gate.decide(
            intent, person, Gate.Clock(now: now, offset: { zone, _ in zone == "Zone/A" ? 0 : nil }), rules)
    }

    @Test func `somebody who may be written to is written to, and that counts`() {
        #expect(decide([]) == Gate.Verdict(.send, counts: true))
    }

    @Test(arguments: Obstacle.allCases)
    func `each obstacle has its verdict`(obstacle: Obstacle) {
        #expect(decide([obstacle]) == obstacle.verdict)
    }

    @Test func `of any two obstacles the earlier one is booked`() {
        let all = Obstacle.allCases
        for first in all.indices {
            for second in all.indices where second > first {
                let expected = all[first].verdict
                #expect(decide([all[first], all[second]]) == expected, "\(all[first]) before \(all[second])")
                #expect(decide([all[second], all[first]]) == expected, "\(all[first]) before \(all[second])")
            }
        }
    }

    @Test func `all obstacles together, taken away one by one from the front, give each reason in turn`() {
        for first in Obstacle.allCases.indices {
            #expect(decide(Array(Obstacle.allCases[first...])) == Obstacle.allCases[first].verdict)
        }
    }

    @Test func `a message is in time until the microsecond of its expiry`() {
        var intent = Gate.Intent(
            channels: ["EMAIL"], messageChannels: ["EMAIL"], campaign: campaign,
            expiresAt: Instant(microseconds: now.microseconds + 1))
        let clock = Gate.Clock(now: now, offset: { _, _ in nil })
        #expect(Gate.decide(intent, Gate.Person(.sample), clock, Gate.Rules()).decision == .send)
        intent.expiresAt = now
        #expect(Gate.decide(intent, Gate.Person(.sample), clock, Gate.Rules()).decision == .refuse(.expired, nil))
    }

    @Test func `what may only be asked again after its expiry is expired now`() {
        #expect(
            decide([.law], opening: Instant(seconds: 1_086_400)) == Gate.Verdict(.refuse(.expired, nil), counts: false))
        #expect(
            decide([.law], opening: Instant(seconds: 1_086_399))
                == Gate.Verdict(.defer(until: Instant(seconds: 1_086_399)), counts: false))
    }

    @Test func `channels and addresses that are missing are refused`() {
        let intent = Gate.Intent(
            channels: ["EMAIL"], messageChannels: [], campaign: campaign, expiresAt: Instant(seconds: 1_086_400))
        let clock = Gate.Clock(now: now, offset: { _, _ in nil })
        #expect(
            Gate.decide(intent, Gate.Person(.sample), clock, Gate.Rules()).decision
                == .refuse(.suppressed, .channelMismatch))
        var person = Recipient.sample
        person.channelType = nil
        var wider = intent
        wider.messageChannels = ["EMAIL"]
        #expect(
            Gate.decide(wider, Gate.Person(person), clock, Gate.Rules()).decision
                == .refuse(.suppressed, .channelMismatch))
        person = .sample
        person.address = nil
        #expect(
            Gate.decide(wider, Gate.Person(person), clock, Gate.Rules()).decision
                == .refuse(.suppressed, .missingAddress))
    }

    @Test func `what the hook says: changed attributes pass, a failure refuses`() {
        let intent = Gate.Intent(
            channels: ["EMAIL"], messageChannels: ["EMAIL"], campaign: campaign,
            expiresAt: Instant(seconds: 1_086_400))
        let clock = Gate.Clock(now: now, offset: { _, _ in nil })
        let changed = Gate.Person(.sample, hook: .pass(HookChanges(attributes: Array("{}".utf8))))
        #expect(Gate.decide(intent, changed, clock, Gate.Rules()).decision == .send)
        #expect(
            Gate.decide(intent, Gate.Person(.sample, hook: .failed), clock, Gate.Rules()).decision
                == .refuse(.suppressed, .hookFailure))
        #expect(
            Gate.decide(intent, Gate.Person(.sample, hook: .unasked), clock, Gate.Rules())
                == Gate.Verdict(.defer(until: now), counts: false))
    }

    // MARK: Caps

    @Test func `a cap of zero is none; each cap holds from its number on`() {
        let many = EarlierMessages(appDaily: 100, campaignDaily: 100, total: 100)
        #expect(many.exhausted(FrequencyCaps()) == nil)
        #expect(EarlierMessages(appDaily: 2).exhausted(FrequencyCaps(appDaily: 3)) == nil)
        #expect(EarlierMessages(appDaily: 3).exhausted(FrequencyCaps(appDaily: 3)) == .dailyCap)
        #expect(EarlierMessages(campaignDaily: 2).exhausted(FrequencyCaps(campaignDaily: 3)) == nil)
        #expect(EarlierMessages(campaignDaily: 4).exhausted(FrequencyCaps(campaignDaily: 3)) == .dailyCap)
        #expect(EarlierMessages(total: 2).exhausted(FrequencyCaps(total: 3)) == nil)
        #expect(EarlierMessages(total: 3).exhausted(FrequencyCaps(total: 3)) == .campaignCap)
        #expect(many.exhausted(FrequencyCaps(campaignDaily: 1, appDaily: 1, total: 1)) == .campaignCap)
        #expect(EarlierMessages(appDaily: 9).exhausted(FrequencyCaps(campaignDaily: 1, total: 1)) == nil)
    }
}

extension Recipient {
    static let sample = Recipient(
        key: 1,
        endpointID: "e1",
        channelType: "EMAIL",
        address: "a@example.com",
        optOut: "NONE",
        status: "ACTIVE",
        cohort: 3,
        userID: "u1",
        effectiveAt: Instant(seconds: 1),
        createdAt: Instant(seconds: 1)
    )
}
