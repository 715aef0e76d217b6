import Core
import TestKit
import Testing

@testable import Needletail

@Suite struct ReactionTests {
    private let people: [PurchaseHistory.Customer]

    init() throws {
        people = try PurchaseHistory(file: BuildPaths.repository + "/ops/demo/CDNOW_master.txt").lapsed
    }

    private func reactions(to treatment: DemoTreatment, campaign: Int = 1) -> RunReactions {
        people.reduce(into: RunReactions()) { reactions, person in
            reactions.add(treatment, Reaction(of: person, to: treatment, campaign: campaign))
        }
    }

    @Test func `the same person reacts the same way to the same campaign, and otherwise to another`() {
        #expect(reactions(to: .thanks) == reactions(to: .thanks))
        #expect(reactions(to: .thanks) != reactions(to: .thanks, campaign: 2))
    }

    @Test func `nobody clicks or unsubscribes without opening, and the second message does better`() throws {
        for treatment in DemoTreatment.allCases {
            for person in people {
                let reaction = Reaction(of: person, to: treatment, campaign: 1)
                #expect(reaction.opens > 0 || !reaction.clicks && !reaction.unsubscribes)
            }
        }
        let thanks = try #require(reactions(to: .thanks).counts[.thanks])
        let missed = try #require(reactions(to: .missed).counts[.missed])
        #expect(missed.uniqueOpens > thanks.uniqueOpens && thanks.uniqueOpens > people.count / 4)
        #expect(missed.clicks > thanks.clicks && thanks.clicks > 0)
        #expect(thanks.opens > thanks.uniqueOpens)
        #expect(thanks.unsubscribes > 0)
    }
}
