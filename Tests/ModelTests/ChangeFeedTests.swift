import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct ChangeFeedTests {
    private let app = AppID(high: 1, low: 1)
    private let now = Instant(seconds: 899_251_200)

    private func touch(_ key: Int64, of app: AppID? = nil, in session: Session) async throws {
        var log = ChangeLog()
        log.touch(app ?? self.app, [key], eventsIn: [now.day.weekStart])
        for statement in log.statements(at: now) { try await session.execute(statement) }
    }

    private func touch(_ keys: ClosedRange<Int64>) async throws {
        for key in keys { try await TestDatabase.current.database.transaction { try await touch(key, in: $0) } }
    }

    private func position() async throws -> ChangePosition {
        try await TestDatabase.current.database.withSession { try await ChangeFeed.position(in: $0) }
    }

    /// All pages since `position`, and where that leads.
    private func read(since position: ChangePosition, limit: Int = 100) async throws -> (Changes, ChangePosition)? {
        try await TestDatabase.current.database.transaction(isolation: .repeatableRead) { session in
            var changes = Changes()
            var cursor: ChangePage.Cursor?
            while true {
                let page = try await ChangeFeed.read(app, since: position, after: cursor, limit: limit, in: session)
                guard let page else { return nil }
                changes.add(page.changes)
                guard let next = page.next else { return (changes, page.position) }
                cursor = next
            }
        }
    }

    @Test func `what was committed is read once, page by page, and of one app`() async throws {
        let start = try await position()
        try await touch(1...7)
        try await TestDatabase.current.database.transaction { try await touch(8, of: AppID(high: 1, low: 2), in: $0) }
        let (changes, middle) = try #require(try await read(since: start, limit: 2))
        #expect(changes.keys == Set(1...7))
        #expect(changes.weeks == [now.day.weekStart])
        let (nothing, end) = try #require(try await read(since: middle))
        #expect(nothing.isEmpty)
        try await touch(9...9)
        #expect(try await read(since: end)?.0.keys == [9])
    }

    @Test func `commits that overtake each other are each seen once, and nobody waits for the slow one`() async throws {
        let database = try TestDatabase.current.database
        var position = try await position()
        try await database.withSession { late in
            try await late.execute("BEGIN")
            try await touch(1, in: late)
            for key in Int64(2)...5 {
                try await touch(key...key)
                let (changes, next) = try #require(try await read(since: position))
                #expect(changes.keys == [key])
                position = next
            }
            try await late.execute("COMMIT")
        }
        let (changes, next) = try #require(try await read(since: position))
        #expect(changes.keys == [1])
        #expect(try await read(since: next)?.0.isEmpty == true)
    }

    @Test func `a row of an older program may concern any week, one without keys none`() async throws {
        let database = try TestDatabase.current.database
        let start = try await position()
        try await database.execute("INSERT INTO change_log (app, at) VALUES (\(app), \(now))")
        #expect(try await read(since: start)?.0 == Changes())
        try await database.execute(
            "INSERT INTO change_log (app, at, endpoint_keys) VALUES (\(app), \(now), '{3}')")
        let changes = try #require(try await read(since: start)?.0)
        #expect(changes.keys == [3])
        #expect(changes.weeks == nil)
    }

    @Test func `a suppression names its address`() async throws {
        let database = try TestDatabase.current.database
        let start = try await position()
        let hash: [UInt8] = [1, 2, 3]
        try await database.transaction { session in
            try await SuppressionStore.add(app, channel: "EMAIL", hash: hash, reason: .stop, now: now, in: session)
        }
        let (changes, next) = try #require(try await read(since: start))
        #expect(changes.addresses == [hash])
        try await database.transaction { session in
            try await SuppressionStore.add(app, channel: "EMAIL", hash: hash, reason: .manual, now: now, in: session)
        }
        #expect(try await read(since: next)?.0.isEmpty == true, "it was suppressed already")
        try await database.transaction { session in
            try await SuppressionStore.remove(app, channel: "EMAIL", hash: hash, now: now, in: session)
        }
        #expect(try await read(since: next)?.0.addresses == [hash])
    }

    @Test func `rows that were pruned unread make a gap, pruned after reading none`() async throws {
        let database = try TestDatabase.current.database
        let start = try await position()
        try await touch(1...3)
        try await eventually("the roll-ups have read them") {
            try await database.transaction { session in
                _ = try await RollupStore.step(in: session)
                return try await RollupStore.isCurrent(in: session)
            }
        }
        let (_, read) = try #require(try await self.read(since: start))
        let later = now + .seconds(7200)
        #expect(try await database.transaction { try await RollupStore.prune(now: later, in: $0) } == 3)
        #expect(try await self.read(since: start) == nil)
        #expect(try await self.read(since: read)?.0.isEmpty == true)
    }
}
