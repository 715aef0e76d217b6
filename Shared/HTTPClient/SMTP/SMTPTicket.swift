import EventLoop
import Runtime

/// One message on its way through a pool.
struct SMTPTicket: Sendable {
    let message: SMTPMessage
    let batch: SMTPBatch
    let index: Int
    /// Connections that broke under it.
    var losses = 0

    /// May begin, or if it has, may still be given its content.
    var isInTime: Bool { batch.startBefore.map { MonotonicClock.now() < $0 } ?? true }

    func settle(_ result: SMTPResult) { batch.settle(index, result) }
}

/// The messages of one `send` call and their results, in order. Resumes the caller when the last one is decided.
final class SMTPBatch: Sendable {
    private struct State {
        var results: [SMTPResult?]
        var open: Int
        var isCancelled = false
        var continuation: CheckedContinuation<[SMTPResult], Never>?
    }

    /// Nothing begins after it (µs of `MonotonicClock`).
    let startBefore: Int64?
    private let counters: SMTPCounters
    private let state: Lock<State>

    init(count: Int, startBefore: Int64?, counters: SMTPCounters) {
        self.startBefore = startBefore
        self.counters = counters
        state = Lock(State(results: Array(repeating: nil, count: count), open: count))
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel() { state.withLock { $0.isCancelled = true } }

    /// Call before the first ticket is handed out.
    func begin(_ continuation: CheckedContinuation<[SMTPResult], Never>) {
        state.withLock { $0.continuation = continuation }
    }

    /// The first result of a message stands.
    func settle(_ index: Int, _ result: SMTPResult) {
        let finished = state.withLock { state -> (CheckedContinuation<[SMTPResult], Never>, [SMTPResult])? in
            guard state.results[index] == nil else { return nil }
            state.results[index] = result
            counters.count(result)
            state.open -= 1
            guard state.open == 0, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, state.results.compactMap { $0 })
        }
        if let (continuation, results) = finished { continuation.resume(returning: results) }
    }
}

/// `smtp_messages_total` by outcome, looked up once.
struct SMTPCounters: Sendable {
    private let accepted: Counter
    private let refused: Counter
    private let inDoubt: Counter
    private let notSent: Counter

    init(_ metrics: Metrics) {
        accepted = metrics.counter(.smtpMessages, "accepted")
        refused = metrics.counter(.smtpMessages, "refused")
        inDoubt = metrics.counter(.smtpMessages, "in_doubt")
        notSent = metrics.counter(.smtpMessages, "not_sent")
    }

    func count(_ result: SMTPResult) {
        switch result {
        case .accepted: accepted.increment()
        case .refused: refused.increment()
        case .inDoubt: inDoubt.increment()
        case .notSent: notSent.increment()
        }
    }
}
