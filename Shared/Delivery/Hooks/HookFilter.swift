package import Core
package import EventLoop
import HTTPClient
package import Model
package import Queue
package import Runtime

/// Asks a campaign's hook about people before their messages are made: 50 to a call, 15 seconds, three tries, as Pinpoint.
///
/// What it finds out is not stored: people whose worker died before their window was opened are asked about again.
package struct HookFilter: Sendable {
    /// Pinpoint: endpoints of one call.
    package static let peoplePerCall = 50
    /// Pinpoint: tries of one call.
    static let tries = 3
    /// Calls in flight for one window.
    static let callsAtOnce = 4
    /// How often a wait looks whether anybody still wants its answer.
    static let wantedPoll: Duration = .milliseconds(250)

    private let caller: any HookCaller
    private let breakers: CircuitBreakers
    private let loop: EventLoop
    private let environment: Environment
    private let metrics: Metrics
    private let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2))

    package init(caller: any HookCaller, loop: EventLoop, environment: Environment, metrics: Metrics) {
        self.init(
            caller: caller, breakers: CircuitBreakers(), loop: loop, environment: environment, metrics: metrics)
    }

    init(
        caller: any HookCaller, breakers: CircuitBreakers, loop: EventLoop, environment: Environment, metrics: Metrics
    ) {
        self.caller = caller
        self.breakers = breakers
        self.loop = loop
        self.environment = environment
        self.metrics = metrics
    }

    package enum Answer: Sendable, Equatable {
        /// By endpoint key, one for each person.
        case verdicts([Int64: HookVerdict])
        /// The hook has failed again and again and is left alone for this long; nobody was asked about.
        case wait(Duration)
        /// `isWanted` said no before all calls were answered.
        case abandoned
    }

    /// `isWanted` is asked four times a second while calls run; once it says no, they are given up.
    package func ask(
        _ hook: RunHook,
        about people: [Recipient],
        plan: RunPlan,
        cause: SendCause,
        isWanted: @escaping @Sendable () async -> Bool
    ) async -> Answer {
        guard !people.isEmpty else { return .verdicts([:]) }
        let breaker = breakers[hook.peer]
        if case .wait(let pause) = breaker.permission(at: MonotonicClock.now()) { return .wait(pause) }
        let blocks = stride(from: 0, to: people.count, by: Self.peoplePerCall).map { start in
            Array(people[start..<min(start + Self.peoplePerCall, people.count)])
        }
        let result = await withTaskGroup(of: Event.self) { group in
            group.addTask { await watch(isWanted) }
            var waiting = blocks[...]
            for block in waiting.prefix(Self.callsAtOnce) {
                group.addTask { .answered(await answer(hook, about: block, plan, cause, breaker)) }
            }
            waiting = waiting.dropFirst(Self.callsAtOnce)
            var verdicts: [Int64: HookVerdict] = [:]
            var unanswered = blocks.count
            while unanswered > 0, let event = await group.next() {
                guard case .answered(let some?) = event else {
                    group.cancelAll()
                    return Answer.abandoned
                }
                unanswered -= 1
                verdicts.merge(some) { first, _ in first }
                if let block = waiting.popFirst() {
                    group.addTask { .answered(await answer(hook, about: block, plan, cause, breaker)) }
                }
            }
            group.cancelAll()
            return .verdicts(verdicts)
        }
        if result == .abandoned { breaker.abandoned() }
        return result
    }

    private enum Event: Sendable {
        /// Nil: cancelled.
        case answered([Int64: HookVerdict]?)
        case unwanted
    }

    private func watch(_ isWanted: @Sendable () async -> Bool) async -> Event {
        while !Task.isCancelled {
            try? await loop.sleep(for: Self.wantedPoll)
            if await !isWanted() { return .unwanted }
        }
        return .unwanted
    }

    /// All tries of one call. Nil when cancelled.
    private func answer(
        _ hook: RunHook, about people: [Recipient], _ plan: RunPlan, _ cause: SendCause, _ breaker: CircuitBreaker
    ) async -> [Int64: HookVerdict]? {
        let body = HookPayload(plan: plan, cause: cause).body(people)
        var last: HookFault?
        for attempt in 1...Self.tries {
            if attempt > 1 {
                try? await loop.sleep(for: backoff.delay(attempt: attempt, random: environment.randomWord()))
            }
            guard !Task.isCancelled else { return nil }
            do throws(HookFault) {
                let verdicts = try await tried(hook, body, people)
                breaker.succeeded()
                return verdicts
            } catch {
                if error.kind == .cancelled { return nil }
                last = error
                if error.kind == .refused { break }
            }
        }
        // What answers at once, whatever it says, holds nobody up.
        if last?.kind == .unavailable { breaker.failed(at: MonotonicClock.now()) } else { breaker.succeeded() }
        environment.log.warning(
            "hook.failed",
            [
                "kind": .string(hook.kind), "campaign": .string(plan.campaign.description),
                "people": .integer(Int64(people.count)), "reason": .string(last?.description ?? ""),
            ])
        return Dictionary(people.map { ($0.key, .failed) }, uniquingKeysWith: { first, _ in first })
    }

    private func tried(
        _ hook: RunHook, _ body: [UInt8], _ people: [Recipient]
    ) async throws(HookFault) -> [Int64: HookVerdict] {
        let start = MonotonicClock.now()
        var outcome = "ok"
        defer {
            metrics.histogram(.hookSeconds, hook.kind).observe(Double(MonotonicClock.now() - start) / 1_000_000)
            metrics.counter(.hookCalls, hook.kind, outcome).increment()
        }
        do throws(HookFault) {
            return try HookAnswer.verdicts(try await caller.call(hook, body), about: people)
        } catch {
            outcome = error.kind.rawValue
            throw error
        }
    }
}
