package import Core

/// Who gets which treatment: a pure function of the stored cohort and the campaign, so that a fan-out which is repeated
/// after a crash, and every later run of the campaign, decides the same (F50).
///
/// The hundred cohorts are permuted by the campaign's id, so that the same people are not the holdout of every campaign.
/// In the permuted order the holdout comes first, then each additional treatment in turn; the default treatment has the rest.
package enum Arms {
    package static let holdout: Int16 = -1
    /// An arm of the campaign that is not of the run: it has a schedule of its own.
    static let foreign: Int16 = -2

    /// Arm of each cohort 0–99. `sizePercents` are those of the additional treatments ("1", "2" …); their sum and
    /// `holdoutPercent` are at most 100 together, which validation has checked.
    package static func byCohort(campaign: CampaignID, holdoutPercent: Int, sizePercents: [Int]) -> [Int16] {
        var arms = [Int16](repeating: 0, count: 100)
        var order = permutation(seed: campaign).makeIterator()
        for _ in 0..<holdoutPercent {
            if let cohort = order.next() { arms[cohort] = holdout }
        }
        for (index, size) in sizePercents.enumerated() {
            for _ in 0..<size {
                if let cohort = order.next() { arms[cohort] = Int16(index + 1) }
            }
        }
        return arms
    }

    /// Fisher–Yates over SplitMix64: stable for ever, unlike the standard library's generators.
    private static func permutation(seed: CampaignID) -> [Int] {
        var state = seed.high ^ (seed.low &* 0x9E37_79B9_7F4A_7C15)
        var cohorts = Array(0..<100)
        for index in stride(from: 99, to: 0, by: -1) {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            word ^= word >> 31
            cohorts.swapAt(index, Int(word % UInt64(index + 1)))
        }
        return cohorts
    }
}
