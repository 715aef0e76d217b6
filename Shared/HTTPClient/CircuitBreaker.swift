import Core
import EventLoop

/// Stops asking a peer that fails again and again, and tries it with one call from time to time.
///
/// Closed until `opensAfter` failures in a row; then open for a pause that doubles up to `longestPause`; then one caller is let
/// through, whose result decides. Why: a peer that only times out would hold every worker that waits for it.
package final class CircuitBreaker: Sendable {
    package struct Terms: Sendable {
        package var opensAfter: Int
        package var firstPause: Duration
        package var longestPause: Duration

        package init(
            opensAfter: Int = 3, firstPause: Duration = .seconds(15), longestPause: Duration = .seconds(60)
        ) {
            self.opensAfter = opensAfter
            self.firstPause = firstPause
            self.longestPause = longestPause
        }
    }

    package enum Permission: Sendable, Equatable {
        case go
        /// Ask again after this.
        case wait(Duration)
    }

    private struct State {
        var failures = 0
        var pause: Duration = .zero
        /// Microseconds of the monotonic clock; nil while closed.
        var openUntil: Int64?
        var isProbing = false
    }

    private let terms: Terms
    private let state = Lock(State())

    package init(_ terms: Terms = Terms()) {
        self.terms = terms
    }

    /// Every `.go` must be followed by `succeeded`, `failed` or `abandoned`. `now`: microseconds of the monotonic clock.
    package func permission(at now: Int64) -> Permission {
        state.withLock { state in
            guard let until = state.openUntil else { return .go }
            if now < until { return .wait(.microseconds(until - now)) }
            if state.isProbing { return .wait(terms.firstPause) }
            state.isProbing = true
            return .go
        }
    }

    package func succeeded() {
        state.withLock { $0 = State() }
    }

    package func failed(at now: Int64) {
        state.withLock { state in
            state.failures += 1
            let wasProbing = state.isProbing
            state.isProbing = false
            // Calls that were on their way when it opened say nothing new.
            guard wasProbing || state.openUntil == nil && state.failures >= terms.opensAfter else { return }
            state.pause = state.pause == .zero ? terms.firstPause : min(state.pause * 2, terms.longestPause)
            state.openUntil = now + state.pause.microseconds
        }
    }

    /// The call was given up for reasons of our own.
    package func abandoned() {
        state.withLock { $0.isProbing = false }
    }

    package var isOpen: Bool { state.withLock { $0.openUntil != nil } }
}

/// A breaker per peer.
package final class CircuitBreakers: Sendable {
    /// Bounds memory: far more peers than one process talks to at once. Breakers that are closed go first.
    private static let capacity = 256

    private let terms: CircuitBreaker.Terms
    private let breakers = Lock<[String: CircuitBreaker]>([:])

    package init(_ terms: CircuitBreaker.Terms = CircuitBreaker.Terms()) {
        self.terms = terms
    }

    package subscript(peer: String) -> CircuitBreaker {
        breakers.withLock { breakers in
            if let known = breakers[peer] { return known }
            if breakers.count >= Self.capacity { breakers = breakers.filter { $0.value.isOpen } }
            if breakers.count >= Self.capacity { breakers = [:] }
            let made = CircuitBreaker(terms)
            breakers[peer] = made
            return made
        }
    }
}
