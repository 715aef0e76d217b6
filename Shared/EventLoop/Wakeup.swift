/// One wait that ends by time, by a hint, or by cancellation, whichever comes first. Use it once.
package final class Wakeup: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Void, Never>?
        var timer: LoopTimer?
        var ended = false
    }

    private let state = Lock(State())

    package init() {}

    package func wait(for duration: Duration, on loop: EventLoop) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let ended = state.withLock { state in
                    if !state.ended { state.continuation = continuation }
                    return state.ended
                }
                guard !ended else { return continuation.resume() }
                loop.submit { self.arm(loop.schedule(after: duration) { self.end() }) }
            }
        } onCancel: {
            end()
        }
        // Left in the loop's heap, the timer of a long wait would outlive it by as much.
        if let timer = state.withLock({ $0.timer }) { loop.submit { timer.cancel() } }
    }

    /// Callable from anywhere, any number of times, before the wait too.
    package func end() {
        let continuation = state.withLock { state in
            state.ended = true
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume()
    }

    private func arm(_ timer: LoopTimer) {
        let ended = state.withLock { state in
            state.timer = timer
            return state.ended
        }
        if ended { timer.cancel() }
    }
}
