import Core
import EventLoop

/// "There may be a campaign to start": cuts the scheduler's wait short, or the next one when it is not waiting. Polling is the
/// truth.
final class SchedulerSignal: Sendable {
    private struct State {
        var isPending = false
        var wakeup: Wakeup?
    }

    private let state = Lock(State())

    /// Call after the commit that made it true.
    func wake() {
        let wakeup = state.withLock { state in
            state.isPending = true
            return state.wakeup
        }
        wakeup?.end()
    }

    /// One waiter at a time.
    func wait(for duration: Duration, on loop: EventLoop) async {
        let new = Wakeup()
        let isPending = state.withLock { state in
            state.wakeup = new
            return state.isPending
        }
        if !isPending { await new.wait(for: duration, on: loop) }
        state.withLock { state in
            state.isPending = false
            state.wakeup = nil
        }
    }
}
