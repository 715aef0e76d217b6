import Core

// Conditions on events. Each reads `events` with the app bound, from the window's first week on, so that Postgres skips
// the partitions before it.
//
// EXISTS over those that a GROUP BY leaves, never a count per endpoint: where the condition must hold, the planner makes it a
// hash (semi- or anti-) join, and under OR or in a select list a hashed sub-plan. The index of events has no use for
// single endpoints of an open range of weeks, so a sub-plan that is not hashed reads all events for each of them: the
// group by keeps the hash to one entry per endpoint, and `hash_mem_multiplier` of our sessions gives it room.

extension PredicateWriter {
    mutating func write(_ window: ActivityWindow, isActive: Bool) {
        let events = EventFilter(EventTest(), days: window.days, in: &self)
        let start = events.start
        let some = scoped(.endpoint, events) { $0.exists($1, having: "count(*) > 0") }
        if isActive {
            write("(\(row).effective_at >= \(start) OR \(some))")
        } else {
            write("(\(row).effective_at < \(start) AND NOT \(some))")
        }
    }

    mutating func write(_ test: BehaviorTest) {
        // Everyone has that many. A parameter that nothing uses would have no type.
        guard test.count != .atLeast(0) else { return write("TRUE") }
        let filter = EventFilter(test, in: &self)
        switch test.count {
        case .atLeast(let count):
            let having = "count(*) >= \(bind(count))"
            write(scoped(test.scope, filter) { $0.exists($1, having: having) })
        case .atMost(let count):
            let having = "count(*) > \(bind(count))"
            write("NOT " + scoped(test.scope, filter) { $0.exists($1, having: having) })
        case .exactly(0):
            write("NOT " + scoped(test.scope, filter) { $0.exists($1, having: "count(*) > 0") })
        case .exactly(let count):
            let having = "count(*) = \(bind(count))"
            write(scoped(test.scope, filter) { $0.exists($1, having: having) })
        }
    }

    private func scoped<Input>(
        _ scope: EventScope,
        _ input: Input,
        _ text: (EventSource, Input) -> String
    ) -> String {
        let own = EventSource(row: row, tenant: tenant, scope: .endpoint)
        switch scope {
        case .endpoint:
            return text(own, input)
        case .user:
            let user = EventSource(row: row, tenant: tenant, scope: .user)
            return "CASE WHEN \(row).user_id IS NULL THEN \(text(own, input)) ELSE \(text(user, input)) END"
        }
    }

    mutating func write(_ test: SequenceTest) {
        var chain = SequenceChain(
            steps: [],
            within: bind(Double(test.within.components.seconds)),
            lastPossible: nil
        )
        for step in test.steps { chain.steps.append(EventFilter(step, days: test.days, in: &self)) }
        if test.isLastAbsent { chain.lastPossible = bind(now - test.within) }
        write(scoped(test.scope, chain) { $0.exists($1) })
    }
}
