import Core
package import EventLoop

/// What a group commit takes or refuses whole.
package protocol GroupCommitItem: Sendable {
    /// For the bounds of a batch: rows to write.
    var rows: Int { get }
    /// For the bounds of memory.
    var bytes: Int { get }
}

/// Gathers requests into batches for the lanes that commit them: what arrives within 2 ms, or while every lane is busy, goes
/// into one transaction. A request waits for its commit, never longer than the batch takes.
package final class GroupCommit<Item: GroupCommitItem, Answer: Sendable>: Sendable {
    /// One result per request, in order. A success is durable.
    package typealias Committer = @Sendable ([Item]) async -> [Result<Answer, any Error>]

    package struct Bounds: Sendable {
        /// From the first request of a batch to its start, when a lane is free.
        package var window: Duration = .milliseconds(2)
        /// With that many rows waiting, a free lane starts at once: two commits side by side use two cores of Postgres.
        package var startRows = 500
        /// A batch ends with the request that reaches them.
        package var batchRows = 2000
        package var batchBytes = 8 << 20
        /// Beyond these, requests are refused.
        package var waitingRows = 40_000
        package var waitingBytes = 64 << 20

        package init() {}
    }

    /// The queue is full: the caller should come back later.
    package struct Overload: Error {
        package init() {}
    }

    private struct Waiting {
        let request: Item
        let since: Int64
        let continuation: CheckedContinuation<Answer, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var rows = 0
        var bytes = 0
        var lanes = 0
        /// The last lane has ended; before the first begins, requests wait for it.
        var hasEnded = false
        var idle: [CheckedContinuation<[Waiting], Never>] = []
        var isTimerSet = false
    }

    private let committer: Committer
    private let loop: EventLoop
    private let bounds: Bounds
    private let state = Lock(State())

    package init(loop: EventLoop, bounds: Bounds = Bounds(), committer: @escaping Committer) {
        self.committer = committer
        self.loop = loop
        self.bounds = bounds
    }

    /// Not yet given to a lane.
    package var waitingRequests: Int { state.withLock { $0.waiting.count } }

    /// Returns after the commit. Throws `Overload` when too much is waiting, `.unavailable` once the lanes have ended,
    /// else what the database said about this request.
    package func submit(_ request: Item) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(request: request, since: MonotonicClock.now(), continuation: continuation)
            switch state.withLock({ enter(waiting, &$0) }) {
            case .entered: break
            case .refused(let error): continuation.resume(throwing: error)
            case .startsTimer(let delay): setTimer(delay)
            case .starts(let lane, let batch): lane.resume(returning: batch)
            }
        }
    }

    private enum Entry {
        case entered
        case refused(any Error)
        case startsTimer(Duration)
        case starts(CheckedContinuation<[Waiting], Never>, [Waiting])
    }

    private func enter(_ waiting: Waiting, _ state: inout State) -> Entry {
        if state.hasEnded { return .refused(Self.ended) }
        let request = waiting.request
        // A request larger than the bounds passes alone.
        let isFull = state.rows + request.rows > bounds.waitingRows || state.bytes + request.bytes > bounds.waitingBytes
        if isFull, !state.waiting.isEmpty { return .refused(Overload()) }
        state.waiting.append(waiting)
        state.rows += request.rows
        state.bytes += request.bytes
        return next(&state)
    }

    /// What is to be done now that something changed.
    private func next(_ state: inout State) -> Entry {
        guard let first = state.waiting.first, !state.idle.isEmpty else { return .entered }
        let age = MonotonicClock.now() - first.since
        if state.rows >= bounds.startRows || state.bytes >= bounds.batchBytes || age >= bounds.window.microseconds {
            return .starts(state.idle.removeLast(), take(&state))
        }
        guard !state.isTimerSet else { return .entered }
        state.isTimerSet = true
        return .startsTimer(.microseconds(bounds.window.microseconds - age))
    }

    private func take(_ state: inout State) -> [Waiting] {
        var (count, rows, bytes) = (0, 0, 0)
        while count < state.waiting.count, rows < bounds.batchRows, bytes < bounds.batchBytes {
            rows += state.waiting[count].request.rows
            bytes += state.waiting[count].request.bytes
            count += 1
        }
        let batch = Array(state.waiting[..<count])
        state.waiting.removeFirst(count)
        state.rows -= rows
        state.bytes -= bytes
        return batch
    }

    private func setTimer(_ delay: Duration) {
        if loop.isInLoop {
            loop.schedule(after: delay) { self.timerFired() }
        } else {
            loop.submit { self.setTimer(delay) }
        }
    }

    private func timerFired() {
        state.withLock { $0.isTimerSet = false }
        advance()
    }

    private func advance() {
        switch state.withLock({ next(&$0) }) {
        case .entered, .refused: break
        case .startsTimer(let delay): setTimer(delay)
        case .starts(let lane, let batch): lane.resume(returning: batch)
        }
    }

    // MARK: Lanes

    /// One lane: commits batch after batch until it is cancelled, and then what is still waiting. Two are enough for Postgres.
    package func runLane() async {
        state.withLock { $0.lanes += 1 }
        defer { laneEnded() }
        while !Task.isCancelled {
            await commit(await nextBatch())
        }
        while case let rest = state.withLock({ take(&$0) }), !rest.isEmpty { await commit(rest) }
    }

    private func nextBatch() async -> [Waiting] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<[Waiting], Never>) in
                state.withLock { $0.idle.append(continuation) }
                // The handler may have run before.
                if Task.isCancelled { wakeLanes() } else { advance() }
            }
        } onCancel: {
            wakeLanes()
        }
    }

    /// Lanes are cancelled together; whichever of them wakes looks whether it was meant.
    private func wakeLanes() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for lane in idle { lane.resume(returning: []) }
    }

    private func commit(_ batch: [Waiting]) async {
        guard !batch.isEmpty else { return }
        let results = await committer(batch.map(\.request))
        for (waiting, result) in zip(batch, results) { waiting.continuation.resume(with: result) }
    }

    private func laneEnded() {
        let rest = state.withLock { state -> [Waiting] in
            state.lanes -= 1
            guard state.lanes == 0 else { return [] }
            state.hasEnded = true
            defer { (state.waiting, state.rows, state.bytes) = ([], 0, 0) }
            return state.waiting
        }
        for waiting in rest { waiting.continuation.resume(throwing: Self.ended) }
    }

    private static var ended: Fault { Fault(.unavailable, "The service is stopping; try again", isRetryable: true) }
}
