import Core
import EventLoop

/// "There may be a campaign to start": cuts the scheduler's idle wait short. Polling is the truth.
final class SchedulerSignal: Sendable {
    private let wakeup = Lock<Wakeup?>(nil)

    func wake() {
        wakeup.withLock { $0 }?.end()
    }

    func wait(for duration: Duration, on loop: EventLoop) async {
        let new = Wakeup()
        wakeup.withLock { $0 = new }
        await new.wait(for: duration, on: loop)
    }
}
