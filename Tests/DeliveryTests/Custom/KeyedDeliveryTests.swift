import Core
import EventLoop
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

@testable import Delivery

/// A receiver that takes no `webhook-id` twice (`Idempotent`): nothing is unknown, nothing is lost, nothing is doubled.
@Suite(.database) struct KeyedDeliveryTests {
    private func keyed(_ path: String, people: Int) async throws -> CustomFixture {
        let fixture = try await CustomFixture()
        try await fixture.configure(["Idempotent": "true"])
        try await fixture.delivery.start(fixture.plan(fixture.peer.url(path)), endpoints: people)
        return fixture
    }

    private func names(_ fixture: CustomFixture) throws -> [String: Set<String>] {
        var names: [String: Set<String>] = [:]
        for call in try fixture.peer.calls() {
            let people = call["endpoints"]?.array?.compactMap(\.string) ?? []
            #expect(people.count == 1)
            names[people.first ?? "", default: []].insert(call["headers"]?["webhook-id"]?.string ?? "")
        }
        return names
    }

    @Test(arguments: ["lose", "deaf"]) func `a call without an answer is made again under its id`(path: String)
        async throws
    {
        let fixture = try await keyed(path, people: 3)
        let channel = try fixture.channel(timeout: .milliseconds(500))
        if path == "lose" {
            try await fixture.delivery.drain(fixture.delivery.delivery(channel))
            #expect(try await fixture.outcomes() == ["accepted": 3])
        } else {
            let job = try #require(try await fixture.delivery.take())
            try await fixture.delivery.delivery(channel).run(job, HeldLease(terms: fixture.delivery.lease))
            #expect(try await fixture.outcomes().isEmpty, "nothing is given up as unknown")
            #expect(try await fixture.delivery.sheet()?.open == 3)
        }
        let names = try names(fixture)
        #expect(names.count == 3 && names.values.allSatisfy { $0.count == 1 })
        #expect(try fixture.peer.calls().filter { $0["isNew"] == true }.count == 3)
        #expect(try await fixture.delivery.violations().isEmpty)
    }

    /// The holder's messages have arrived; it is paused past its lease, a reaper settles its job, and it wakes up again.
    @Test func `a window in doubt goes again under its ids, and a late holder does not count twice`() async throws {
        let fixture = try await keyed("take", people: 8)
        let channel = try fixture.channel()
        let paused = PausedChannel(channel) {
            try await fixture.delivery.database.execute(
                "UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s' WHERE lease_owner IS NOT NULL")
            _ = try await Reaper(
                queue: .email, settlement: Settlement(resolver: .ledger(fixture.delivery.environment, channel)),
                database: fixture.delivery.database, log: .silent
            ).runOnce()
        }
        let job = try #require(try await fixture.delivery.take())
        try await fixture.delivery.delivery(paused).run(job, HeldLease(terms: fixture.delivery.lease))
        #expect(try await fixture.outcomes() == ["accepted flags 2": 4])
        try await fixture.delivery.drain(fixture.delivery.delivery(channel))
        #expect(try await fixture.outcomes() == ["accepted flags 2": 4, "accepted flags 4": 4, "accepted": 4])
        let sheet = try #require(try await fixture.delivery.sheet())
        #expect(sheet.total(.accepted) == 8 && sheet.total(.unknown) == 0 && sheet.possibleDuplicates == 0)
        let calls = try fixture.peer.calls()
        #expect(calls.count == 12)
        #expect(calls.filter { $0["isNew"] == true }.count == 8, "the receiver took everybody once")
        #expect(try names(fixture).values.allSatisfy { $0.count == 1 })
        #expect(try await fixture.delivery.violations().isEmpty)
    }

    @Test func `without the promise a window in doubt is decided by the run's policy`() async throws {
        let fixture = try await CustomFixture()
        let plan = fixture.plan(fixture.peer.url("take"))
        try await fixture.delivery.start(plan, endpoints: 1)
        let cause = SendCause(run: plan.run, runDay: plan.runDay, chunk: 0, treatment: 0)
        let channel = try fixture.channel()
        func honours(_ plan: RunPlan) async throws -> Bool {
            try await fixture.delivery.database.withSession { try await channel.honoursKeys(plan, cause, in: $0) }
        }
        #expect(try await !honours(plan))
        try await fixture.configure(["Idempotent": "false"])
        #expect(try await !honours(plan))
        try await fixture.configure(["Idempotent": "true"])
        #expect(try await honours(plan))
        #expect(try await !honours(fixture.plan("function")), "a function has no place for a key")
    }
}

/// Does something once, between a window's answers and their booking.
private final class PausedChannel: DeliveryChannel, PreparedRun {
    let queue: JobQueue
    private let inner: CustomChannel
    private let run = Lock<(any PreparedRun)?>(nil)
    private let pause: @Sendable () async throws -> Void

    init(_ inner: CustomChannel, _ pause: @escaping @Sendable () async throws -> Void) {
        self.inner = inner
        self.pause = pause
        queue = inner.queue
    }

    func prepare(_ plan: RunPlan) throws -> any PreparedRun {
        let prepared = try inner.prepare(plan)
        run.withLock { $0 = prepared }
        return self
    }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        guard let run = run.withLock({ $0 }) else { return [] }
        let outcomes = await run.deliver(sends, startBefore: startBefore)
        do { try await pause() } catch { Issue.record(error) }
        return outcomes
    }
}
