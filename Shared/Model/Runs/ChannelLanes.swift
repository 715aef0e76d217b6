import Core
import Queue

/// Which queue a member's chunk goes to, for a run that several channels' workers send: by arm and channel type, as SQL.
///
/// A run of one channel has no lanes: its statement stays as fast as it was.
struct ChannelLanes: Sendable {
    private let treatments: [Int16]
    private let types: [String]
    private let numbers: [Int16]
    private let names: [String]

    init?(_ plan: RunPlan) {
        let queues = plan.queues
        guard queues.count > 1 else { return nil }
        var (treatments, types, numbers): ([Int16], [String], [Int16]) = ([], [], [])
        for (arm, treatment) in plan.treatments.enumerated() {
            for (type, queue) in treatment.senders.sorted(by: { $0.key < $1.key }) {
                treatments.append(Int16(arm))
                types.append(type)
                numbers.append(Int16(queues.firstIndex(of: queue) ?? 0))
            }
        }
        self.treatments = treatments
        self.types = types
        self.numbers = numbers
        names = queues.map(\.name)
    }

    /// Joins `l.lane` to `members`; null for who is on no channel that anybody sends.
    var join: SQL {
        """
        LEFT JOIN unnest(\(treatments), \(types), \(numbers)) AS l (treatment, channel_type, lane)
               USING (treatment, channel_type)
        """
    }

    /// The queue's name from `lane`.
    var queue: SQL { "(\(names))[lane + 1]" }
}
