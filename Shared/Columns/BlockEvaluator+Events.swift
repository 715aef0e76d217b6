import Segments

extension BlockEvaluator {
    /// Rows by how often they did something since a second. Reads the tail of each type's events; whether a row did
    /// anything at all stands in the times of its last event.
    func evaluate(_ plan: EventCountPlan, _ events: BlockEvents, _ mask: RowMask) {
        if let isSome = plan.count.asksForSome {
            switch plan.events {
            case .any:
                mask.set(events.last, since: plan.since)
            case .type(let type):
                mask.fill(false)
                Self.forEachEvent(of: type, events, since: plan.since) { mask.bytes[$0] = 1 }
            case .never:
                mask.fill(false)
            }
            if !isSome { mask.invert() }
            return
        }
        counts.update(repeating: 0, count: mask.count)
        for type in events.byType.indices where plan.events.contains(type) {
            Self.forEachEvent(of: type, events, since: plan.since) { counts[$0] &+= 1 }
        }
        switch plan.count {
        case .atLeast(let bound):
            let bound = UInt32(clamping: bound)
            for row in 0..<mask.count { mask.bytes[row] = counts[row] >= bound ? 1 : 0 }
        case .atMost(let bound):
            let bound = UInt32(clamping: bound)
            for row in 0..<mask.count { mask.bytes[row] = counts[row] <= bound ? 1 : 0 }
        case .exactly(let bound):
            let bound = UInt32(clamping: bound)
            for row in 0..<mask.count { mask.bytes[row] = counts[row] == bound ? 1 : 0 }
        }
    }

    /// Calls `body` with the row of each event of the type at or after the second.
    @inline(__always)
    private static func forEachEvent(
        of type: Int, _ events: BlockEvents, since: UInt32, _ body: (Int) -> Void
    ) {
        guard type < events.byType.count else { return }
        let times = events.byType[type]
        let first = times.lowerBound(EventMoment(seconds: since, mark: 0))
        times.marks.withUnsafeBufferPointer { marks in
            var place = first
            while place < marks.count {
                body(Int(marks[place] &>> EventTimes.rowShift))
                place &+= 1
            }
        }
    }

    func evaluate(_ plan: SequencePlan, _ events: BlockEvents, _ mask: RowMask, among candidates: RowMask?) {
        mask.fill(false)
        let steps = StepEvent.collect(plan, events, among: candidates)
        guard !steps.isEmpty else { return }
        var chains = EventChains(plan, rows: mask.count)
        var start = 0
        while start < steps.count {
            var end = start + 1
            while end < steps.count, steps[end].at == steps[start].at { end += 1 }
            // At one moment, what ends the waiting for an absence does so for chains that ended before.
            if plan.isLastAbsent {
                for event in steps[start..<end] { chains.meetForbidden(event, mask) }
            }
            for event in steps[start..<end] { chains.meet(event, mask) }
            start = end
        }
        chains.finish(mask)
    }
}

extension CountTest {
    /// True: passed by every count but 0. False: by 0 alone. Nil: anything else.
    fileprivate var asksForSome: Bool? {
        switch self {
        case .atLeast(1): true
        case .atMost(0), .exactly(0): false
        case .atLeast, .atMost, .exactly: nil
        }
    }
}
