import Core
import Delivery
import EventLoop
import Postgres
import Providers
import Queue
import TestKit
import Testing

@testable import Model

/// Random verdicts of gate, tokens and provider, with holders that vanish: after every step each recipient is in exactly one of
/// {outcome, unfinished job}, and in the end all have an outcome.
@Suite(.database) struct WindowBookkeepingTests {
    private let fixture: DeliveryFixture
    private static let people = 60

    init() throws {
        fixture = try DeliveryFixture()
    }

    /// Decides by a seeded draw per question.
    private final class Chance: SendingHours, SendTokens {
        private let random: SeededRandom
        private let now: Instant

        init(seed: UInt64, now: Instant) {
            random = SeededRandom(seed: seed)
            self.now = now
        }

        func draw(_ bound: UInt64) -> UInt64 { random.next() % bound }

        func opening(
            for recipient: Recipient, of intent: Delivery.Gate.Intent, _ clock: Delivery.Gate.Clock
        ) -> LegalOpening? {
            draw(6) == 0 ? LegalOpening(at: clock.now + .seconds(Int64(draw(3)) * 600 + 1)) : nil
        }

        func take(
            for recipients: [Recipient], of plan: RunPlan, job: LeasedJob, at now: Instant, expiresAt: Instant,
            isPaid: Bool, in session: Session
        ) async throws -> SendTurns? {
            if !isPaid, draw(8) == 0 { throw NoTurn() }
            var turns = SendTurns(count: recipients.count)
            for place in recipients.indices where draw(6) == 0 {
                let slots = DomainSlots(
                    domain: "d", first: .seconds(Int64(draw(2)) * 900 + 1), count: Int(draw(4)), rate: 1)
                turns.wait(for: slots, at: [place], now: now, expiresAt: expiresAt)
            }
            return turns
        }

        func outcome() -> SendOutcome {
            switch draw(10) {
            case 0: .rejected(.mailbox, detail: "", isAddressDead: draw(2) == 0)
            case 1: .retry(after: .seconds(Int64(draw(3)) * 100), isThrottle: draw(2) == 0, detail: "")
            case 2: .unknown(detail: "")
            case 3: .notSent(.connection, detail: "")
            case 4, 5: .notSent(.deadline, detail: "")
            case _: .accepted(providerReference: "")
            }
        }
    }

    /// Every place of the chunk, from outcomes and from what jobs have still to do.
    private func places() async throws -> [Int32] {
        try await fixture.database.query(
            """
            SELECT ordinal FROM send_outcomes WHERE flags & 2 = 0
             UNION ALL
            SELECT coalesce(j.ordinals[n], n - 1) FROM jobs j, generate_series(j.done + 1, cardinality(j.recipients)) AS n
             ORDER BY 1
            """
        ).map { try $0.get(0) }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func `every recipient is in exactly one place`(seed: UInt64) async throws {
        let policy: DeliveryPolicy = seed % 2 == 0 ? .atMostOnce : .atLeastOnce
        let rules =
            seed % 3 == 0 ? RunRules(caps: FrequencyCaps(campaignDaily: 1, total: 1)) : RunRules()
        try await fixture.start(fixture.plan(policy, lasting: .seconds(6000), rules: rules), endpoints: Self.people)
        try await fixture.database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key % 7 = 0")
        let start = fixture.environment.now()
        let chance = Chance(seed: seed, now: start)
        let (database, environment) = (fixture.database, fixture.environment)
        let reaper = Reaper(
            queue: .email, settlement: Settlement(resolver: .ledger(environment)), database: database, log: .silent)
        let channel = ScriptedChannel(
            { _, _ in chance.outcome() },
            beforeSends: { _ in
                guard chance.draw(9) == 0 else { return }
                do {
                    try await database.execute(
                        """
                        UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE lease_owner IS NOT NULL
                        """
                    )
                    _ = try await reaper.runOnce()
                } catch {
                    Issue.record(error)
                }
            })
        var now = start
        for _ in 0..<400 {
            let deliveryRules = DeliveryRules(hours: chance, tokens: chance)
            let delivery = fixture.delivery(
                channel, window: Int(1 + chance.draw(16)), rules: deliveryRules, at: now)
            guard let job = try await fixture.take(at: now) else {
                if try await database.query("SELECT 1 FROM jobs LIMIT 1").isEmpty { break }
                now = now + .seconds(97)
                continue
            }
            try await delivery.run(job, HeldLease(terms: fixture.lease))
            #expect(try await places() == (0..<Int32(Self.people)).map { $0 }, "seed \(seed)")
        }
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.open == 0)
        #expect(sheet.balances)
        #expect(try await fixture.violations().isEmpty)
        if policy == .atMostOnce {
            #expect(try await database.query("SELECT 1 FROM send_outcomes WHERE flags & 1 <> 0").isEmpty)
        }
    }

    // MARK: What has not started

    private func job() async throws -> LeasedJob { try #require(try await fixture.take()) }

    @Test func `those at a window's end whose turn did not come are asked again by the same job, at once`() async throws
    {
        try await fixture.start(fixture.plan(), endpoints: 8)
        // Two of each window are begun; the rest waits.
        let begun = Lock<[[Int64]]>([])
        let channel = CountingChannel { keys in
            begun.withLock { $0.append(keys) }
            return keys.enumerated().map { place, _ in
                place < 2 ? .accepted(providerReference: "") : .notSent(.deadline, detail: "")
            }
        }
        let job = try await job()
        try await fixture.delivery(channel, window: 4).run(job, HeldLease(terms: fixture.lease))
        #expect(begun.withLock { $0 } == [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8], [7, 8]])
        #expect(try await fixture.sheet()?.total(.accepted) == 8)
        #expect(try await fixture.database.query("SELECT 1 FROM jobs").isEmpty)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `one that others overtook gets a job of its own, due now`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let channel = CountingChannel { keys in
            keys.map { $0 == 2 ? .notSent(.deadline, detail: "") : .accepted(providerReference: "") }
        }
        try await fixture.delivery(channel).run(try await job(), HeldLease(terms: fixture.lease))
        let again = try await job()
        #expect(again.recipients == [2])
        #expect(again.ordinals == [1])
        #expect(again.retries == 0)
    }

    @Test func `a provider that begins nothing in time is no outage: soon again, and nothing is booked`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let channel = CountingChannel { keys in keys.map { _ in .notSent(.deadline, detail: "") } }
        try await fixture.delivery(channel).run(try await job(), HeldLease(terms: fixture.lease))
        #expect(try await fixture.sheet()?.open == 4)
        let row = try await fixture.database.query("SELECT due_at, attempt, done, fired FROM jobs")[0]
        let due: Instant = try row.get(0)
        #expect(due - fixture.environment.now() == .milliseconds(100))
        #expect(try row.get(1) == Int16(0))
        #expect(try row.get(2) == Int32(0))
        #expect(try row.get(3) == Int32(0))
    }

    @Test func `what may go only later is a part job due then, and expired when that is too late`() async throws {
        struct Later: SendingHours {
            func opening(
                for recipient: Recipient, of intent: Delivery.Gate.Intent, _ clock: Delivery.Gate.Clock
            ) -> LegalOpening? {
                recipient.key == 1 ? nil : LegalOpening(at: clock.now + .seconds(recipient.key == 4 ? 3600 : 600))
            }
        }
        try await fixture.start(fixture.plan(), endpoints: 4)
        let delivery = fixture.delivery(ScriptedChannel(), rules: DeliveryRules(hours: Later()))
        try await delivery.run(try await job(), HeldLease(terms: fixture.lease))
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.total(.accepted) == 1)
        #expect(sheet.total(.expired) == 1)
        #expect(try await fixture.take(at: fixture.environment.now() + .seconds(599)) == nil)
        let part = try #require(try await fixture.take(at: fixture.environment.now() + .seconds(600)))
        #expect(part.recipients == [2, 3])
        #expect(part.ordinals == [1, 2])
    }

    @Test func `a message's own expiry in its job counts when it is the earlier one`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 2)
        let soon = fixture.environment.now() + .seconds(300)
        let payload: JSON = ["expires_at": .integer(soon.microseconds)]
        try await fixture.database.execute("UPDATE jobs SET payload = \(SQLBind.jsonb(payload.serialized))")
        let delivery = fixture.delivery(ScriptedChannel(), at: soon)
        try await delivery.run(try await job(), HeldLease(terms: fixture.lease))
        #expect(try await fixture.sheet()?.total(.expired) == 2)
    }
}

/// Answers a whole window by its keys.
private struct CountingChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.email
    let answer: @Sendable (_ keys: [Int64]) -> [SendOutcome]

    init(_ answer: @escaping @Sendable ([Int64]) -> [SendOutcome]) {
        self.answer = answer
    }

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] { answer(sends.map(\.recipient.key)) }
}
