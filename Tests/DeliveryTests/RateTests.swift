import Core
import Delivery
import EventLoop
import Model
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database, .serialized) struct RateTests {
    private let fixture: RateFixture
    private let channel: TimedChannel

    init() throws {
        fixture = try RateFixture()
        channel = TimedChannel(try TestDatabase.current.loop)
    }

    /// What went per second between the first window and the last.
    private func rate(_ times: [Int64], window: Int = 25) -> Double {
        guard let first = times.min(), let last = times.max(), last > first else { return 0 }
        return Double(times.count - window) / (Double(last - first) / 1_000_000)
    }

    private func proveBooks(accepted: Int64, expired: Int64 = 0) async throws {
        let sheet = try #require(try await fixture.delivery.sheet())
        #expect(sheet.total(.accepted) == accepted)
        #expect(sheet.total(.expired) == expired)
        #expect(sheet.open == 0)
        #expect(try await fixture.delivery.violations().isEmpty)
    }

    @Test func `four workers together send a run at its rate: never faster, hardly slower`() async throws {
        let limit = 200
        try await fixture.start(fixture.plan(rate: limit), endpoints: 1000)
        try await fixture.work(channel) { try await fixture.hasNoJobs() }
        let times = channel.all.map(\.at)
        #expect(TimedChannel.peak(times) <= limit * 11 / 10 + 25, "in any second: \(TimedChannel.peak(times))")
        #expect(rate(times) >= Double(limit) * 0.9, "per second: \(rate(times))")
        try await proveBooks(accepted: 1000)
    }

    @Test func `after an outage nothing is made up for in a burst`() async throws {
        let limit = 200
        try await fixture.start(fixture.plan(rate: limit), endpoints: 800)
        try await fixture.work(channel) { channel.all.count >= 200 }
        let before = channel.all.count
        // As if the workers had been away for 30 s: every job that was planned is due now.
        try await fixture.delivery.database.execute(
            "UPDATE rate_buckets SET next_at = next_at - interval '30 s', line_at = line_at - interval '30 s'")
        try await fixture.delivery.database.execute("UPDATE jobs SET due_at = due_at - interval '30 s'")
        try await fixture.work(channel) { try await fixture.hasNoJobs() }
        let after = channel.all.map(\.at).sorted().dropFirst(before)
        #expect(TimedChannel.peak(Array(after)) <= limit * 11 / 10 + 25)
        try await proveBooks(accepted: 800)
    }

    @Test func `a job that has to wait for its run's rate leaves the lane to other runs`() async throws {
        try await fixture.start(fixture.plan(rate: 4), endpoints: 8)
        let job = try #require(try await fixture.delivery.take())
        let delivery = ChunkDelivery(
            channel: channel, database: fixture.delivery.database, environment: fixture.delivery.environment,
            lease: fixture.delivery.lease, window: 25, rules: DeliveryRules(tokens: DeliveryRates()))
        try await delivery.run(job, HeldLease(terms: fixture.delivery.lease))
        #expect(channel.all.count == 1)
        let row = try await fixture.delivery.database.query(
            "SELECT done, fired, attempt, lease_owner IS NULL, due_at FROM jobs")[0]
        #expect(try row.get(0) == Int32(1))
        #expect(try row.get(1) == Int32(1))
        #expect(try row.get(2) == Int16(0))
        #expect(try row.get(3) == true)
        let wait = try row.get(4) as Instant - fixture.delivery.environment.now()
        #expect(wait > .zero && wait <= .milliseconds(150), "\(wait)")
    }

    @Test func `a domain with a rate waits, the others are done at once`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 1000, slow: 800, rates: #"{"slow.example": 200}"#)
        let begin = MonotonicClock.now()
        try await fixture.work(channel) { try await fixture.hasNoJobs() }
        let slow = channel.all.filter { $0.key <= 800 }.map { $0.at - begin }
        let fast = channel.all.filter { $0.key > 800 }.map { $0.at - begin }
        #expect(fast.count == 200)
        #expect(slow.count == 800)
        let (lastFast, lastSlow) = (try #require(fast.max()), try #require(slow.max()))
        #expect(lastFast < lastSlow)
        #expect(lastSlow >= 2_900_000, "800 at 200 a second, those of the last second together: \(lastSlow)")
        for second in 0..<3 {
            // By its own clock a second has 200 slots; those a tenth ahead may go with them, and the job of the next may start.
            let until = slow.filter { $0 < Int64(second + 1) * 1_000_000 }.count
            #expect(until <= 200 * (second + 2) + 20)
        }
        // Each asked once: nobody has taken a slot twice.
        let ahead: Double = try await fixture.delivery.database.query(
            "SELECT extract(epoch FROM next_at - began_at)::float8 FROM rate_buckets WHERE name = 'domain:slow.example'"
        )[0].get(0)
        #expect(ahead <= 0.126)
        try await proveBooks(accepted: 1000)
    }

    @Test func `who has no slot before the run ends is expired at once, and takes none from others`() async throws {
        try await fixture.start(fixture.plan(lasting: .seconds(2)), endpoints: 400, slow: 400, rates: #"{"*": 100}"#)
        let begin = MonotonicClock.now()
        try await fixture.work(channel, workers: 1) { try await fixture.hasNoJobs() }
        #expect((180...202).contains(channel.all.count), "two seconds' worth: \(channel.all.count)")
        #expect(MonotonicClock.now() - begin < 3_500_000)
        let accepted = Int64(channel.all.count)
        try await proveBooks(accepted: accepted, expired: 400 - accepted)
    }

    @Test func `both rates hold together, and messages with a slot are not asked for another`() async throws {
        try await fixture.start(fixture.plan(rate: 200), endpoints: 400, slow: 200, rates: #"{"slow.example": 100}"#)
        try await fixture.work(channel) { try await fixture.hasNoJobs() }
        let slow = channel.all.filter { $0.key <= 200 }.map(\.at)
        #expect(
            TimedChannel.peak(slow) <= 200,
            "two seconds' slots that meet at a second's turn: \(TimedChannel.peak(slow))")
        #expect(TimedChannel.peak(channel.all.map(\.at)) <= 245)
        try await proveBooks(accepted: 400)
    }

    /// With a slow provider: windows that are open stop, the rest is booked without waiting for it.
    @Test func `nothing is handed over two seconds after a cancellation committed`() async throws {
        let slow = TimedChannel(try TestDatabase.current.loop, pause: .milliseconds(40))
        let plan = fixture.plan()
        try await fixture.start(plan, endpoints: 2000)
        let database = fixture.delivery.database
        let cancelledAt = Lock<Int64>(0)
        try await fixture.work(slow, workers: 2) {
            if slow.all.count >= 50, cancelledAt.withLock({ $0 }) == 0 {
                let now = fixture.delivery.environment.now()
                let key = RunKey(app: plan.app, run: plan.run, campaign: plan.campaign)
                try await database.transaction { _ = try await RunCancel.cancel(key, now: now, in: $0) }
                cancelledAt.withLock { $0 = MonotonicClock.now() }
            }
            return try await fixture.hasNoJobs()
        }
        let last = try #require(slow.all.map(\.at).max())
        #expect(cancelledAt.withLock { $0 } > 0)
        #expect(last <= cancelledAt.withLock { $0 } + 2_000_000, "\(last - cancelledAt.withLock { $0 }) µs after")
        let sheet = try #require(try await fixture.delivery.sheet())
        #expect(sheet.total(.accepted) == Int64(slow.all.count))
        #expect(sheet.total(.suppressed) == 2000 - Int64(slow.all.count))
        #expect(try await fixture.delivery.violations().isEmpty)
    }
}
