import Core
import EventLoop
import Model
import Segments

/// The column index of one app with its place in the change log: at every position it is equal to the tables as that
/// position's snapshot sees them.
final class AudienceIndex: Sendable {
    /// Definitions kept for the check.
    private static let recentLimit = 8

    let app: AppID
    let columns: OwnedIndex
    /// The first Monday of which events are held.
    let eventsFrom: Day
    /// Reading the log and applying it is one step, and so is whatever must see the index at one position.
    let turn = Turnstile()
    private let state: Lock<State>

    struct State {
        var position: ChangePosition
        /// Monotonic; when the index was last known to hold all that had been committed.
        var currentAt: Int64
        var askedAt: Int64
        /// A long step is under way: whoever cannot wait asks SQL.
        var isBusy = false
        var isDropped = false
        var footprint = OwnedIndex.Footprint()
        var recent: [ResolvedSegment] = []
        /// Keys seen to be deleted, for the check: they must not be members.
        var deleted: [Int64] = []
    }

    init(app: AppID, columns: OwnedIndex, eventsFrom: Day, position: ChangePosition, askedAt: Int64) {
        self.app = app
        self.columns = columns
        self.eventsFrom = eventsFrom
        state = Lock(State(position: position, currentAt: askedAt, askedAt: askedAt))
    }

    /// A copy.
    var now: State { state.withLock { $0 } }

    func update(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// Someone wants an estimate of `segment`.
    func noteQuestion(_ segment: ResolvedSegment) {
        state.withLock { state in
            state.askedAt = MonotonicClock.now()
            state.recent.removeAll { $0 == segment }
            state.recent.append(segment)
            if state.recent.count > Self.recentLimit { state.recent.removeFirst() }
        }
    }

    func noteDeleted(_ keys: [Int64]) {
        state.withLock { $0.deleted = Array(($0.deleted + keys).suffix(100)) }
    }

    /// Since the index was known to hold everything committed.
    var age: Duration { .microseconds(max(0, MonotonicClock.now() - state.withLock { $0.currentAt })) }
}
