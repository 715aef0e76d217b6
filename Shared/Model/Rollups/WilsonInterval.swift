/// The 95 % score interval of a proportion (Wilson 1927): right also for few people and for rates near 0 or 1, where the
/// usual ± is not.
package struct WilsonInterval: Sendable, Equatable {
    package var rate: Double
    package var low: Double
    package var high: Double

    /// Nil when nobody was asked.
    package init?(successes: Int64, of total: Int64) {
        guard total > 0, (0...total).contains(successes) else { return nil }
        let z = 1.959963984540054
        let n = Double(total)
        let p = Double(successes) / n
        let center = p + z * z / (2 * n)
        let spread = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        rate = p
        // At rates of 0 and 1 the bound is the rate itself, but for rounding.
        low = min(p, max(0, (center - spread) / scale))
        high = max(p, min(1, (center + spread) / scale))
    }
}
