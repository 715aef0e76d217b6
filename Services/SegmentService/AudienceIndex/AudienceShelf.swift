import Core
import EventLoop
import Runtime
import Segments

/// Which apps have their index in memory, and which shall get one. Bounded in bytes; the app asked about least recently makes
/// room for another.
final class AudienceShelf: Sendable {
    /// Nobody asked for so long: the memory and the following are spared.
    static let idle: Duration = .seconds(1800)
    /// An app that did not fit, or could not be loaded, is not tried again before.
    static let refusal: Duration = .seconds(600)
    private static let wantedLimit = 64
    /// Each costs a look at the log several times a second.
    private static let indexesLimit = 32

    private struct State {
        var indexes: [AppID: AudienceIndex] = [:]
        /// In the order in which they were asked for.
        var wanted: [AppID] = []
        var loading: AppID?
        /// Until when, monotonic.
        var refused: [AppID: Int64] = [:]
        var loader: Wakeup?
        var follower: Wakeup?
    }

    /// Of all indexes together; 0 turns them off.
    let limitBytes: Int
    private let state = Lock(State())
    private let log: Logger
    private let metrics: IndexMetrics

    init(limitBytes: Int, log: Logger, metrics: IndexMetrics) {
        self.limitBytes = limitBytes
        self.log = log
        self.metrics = metrics
    }

    var isEmpty: Bool { state.withLock { $0.indexes.isEmpty } }
    var indexes: [AudienceIndex] { state.withLock { Array($0.indexes.values) } }

    /// Nil when there is none; then one will be made, unless the app was refused of late.
    func index(of app: AppID) -> AudienceIndex? {
        guard limitBytes > 0 else { return nil }
        let (found, wakeup) = state.withLock { state -> (AudienceIndex?, Wakeup?) in
            if let index = state.indexes[app] { return (index, nil) }
            return (nil, Self.want(app, &state))
        }
        wakeup?.end()
        return found
    }

    private static func want(_ app: AppID, _ state: inout State) -> Wakeup? {
        if let until = state.refused[app] {
            if until > MonotonicClock.now() { return nil }
            state.refused[app] = nil
        }
        guard state.loading != app, !state.wanted.contains(app), state.wanted.count < wantedLimit else { return nil }
        state.wanted.append(app)
        return state.loader
    }

    // MARK: Loading

    /// The next app to load, as soon as there is one; the loader calls `finish` or `refuse` for it.
    func nextWanted(on loop: EventLoop) async throws -> AppID {
        while true {
            try Task.checkCancellation()
            let wakeup = Wakeup()
            let next = state.withLock { state -> AppID? in
                state.loading = nil
                guard !state.wanted.isEmpty else {
                    state.loader = wakeup
                    return nil
                }
                state.loading = state.wanted.removeFirst()
                return state.loading
            }
            if let next { return next }
            await wakeup.wait(for: .seconds(60), on: loop)
        }
    }

    func finish(_ index: AudienceIndex) {
        let follower = state.withLock { state in
            state.loading = nil
            state.indexes[index.app] = index
            return state.follower
        }
        follower?.end()
    }

    func refuse(_ app: AppID, for time: Duration = AudienceShelf.refusal) {
        state.withLock { state in
            state.loading = nil
            if state.refused.count >= 1024 { state.refused = [:] }
            state.refused[app] = MonotonicClock.now() + time.microseconds
        }
    }

    /// Drops indexes until one of `bytes` fits beside them; false when it would not fit alone.
    func makeRoom(for bytes: Int) async throws -> Bool {
        guard bytes <= limitBytes else { return false }
        try await shrink(toBytes: limitBytes - bytes, count: Self.indexesLimit - 1)
        return true
    }

    /// Indexes grow with their apps.
    func keepWithinLimits() async throws {
        try await shrink(toBytes: limitBytes, count: Self.indexesLimit)
    }

    private func shrink(toBytes bytes: Int, count: Int) async throws {
        while true {
            let indexes = self.indexes
            let used = indexes.reduce(0) { $0 + $1.now.footprint.bytes }
            guard used > bytes || indexes.count > count,
                let oldest = indexes.min(by: { $0.now.askedAt < $1.now.askedAt })
            else { return }
            try await drop(oldest, because: .room)
        }
    }

    // MARK: Dropping

    enum Reason: String {
        /// For an app that was asked about since.
        case room = "for_another"
        case idle
        case deleted
        /// Rows of the log were missed, or so much changed that loading again is less work.
        case lost
        case mismatch
    }

    /// Takes an index out and frees it. After `lost` and `mismatch` another is loaded.
    func drop(_ index: AudienceIndex, because reason: Reason) async throws {
        let wakeup = state.withLock { state -> Wakeup? in
            guard state.indexes[index.app] === index else { return nil }
            state.indexes[index.app] = nil
            switch reason {
            case .lost, .mismatch: return Self.want(index.app, &state)
            case .room, .idle, .deleted: return nil
            }
        }
        wakeup?.end()
        log.info(
            "index.dropped",
            [
                "app": .string(index.app.description), "reason": .string(reason.rawValue),
                "rows": .integer(Int64(index.now.footprint.rows)),
            ])
        // Whoever is counting has the turn; the memory goes after it.
        try await index.turn.pass {
            index.update { $0.isDropped = true }
            try await index.columns.clear()
        }
        note()
    }

    /// Brings the gauges up to date.
    func note() {
        let states = indexes.map(\.now)
        let oldest = indexes.map(\.age.milliseconds).max() ?? 0
        metrics.note(footprints: states.map(\.footprint), behindMilliseconds: Int(oldest))
    }

    // MARK: Following

    /// Returns at once while there is an index, else when there may be one.
    func waitForIndex(on loop: EventLoop) async {
        let wakeup = Wakeup()
        let isEmpty = state.withLock { state in
            state.follower = wakeup
            return state.indexes.isEmpty
        }
        if isEmpty { await wakeup.wait(for: .seconds(60), on: loop) }
    }
}
