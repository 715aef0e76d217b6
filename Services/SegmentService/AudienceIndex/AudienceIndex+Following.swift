import Core
import EventLoop
import Model
import Postgres
import Runtime

extension AudienceIndex {
    /// How much a step may take on.
    struct Bound: Sendable {
        var keys: Int
        var pages: Int

        /// For whoever waits for an answer.
        static let question = Bound(keys: 2000, pages: 8)
    }

    enum Progress: Sendable {
        /// The index equals the tables as the session's transaction sees them; so many endpoints were read again.
        case current(renewed: Int)
        /// More happened than the bound allows; nothing was applied.
        case tooMuch
        /// Changes were missed, or reading all again is less work.
        case lost
    }

    private static let rowsPerPage = 32
    /// Large, because taking events in costs the index something per block, however few they are.
    private static let keysPerChunk = 5000
    /// More weeks than these are read as one.
    private static let weeksLimit = 8

    /// Reads the log up to the session's snapshot, and what it names from the tables. The session is in a repeatable-read
    /// transaction that has not read yet: its snapshot must not be older than what was applied before. The caller has the turn.
    func follow(_ bound: Bound, now: Instant, in session: Session) async throws -> Progress {
        let start = MonotonicClock.now()
        let known = self.now.position
        var changes = Changes()
        var cursor: ChangePage.Cursor?
        var position = known
        var pages = 0
        repeat {
            guard
                let page = try await ChangeFeed.read(
                    app, since: known, after: cursor, limit: Self.rowsPerPage, in: session)
            else { return .lost }
            changes.add(page.changes)
            (position, cursor) = (page.position, page.next)
            pages += 1
            if changes.keys.count > bound.keys || (cursor != nil && pages >= bound.pages) { return .tooMuch }
        } while cursor != nil
        if !changes.isEmpty { try await apply(changes, now: now, in: session) }
        update { state in
            state.position = position
            state.currentAt = start
        }
        return .current(renewed: changes.keys.count)
    }

    private func apply(_ changes: Changes, now: Instant, in session: Session) async throws {
        let found = try await session.batch(ColumnFeed.plannerSettings + [ColumnFeed.concerned(by: changes, app)])
        let others = try (found.last ?? []).map { try $0.get(0) as Int64 }.filter { !changes.keys.contains($0) }
        let weeks = changes.weeks.map { $0.filter { $0 >= eventsFrom }.sorted() }
        for keys in chunks(changes.keys.sorted()) {
            let rows = try await session.query(ColumnFeed.rows(app, keys))
            let new = try await columns.renew(keys, with: rows)
            if rows.count < keys.count { noteDeleted(keys: keys, rows) }
            try await readEvents(of: keys, new: new, weeks: weeks, now: now, in: session)
            Failpoint.hit("index_changes")
        }
        for keys in chunks(others) {
            let rows = try await session.query(ColumnFeed.rows(app, keys))
            _ = try await columns.renew(keys, with: rows)
        }
    }

    private func noteDeleted(keys: [Int64], _ rows: [Row]) {
        let found = Set(rows.compactMap { row -> Int64? in try? row.get(0) })
        noteDeleted(keys.filter { !found.contains($0) })
    }

    private func readEvents(
        of keys: [Int64], new: Set<Int64>, weeks: [Day]?, now: Instant, in session: Session
    ) async throws {
        let start = eventsFrom.start
        let all = Self.weeks(from: eventsFrom, now: now)
        var whole = keys.filter(new.contains)
        if let weeks, weeks.count <= Self.weeksLimit {
            let known = keys.filter { !new.contains($0) }
            if !weeks.isEmpty, !known.isEmpty {
                let rows = try await session.query(ColumnFeed.events(app, of: known, weeks: weeks, from: start))
                try await columns.renewEvents(of: known, weeks: weeks, with: rows)
            }
        } else {
            whole = keys
        }
        guard !whole.isEmpty else { return }
        let rows = try await session.query(ColumnFeed.events(app, of: whole, weeks: all, from: start))
        try await columns.renewEvents(of: whole, weeks: nil, with: rows)
    }

    private func chunks(_ keys: [Int64]) -> [[Int64]] {
        stride(from: 0, to: keys.count, by: Self.keysPerChunk).map {
            Array(keys[$0..<min($0 + Self.keysPerChunk, keys.count)])
        }
    }

    /// Behaviour reaches back at most that many days, and weeks are held whole.
    static func firstWeek(now: Instant) -> Day { (now.day + -Limits.eventWindowDays).weekStart }

    /// Mondays from `first` to beyond the last day of which events are taken.
    static func weeks(from first: Day, now: Instant) -> [Day] {
        let last = (now.day + EventRules.retention.futureDays + 7).weekStart
        return stride(from: first.daysSince1970, through: last.daysSince1970, by: 7).map(Day.init(daysSince1970:))
    }
}
