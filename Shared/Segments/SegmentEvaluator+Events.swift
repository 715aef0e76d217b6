import Core

extension EventTest {
    func passes(_ event: SegmentEvent) -> Bool {
        if let type, !event.type.isExactly(type) { return false }
        let texts = attributes.allSatisfy { attribute in
            let value = event.attributes.text(of: attribute.name)
            return SegmentEvaluator.passes(attribute.test, value.map { [$0] } ?? [])
        }
        return texts
            && metrics.allSatisfy { metric in
                guard let value = event.metrics.number(of: metric.name) else { return false }
                return SegmentEvaluator.passes(metric.comparison, value, metric.value)
            }
    }
}

extension BehaviorTest {
    /// The events that are counted.
    func matching(_ subject: SegmentSubject, now: Instant) -> [SegmentEvent] {
        let start = now.windowStart(days: days)
        return subject.events(in: scope).filter { $0.at >= start && event.passes($0) }
    }
}

extension SequenceTest {
    func matches(_ subject: SegmentSubject, now: Instant) -> Bool {
        let start = now.windowStart(days: days)
        let events = subject.events(in: scope).filter { $0.at >= start }
        let required = isLastAbsent ? steps.dropLast() : steps[...]
        guard let first = required.first, let last = steps.last else { return false }
        // Times at which a chain may stand after each step: one pass per step over the sorted times.
        var reached = times(of: first, in: events)
        for step in required.dropFirst() {
            let earlier = reached
            reached = times(of: step, in: events).filter { time in followsOne(of: earlier, time) }
        }
        guard isLastAbsent else { return !reached.isEmpty }
        let forbidden = times(of: last, in: events)
        return reached.contains { time in
            time + within <= now && !forbidden.contains { time < $0 && $0 <= time + within }
        }
    }

    /// Ascending.
    private func times(of step: EventTest, in events: [SegmentEvent]) -> [Instant] {
        events.filter(step.passes).map(\.at).sorted()
    }

    /// The latest earlier one is the nearest.
    private func followsOne(of earlier: [Instant], _ time: Instant) -> Bool {
        var low = 0
        var high = earlier.count
        while low < high {
            let middle = (low + high) / 2
            if earlier[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low > 0 && time <= earlier[low - 1] + within
    }
}
