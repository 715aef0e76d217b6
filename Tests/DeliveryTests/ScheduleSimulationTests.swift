import Core
import TestKit
import Testing

/// A thousand random schedules over all zones of the machine (`ScheduleSimulation`).
@Suite struct ScheduleSimulationTests {
    private static let seeds = 1000
    private static let blocks = 4

    /// Each message goes to each person once at most: a plan names each zone in one slot, occurrences only grow.
    @Test(arguments: 0..<blocks)
    func `nobody is sent to twice, in quiet time, above a cap, before their time or after the end`(block: Int) throws {
        var tally = ScheduleSimulation.Tally()
        for seed in stride(from: block, to: Self.seeds, by: Self.blocks) {
            var simulation = try ScheduleSimulation(seed: UInt64(seed))
            simulation.play()
            tally += simulation.tally
            guard !simulation.violations.isEmpty else { continue }
            Issue.record(
                """
                seed \(seed): \(simulation.violations.count) violations: \(simulation.violations.prefix(3)); \
                \(simulation.wire), written \(simulation.writtenAt), \(simulation.rules), lasting \(simulation.duration)
                """)
            return
        }
        // What it is about has happened, and often.
        let seen = [tally.runs, tally.missed, tally.passed, tally.sent, tally.quiet, tally.capped, tally.expired]
        let least = [200, 20, 1000, 20_000, 1000, 1000, 1000]
        #expect(zip(seen, least).allSatisfy { $0 >= $1 }, "\(tally)")
    }
}
