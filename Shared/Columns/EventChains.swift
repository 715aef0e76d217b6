/// An event that some step of a sequence asks for.
struct StepEvent {
    /// Microseconds since 1970.
    var at: Int64
    var row: Int
    /// Bit n: step n asks for it.
    var steps: UInt8

    /// What the candidates did in the window and any step asks for, in the order of time.
    static func collect(_ plan: SequencePlan, _ events: BlockEvents, among candidates: RowMask?) -> [StepEvent] {
        var all: [StepEvent] = []
        for (type, times) in events.byType.enumerated() {
            var steps: UInt8 = 0
            for (number, step) in plan.steps.enumerated() where step.contains(type) { steps |= 1 << UInt8(number) }
            guard steps != 0 else { continue }
            var own: [StepEvent] = []
            for place in times.lowerBound(EventMoment(seconds: plan.since, mark: 0))..<times.count {
                let mark = times.marks[place]
                let row = Int(mark >> EventTimes.rowShift)
                if let candidates, candidates.bytes[row] == 0 { continue }
                let at = Int64(times.seconds[place]) * 1_000_000 + Int64(mark & EventMoment.microsecondMask)
                own.append(StepEvent(at: at, row: row, steps: steps))
            }
            all = merged(all, own)
        }
        return all
    }

    private static func merged(_ left: [StepEvent], _ right: [StepEvent]) -> [StepEvent] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        var all: [StepEvent] = []
        all.reserveCapacity(left.count + right.count)
        var (a, b) = (0, 0)
        while a < left.count, b < right.count {
            if left[a].at <= right[b].at {
                all.append(left[a])
                a += 1
            } else {
                all.append(right[b])
                b += 1
            }
        }
        all += left[a...]
        all += right[b...]
        return all
    }
}

/// How far each row has come in a sequence, while its events pass by in the order of time.
///
/// For each step only the latest time matters at which a chain ended there: it is the nearest to whatever follows. The
/// time before it is kept too, because a step comes strictly after the one before.
struct EventChains {
    private let plan: SequencePlan
    private let rows: Int
    /// Steps that happen; an absent last one is not among them.
    private let required: Int
    /// By step and row.
    private var latest: [Int64]
    private var earlier: [Int64]
    /// By row: the first chain since the last forbidden event; its absence is the one that is passed first.
    private var waiting: [Int64]

    private static let never = Int64.min

    init(_ plan: SequencePlan, rows: Int) {
        self.plan = plan
        self.rows = rows
        required = plan.isLastAbsent ? plan.steps.count - 1 : plan.steps.count
        latest = [Int64](repeating: Self.never, count: required * rows)
        earlier = latest
        waiting = plan.isLastAbsent ? [Int64](repeating: Self.never, count: rows) : []
    }

    /// For the events of one moment, before `meet`.
    mutating func meetForbidden(_ event: StepEvent, _ mask: RowMask) {
        guard event.steps >> UInt8(required) & 1 == 1, waiting[event.row] != Self.never else { return }
        let passed = waiting[event.row] + plan.within
        if event.at > passed, passed <= plan.now { mask.bytes[event.row] = 1 }
        waiting[event.row] = Self.never
    }

    mutating func meet(_ event: StepEvent, _ mask: RowMask) {
        for step in 0..<required where event.steps >> UInt8(step) & 1 == 1 {
            if step > 0 {
                let before = (step - 1) * rows + event.row
                let previous = latest[before] < event.at ? latest[before] : earlier[before]
                guard previous != Self.never, event.at - previous <= plan.within else { continue }
            }
            let place = step * rows + event.row
            if latest[place] != event.at {
                earlier[place] = latest[place]
                latest[place] = event.at
            }
            guard step == required - 1 else { continue }
            if !plan.isLastAbsent {
                mask.bytes[event.row] = 1
            } else if waiting[event.row] == Self.never {
                waiting[event.row] = event.at
            }
        }
    }

    /// No more events: what still waits has seen none that is forbidden.
    func finish(_ mask: RowMask) {
        for row in waiting.indices where waiting[row] != Self.never && waiting[row] + plan.within <= plan.now {
            mask.bytes[row] = 1
        }
    }
}
