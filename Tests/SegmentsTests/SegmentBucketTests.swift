import Core
import Segments
import TestKit
import Testing

@Suite struct SegmentBucketTests {
    /// χ² with 99 degrees of freedom: 149.4 is passed by one in a thousand.
    private func chiSquare(_ counts: [Int]) -> Double {
        let expected = Double(counts.reduce(0, +)) / Double(counts.count)
        return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    }

    @Test(arguments: ["", "a", "b", "spring", "spring 2", "'; DROP TABLE endpoints; --", "é", "e\u{301}"])
    func `every bucket holds one in a hundred`(salt: String) {
        let random = SeededRandom(seed: 4)
        let bucket = SaltedBucket(salt: salt)
        var counts = Array(repeating: 0, count: 100)
        for _ in 0..<100_000 { counts[bucket.bucket(of: Int64(bitPattern: random.next()))] += 1 }
        #expect(chiSquare(counts) < 149.4)
    }

    @Test(arguments: [("a", "b"), ("spring", "spring 2"), ("1", "2"), ("aa", "ab")])
    func `two salts deal independently`(first: String, second: String) {
        let random = SeededRandom(seed: 5)
        let (one, other) = (SaltedBucket(salt: first), SaltedBucket(salt: second))
        // Ten by ten of the tenths that the two put a key in.
        var counts = Array(repeating: 0, count: 100)
        for _ in 0..<100_000 {
            let key = Int64(bitPattern: random.next())
            counts[one.bucket(of: key) / 10 * 10 + other.bucket(of: key) / 10] += 1
        }
        #expect(chiSquare(counts) < 149.4)
    }

    @Test func `an anniversary of 29 February is 28 February where the year has none`() {
        func matches(_ date: (Int, Int, Int), today: (Int, Int, Int), from: Int, to: Int) -> Bool {
            DateTest(owner: .user, name: "b", fromDays: from, toDays: to, isAnniversary: true)
                .passes(
                    Day(year: date.0, month: date.1, day: date.2),
                    today: Day(year: today.0, month: today.1, day: today.2))
        }
        #expect(matches((1996, 2, 29), today: (1997, 2, 28), from: 0, to: 0))
        #expect(!matches((1996, 2, 29), today: (1997, 3, 1), from: 0, to: 0))
        #expect(!matches((1996, 2, 29), today: (2000, 2, 28), from: 0, to: 0))
        #expect(matches((1996, 2, 29), today: (2000, 2, 28), from: 1, to: 1))
        #expect(matches((1960, 1, 2), today: (1999, 12, 30), from: 3, to: 3))
        #expect(!matches((1960, 1, 2), today: (1999, 12, 30), from: 4, to: 60))
        #expect(matches((1960, 12, 31), today: (1999, 1, 1), from: -1, to: -1))
        #expect(matches((1960, 6, 15), today: (1999, 1, 1), from: -366, to: 366))
    }
}
