import Core
import Delivery
import Model
import Testing

@Suite struct GateTests {
    private let now = Instant(seconds: 1000)
    private let rules = Gate.Rules(channelType: "EMAIL", expiresAt: Instant(seconds: 2000))

    private func recipient(_ change: (inout Recipient) -> Void = { _ in }) -> Recipient {
        var recipient = Recipient.sample
        change(&recipient)
        return recipient
    }

    private func decide(_ recipient: Recipient?, cancelled: Bool = false, at instant: Instant? = nil) -> Gate.Decision {
        Gate.decide(recipient, runIsCancelled: cancelled, rules: rules, now: instant ?? now)
    }

    @Test func `somebody who may be written to is written to`() {
        #expect(decide(recipient()) == .send)
    }

    @Test func `a cancelled run refuses everybody`() {
        #expect(decide(recipient(), cancelled: true) == .refuse(.suppressed, .cancelled))
    }

    @Test func `after the run's expiry a message is expired, not suppressed`() {
        #expect(decide(recipient(), at: Instant(seconds: 2000)) == .refuse(.expired, nil))
        #expect(decide(recipient(), at: Instant(microseconds: 1_999_999_999)) == .send)
    }

    @Test func `an endpoint deleted after fan-out is refused`() {
        #expect(decide(nil) == .refuse(.suppressed, .deleted))
    }

    @Test func `a suppression wins over the client's own opt-in`() {
        let person = recipient { $0.suppression = "UNSUBSCRIBE" }
        #expect(decide(person) == .refuse(.suppressed, .suppression("UNSUBSCRIBE")))
    }

    @Test func `opt-out, inactivity, channel and address each have their reason`() {
        #expect(decide(recipient { $0.optOut = "ALL" }) == .refuse(.suppressed, .optOut))
        #expect(decide(recipient { $0.status = "INACTIVE" }) == .refuse(.suppressed, .inactive))
        #expect(decide(recipient { $0.channelType = "SMS" }) == .refuse(.suppressed, .channelMismatch))
        #expect(decide(recipient { $0.channelType = nil }) == .refuse(.suppressed, .channelMismatch))
        #expect(decide(recipient { $0.address = nil }) == .refuse(.suppressed, .missingAddress))
        #expect(decide(recipient { $0.address = "" }) == .refuse(.suppressed, .missingAddress))
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
