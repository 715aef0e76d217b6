import Core
import EventLoop
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct RateBucketTests {
    private let app = AppID(high: 1, low: 1)
    private let run = RunID(high: 2, low: 2)

    private func take(_ bucket: RateBucket, _ count: Int, rest: Int = 0, in database: Database? = nil) async throws
        -> Int64?
    {
        let rows = try await (database ?? TestDatabase.current.database).query(bucket.take(count, rest: rest))
        return try rows.first?.get(0)
    }

    /// As if `duration` had passed.
    private func pass(_ duration: Duration) async throws {
        try await TestDatabase.current.database.execute(
            """
            UPDATE rate_buckets SET next_at = next_at - \(duration.microseconds) * interval '1 microsecond',
                                    line_at = line_at - \(duration.microseconds) * interval '1 microsecond'
            """
        )
    }

    @Test func `a window that is taken says when the next may come, and until then there is none`() async throws {
        let bucket = RateBucket(run: run, of: app, rate: 10)
        let wait = try #require(try await take(bucket, 10))
        #expect(
            (850_000...900_000).contains(wait), "a second's worth, less what a late worker may catch up with: \(wait)")
        #expect(try await take(bucket, 1) == nil)
        try await pass(.milliseconds(900))
        #expect(try await take(bucket, 1) != nil)
        #expect(try await take(bucket, 1) == nil)
    }

    @Test func `an outage saves nothing up`() async throws {
        let bucket = RateBucket(run: run, of: app, rate: 10)
        #expect(try await take(bucket, 2) != nil)
        try await pass(.seconds(3600))
        #expect(try await take(bucket, 2) != nil)
        #expect(try await take(bucket, 2) == nil)
    }

    @Test func `windows are a quarter of a second's worth, and never empty`() {
        #expect(
            [1, 3, 8, 100, 20_000].map { RateBucket(run: run, of: app, rate: $0).window(25) } == [1, 1, 2, 25, 25])
    }

    @Test func `jobs that come too early stand in line behind each other`() async throws {
        let bucket = RateBucket(run: run, of: app, rate: 100)
        #expect(try await take(bucket, 25, rest: 75) != nil)
        let database = try TestDatabase.current.database
        let turns: [Int64] = [
            try await database.query(bucket.line(up: 100))[0].get(0),
            try await database.query(bucket.line(up: 50))[0].get(0),
            try await database.query(bucket.line(up: 1))[0].get(0),
        ]
        // Behind the first job's hundred, then behind the hundred and the fifty, less what may be caught up with.
        for (turn, expected) in zip(turns, [900_000, 1_900_000, 2_400_000]) {
            #expect(abs(turn - Int64(expected)) < 90_000, "\(turns)")
        }
    }

    /// Virtual time would hide what matters here: the database's clock decides, whoever asks.
    @Test func `many workers together never get more than the rate`() async throws {
        let bucket = RateBucket(run: run, of: app, rate: 1000)
        let (test, pools) = (try TestDatabase.current, 4)
        let database = test.makeDatabase(poolSize: pools * 2)
        let begin = MonotonicClock.now()
        let taken = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<(pools * 2) {
                group.addTask {
                    var times: [Int64] = []
                    while MonotonicClock.now() - begin < 1_500_000 {
                        if try await database.query(bucket.take(25, rest: 0)).isEmpty {
                            try await test.loop.sleep(for: .milliseconds(2))
                        } else {
                            times.append(MonotonicClock.now() - begin)
                        }
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }.sorted()
        await database.close()
        for (index, time) in taken.enumerated() {
            // Before the answer came: everything up to then, a tenth of a second's slack and the first window.
            let (count, allowed) = (25 * (index + 1), Int(time) / 1000 + 125)
            #expect(count <= allowed)
        }
        #expect(taken.count >= 50, "at least five sixths of the rate: \(taken.count * 25) in 1.5 s")
    }

    @Test func `rows that say nothing any more go, others stay`() async throws {
        let database = try TestDatabase.current.database
        let busy = RateBucket(run: RunID(high: 9, low: 9), of: app, rate: 1)
        #expect(try await take(RateBucket(run: run, of: app, rate: 10), 1) != nil)
        try await pass(.seconds(3600))
        #expect(try await take(busy, 1) != nil)
        #expect(try await database.withSession { try await RateBucket.prune(limit: 10, in: $0) } == 1)
        #expect(try await take(busy, 1) == nil)
    }
}
