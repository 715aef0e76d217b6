import Core
import Model
import Testing

@Suite struct ArmsTests {
    private let campaign = CampaignID(high: 7, low: 9)

    @Test func `holdout and additional treatments get exactly their shares, the default treatment the rest`() {
        let arms = Arms.byCohort(campaign: campaign, holdoutPercent: 10, sizePercents: [40, 5])
        #expect(arms.count == 100)
        #expect(arms.count { $0 == Arms.holdout } == 10)
        #expect(arms.count { $0 == 1 } == 40)
        #expect(arms.count { $0 == 2 } == 5)
        #expect(arms.count { $0 == 0 } == 45)
    }

    @Test func `the same campaign decides the same every time, another campaign otherwise`() {
        let once = Arms.byCohort(campaign: campaign, holdoutPercent: 10, sizePercents: [50])
        #expect(Arms.byCohort(campaign: campaign, holdoutPercent: 10, sizePercents: [50]) == once)
        let other = CampaignID(high: 7, low: 10)
        #expect(Arms.byCohort(campaign: other, holdoutPercent: 10, sizePercents: [50]) != once)
    }

    @Test func `a bigger holdout keeps everybody who was in the smaller one`() {
        let small = Arms.byCohort(campaign: campaign, holdoutPercent: 5, sizePercents: [])
        let large = Arms.byCohort(campaign: campaign, holdoutPercent: 20, sizePercents: [])
        for cohort in 0..<100 where small[cohort] == Arms.holdout {
            #expect(large[cohort] == Arms.holdout)
        }
    }

    @Test func `everybody can be held out`() {
        let arms = Arms.byCohort(campaign: campaign, holdoutPercent: 100, sizePercents: [])
        #expect(arms.allSatisfy { $0 == Arms.holdout })
    }

    @Test func `over many campaigns each cohort is held out about as often as any other`() {
        var counts = [Int](repeating: 0, count: 100)
        for number in 0..<2000 {
            let id = CampaignID(high: UInt64(number), low: UInt64(number) &* 31)
            let arms = Arms.byCohort(campaign: id, holdoutPercent: 10, sizePercents: [])
            for cohort in 0..<100 where arms[cohort] == Arms.holdout { counts[cohort] += 1 }
        }
        // Mean 200, standard deviation 13.4: five of them either side.
        #expect(counts.allSatisfy { (133...267).contains($0) }, "\(counts)")
    }
}
