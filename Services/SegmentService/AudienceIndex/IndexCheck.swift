import Core
import EventLoop
import Hosting
import Model
import Postgres
import Runtime
import Segments

/// Compares loaded indexes with the tables, again and again: for a segment that was asked about and for a stored one, are the
/// same of some endpoints members? Both answer at the same snapshot, so that nothing moves between them. An index that
/// differs is dropped and loaded again.
struct IndexCheck: Sendable {
    private static let pause: Duration = .seconds(5)
    /// Of one core of Postgres and of ours together, a checker takes at most 1 / 50.
    private static let rest: Int64 = 50
    private static let places = 5
    private static let keysPerPlace = 50
    /// Everything is compared, and not single endpoints, while nobody waits for an answer.
    private static let quiet: Duration = .seconds(10)

    let context: ServiceContext
    let shelf: AudienceShelf
    let metrics: IndexMetrics

    var worker: BackgroundWorker {
        BackgroundWorker(name: "index-check") { try await run() }
    }

    private func run() async throws {
        var round = 0
        while true {
            let start = MonotonicClock.now()
            let indexes = shelf.indexes.sorted { $0.app < $1.app }
            if !indexes.isEmpty { try await check(indexes[round % indexes.count], round: round) }
            round += 1
            let took = MonotonicClock.now() - start
            try await context.loop.sleep(for: max(Self.pause, .microseconds(took * Self.rest)))
        }
    }

    private func check(_ index: AudienceIndex, round: Int) async throws {
        var segments: [ResolvedSegment] = []
        if let recent = pick(index.now.recent) { segments.append(recent) }
        if let stored = try await storedSegment(of: index.app) { segments.append(stored) }
        let isQuiet = MonotonicClock.now() - index.now.askedAt > Self.quiet.microseconds
        for segment in segments {
            try await check(index, segment, .members)
            if isQuiet, round % 12 == 0 { try await check(index, segment, .tally) }
        }
    }

    enum Scope: String {
        /// Of a few hundred endpoints.
        case members
        /// The whole estimate.
        case tally
    }

    /// Checks once, and once more at a later snapshot before it believes a difference.
    func check(_ index: AudienceIndex, _ segment: ResolvedSegment, _ scope: Scope) async throws {
        metrics.checks.increment()
        guard try await differs(index, segment, scope), try await differs(index, segment, scope) else { return }
        metrics.mismatches.increment()
        context.environment.log.error(
            "index.mismatch",
            [
                "app": .string(index.app.description), "segment": .string(segment.id?.description ?? "unsaved"),
                "scope": .string(scope.rawValue),
            ])
        try await shelf.drop(index, because: .mismatch)
    }

    private func differs(_ index: AudienceIndex, _ segment: ResolvedSegment, _ scope: Scope) async throws -> Bool {
        switch scope {
        case .members: try await membersDiffer(index, segment)
        case .tally: try await tallyDiffers(index, segment)
        }
    }

    private func membersDiffer(_ index: AudienceIndex, _ segment: ResolvedSegment) async throws -> Bool {
        let now = context.environment.now()
        let places = (0..<Self.places).map { _ in Int64(bitPattern: context.environment.randomWord()) }
        return try await context.database.transaction(isolation: .repeatableRead) { session in
            let answer = try await index.turn.pass { () -> (keys: [Int64], isMember: [Bool])? in
                guard try await isCurrent(index, now, session) else { return nil }
                let keys = try await ColumnFeed.keys(index.app, at: places, each: Self.keysPerPlace, in: session)
                let all = Array(keys.union(index.now.deleted))
                guard let isMember = try await index.columns.members(segment.expression, among: all, now: now) else {
                    return nil
                }
                return (all, isMember)
            }
            guard let answer else { return false }
            let members = try await SegmentEstimator.members(
                of: segment, app: index.app, among: answer.keys, now: now, in: session)
            return zip(answer.keys, answer.isMember).contains { members.contains($0) != $1 }
        }
    }

    private func tallyDiffers(_ index: AudienceIndex, _ segment: ResolvedSegment) async throws -> Bool {
        let now = context.environment.now()
        return try await context.database.transaction(isolation: .repeatableRead) { session in
            let counted = try await index.turn.pass { () -> SegmentCount? in
                guard try await isCurrent(index, now, session) else { return nil }
                return try await index.columns.estimate(segment.expression, now: now)
            }
            guard let counted else { return false }
            return try await SegmentEstimator.count(segment, app: index.app, now: now, in: session) != counted
        }
    }

    private func isCurrent(_ index: AudienceIndex, _ now: Instant, _ session: Session) async throws -> Bool {
        guard !index.now.isDropped else { return false }
        guard case .current = try await index.follow(.question, now: now, in: session) else { return false }
        // The segment's statement is planned as it would be elsewhere.
        try await session.batch(ColumnFeed.plannerDefaults)
        return true
    }

    // MARK: Segments

    private func pick(_ segments: [ResolvedSegment]) -> ResolvedSegment? {
        guard !segments.isEmpty else { return nil }
        return segments[Int(context.environment.randomWord() % UInt64(segments.count))]
    }

    /// Any of the app's; nil when it has none, or the one drawn cannot be resolved any more.
    private func storedSegment(of app: AppID) async throws -> ResolvedSegment? {
        let place: SegmentID = context.environment.newID()
        return try await context.database.withSession { session in
            guard let id = try await SegmentStore.any(app, near: place, in: session) else { return nil }
            do {
                return try await SegmentResolver.resolve(app, id: id, in: session)
            } catch let fault as Fault where fault.code == .invalid {
                return nil
            }
        }
    }
}
