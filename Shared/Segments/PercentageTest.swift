import Core

/// A stable share of all endpoints: those in buckets `from` ..< `to` of 100.
///
/// Without a salt the bucket is the endpoint's stored cohort, the one that holdouts use. Each salt deals the same
/// endpoints anew, independently of the others.
package struct PercentageTest: Hashable, Sendable {
    /// 0 … 99.
    package var from: Int
    /// `from` + 1 … 100; not included.
    package var to: Int
    package var salt: String?

    package init(from: Int, to: Int, salt: String? = nil) {
        self.from = from
        self.to = to
        self.salt = salt
    }

    package func contains(key: Int64, cohort: Int) -> Bool {
        (from..<to).contains(bucket(key: key, cohort: cohort))
    }

    /// 0 … 99.
    package func bucket(key: Int64, cohort: Int) -> Int {
        salt.map { SaltedBucket(salt: $0).bucket(of: key) } ?? cohort
    }
}

/// Deals endpoint keys into 100 buckets. Endpoint keys are bits of SHA-256, so a few rounds of multiply and shift are
/// enough; SQL does the same steps, and none of them leaves 63 bits.
package struct SaltedBucket: Sendable {
    /// FNV-1a of the salt, stirred as SplitMix64 ends: salts that differ in one letter must not deal alike.
    package let seed: Int64

    package init(salt: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in salt.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        seed = Int64(bitPattern: hash ^ hash >> 31)
    }

    package static let mask: Int64 = 0x7fff_ffff
    package static let shift: Int64 = 16
    /// Odd, of 30 or 31 bits.
    package static let factors: [Int64] = [0x4cf5_ad43, 0x2127_599d, 0x7feb_352d, 0x68e3_1da5]

    /// 0 … 99.
    package func bucket(of key: Int64) -> Int {
        var bits = key ^ seed
        for factor in Self.factors { bits = ((bits & Self.mask) * factor) >> Self.shift }
        return Int((bits & Self.mask) % 100)
    }
}
