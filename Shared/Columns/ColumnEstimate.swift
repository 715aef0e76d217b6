/// What the index says of a segment: the same numbers as `SegmentEstimator` reads from the tables.
package struct ColumnEstimate: Hashable, Sendable {
    package struct Tally: Hashable, Sendable {
        /// Members: what a run would plan.
        package var count: Int
        /// Members that a run would send to; of several with one channel and address, one.
        package var reachable: Int

        package init(count: Int = 0, reachable: Int = 0) {
            self.count = count
            self.reachable = reachable
        }
    }

    package var count: Int
    package var reachable: Int
    /// By ChannelType, those with members; members without one are in the totals only.
    package var byChannel: [String: Tally]
    /// The lowest endpoint keys among the members, ascending, at most `sampleSize`.
    package var sampleKeys: [Int64]

    package static let sampleSize = 10

    package init(
        count: Int = 0,
        reachable: Int = 0,
        byChannel: [String: Tally] = [:],
        sampleKeys: [Int64] = []
    ) {
        self.count = count
        self.reachable = reachable
        self.byChannel = byChannel
        self.sampleKeys = sampleKeys
    }
}
