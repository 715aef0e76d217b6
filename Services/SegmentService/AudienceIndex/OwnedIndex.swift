import Columns
import Core
import Model
import Postgres
import Runtime
import Segments

/// The column index of one app, reached through the thread that owns it.
final class OwnedIndex: @unchecked Sendable {
    // SAFETY: `index` is touched in bodies of `thread.run` only (`change` checks it), which never run side by side.
    private var index: ColumnIndex
    private let thread: IndexThread

    init(eventsFrom: Instant, thread: IndexThread) {
        index = ColumnIndex(eventsFrom: eventsFrom)
        self.thread = thread
    }

    struct Footprint: Sendable, Equatable {
        var rows = 0
        var columnBytes = 0
        var behaviorBytes = 0

        var bytes: Int { columnBytes + behaviorBytes }

        init(rows: Int = 0, columnBytes: Int = 0, behaviorBytes: Int = 0) {
            self.rows = rows
            self.columnBytes = columnBytes
            self.behaviorBytes = behaviorBytes
        }

        init(_ index: ColumnIndex) {
            let size = index.footprint
            self.init(rows: size.rows, columnBytes: size.columnBytes, behaviorBytes: size.behaviorBytes)
        }
    }

    /// Runs `body` on the owning thread.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (inout ColumnIndex) throws -> Value
    ) async throws -> Value {
        try await thread.run { [self] in
            precondition(thread.isCurrent, "a column index off its thread")
            return try body(&index)
        }
    }

    // MARK: Questions

    /// Nil when the index does not hold what is asked for.
    func estimate(_ expression: SegmentExpression, now: Instant) async throws -> SegmentCount? {
        try await change { $0.estimate(expression, now: now).map(SegmentCount.init) }
    }

    func members(_ expression: SegmentExpression, among keys: [Int64], now: Instant) async throws -> [Bool]? {
        try await change { $0.members(expression, among: keys, now: now) }
    }

    func footprint() async throws -> Footprint {
        try await change { Footprint($0) }
    }

    /// Lets go of events from before `first`, which no question reaches any more.
    func shrink(to first: Instant) async throws -> Footprint {
        try await change { index in
            if index.eventsFrom < first { index.forgetEvents(before: first) }
            return Footprint(index)
        }
    }

    // MARK: Feeding

    /// A page of a load: rows of `ColumnFeed.page`, and of `ColumnFeed.events` all events of theirs that are held.
    func append(_ rows: [Row], events: [Row], twins: Set<Int64>) async throws {
        try await change { index in
            let rows = try rows.map { try ColumnRow($0, twins: twins) }
            index.upsert(rows)
            index.replaceEvents(
                of: rows.map(\.key), from: index.eventsFrom, to: .distantFuture, with: try ColumnEvent.list(events))
        }
    }

    /// Makes rows of `ColumnFeed.rows` all that is held of `keys`. Answers which of them are new here: none of their events
    /// are held yet.
    func renew(_ keys: [Int64], with rows: [Row]) async throws -> Set<Int64> {
        try await change { index in
            let rows = try rows.map { try ColumnRow($0) }
            let found = rows.map(\.key)
            let held = index.members(.everyone, among: found, now: index.eventsFrom) ?? []
            index.upsert(rows.sorted { $0.key < $1.key })
            let remaining = Set(found)
            let gone = keys.filter { !remaining.contains($0) }
            if !gone.isEmpty { index.remove(gone) }
            return Set(zip(found, held).lazy.filter { !$0.1 }.map(\.0))
        }
    }

    /// Makes rows of `ColumnFeed.events` all that `keys` did in those weeks; nil: in all that are held.
    func renewEvents(of keys: [Int64], weeks: [Day]?, with rows: [Row]) async throws {
        try await change { index in
            let events = try ColumnEvent.list(rows)
            guard let weeks else {
                return index.replaceEvents(of: keys, from: index.eventsFrom, to: .distantFuture, with: events)
            }
            let byWeek = Dictionary(grouping: events) { $0.at.day.weekStart }
            for week in weeks {
                index.replaceEvents(
                    of: keys, from: max(week.start, index.eventsFrom), to: (week + 7).start, with: byWeek[week] ?? [])
            }
        }
    }

    /// Gives what loading used for a while back to the system.
    func settle() async throws {
        try await change { index in
            index.shrinkToFit()
            ProcessMemory.trim()
        }
    }

    /// Frees the memory, on the owning thread. The index is empty afterwards, and must not be asked.
    func clear() async throws {
        try await change { $0 = ColumnIndex(eventsFrom: $0.eventsFrom) }
    }
}

extension SegmentCount {
    fileprivate init(_ estimate: ColumnEstimate) {
        func tally(_ tally: ColumnEstimate.Tally) -> SegmentEstimate.Tally {
            .init(count: Int64(tally.count), reachable: Int64(tally.reachable))
        }
        self.init(
            total: tally(.init(count: estimate.count, reachable: estimate.reachable)),
            byChannel: estimate.byChannel.mapValues(tally), sampleKeys: estimate.sampleKeys)
    }
}

extension Instant {
    /// After everything that can happen; whole weeks fit behind it.
    fileprivate static let distantFuture = Instant(seconds: 1 << 36)
}
