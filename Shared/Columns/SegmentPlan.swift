import Core
import Segments

/// A segment in terms of one state of one index: names are column numbers, values are codes, windows are seconds.
indirect enum SegmentPlan: Sendable {
    case constant(Bool)
    case codes(column: Int, CodeSet)
    /// Of a raw column.
    case numbers(column: Int, Comparison, Double)
    case near(NearPlan)
    /// Its update or its last event is at or after that second.
    case active(since: UInt32, isActive: Bool)
    case cohort(Range<Int>)
    case bucket(SaltedBucket, Range<Int>)
    case events(EventCountPlan)
    case sequence(SequencePlan)
    case combination(Combination, [SegmentPlan])

    /// Masks that evaluating it needs at once.
    var maskCount: Int {
        switch self {
        case .combination(_, let members): 1 + (members.lazy.map(\.maskCount).max() ?? 0)
        case .constant, .codes, .numbers, .near, .active, .cohort, .bucket, .events, .sequence: 1
        }
    }
}

/// The codes of one column that pass a test.
struct CodeSet: Sendable {
    /// By code; the first stands for rows without a value.
    let passes: [Bool]
    /// The same as 1 and 0, and at least 256 long.
    let table: [UInt8]
    /// The same as runs of codes, ascending; their number says whether comparing is cheaper than looking up.
    let runs: [ClosedRange<Int>]

    init(_ passes: [Bool]) {
        self.passes = passes
        var table = [UInt8](repeating: 0, count: max(256, passes.count))
        var runs: [ClosedRange<Int>] = []
        var start: Int?
        for (code, isIn) in passes.enumerated() {
            table[code] = isIn ? 1 : 0
            if isIn {
                start = start ?? code
            } else if let first = start {
                runs.append(first...code - 1)
                start = nil
            }
        }
        if let first = start { runs.append(first...passes.count - 1) }
        self.table = table
        self.runs = runs
    }

    var hasMissing: Bool { table[0] == 1 }
}

/// Which events: by the code of their type.
enum EventSelection: Sendable {
    case any
    case type(Int)
    /// Of a type that never happened.
    case never

    func contains(_ code: Int) -> Bool {
        switch self {
        case .any: true
        case .type(let type): type == code
        case .never: false
        }
    }
}

struct EventCountPlan: Sendable {
    var events: EventSelection
    var since: UInt32
    var count: CountTest
}

struct SequencePlan: Sendable {
    /// As in `SequenceTest`.
    var steps: [EventSelection]
    /// Microseconds.
    var within: Int64
    var isLastAbsent: Bool
    var since: UInt32
    /// Microseconds since 1970.
    var now: Int64
}
