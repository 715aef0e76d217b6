import Core
import EventLoop
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import Runtime
import TestKit
import Testing

@testable import Delivery

/// Runs with a hook, from the job to the ledger.
@Suite(.database) struct HookedDeliveryTests {
    let fixture: DeliveryFixture

    init() throws {
        fixture = try DeliveryFixture()
    }

    private var plan: RunPlan {
        var plan = fixture.plan()
        plan.hook = .web(url: "https://hooks.test/")
        plan.treatments = [
            .init(
                name: nil, sizePercent: 100, email: .init(from: "a@example.com", subject: "s", html: nil, text: "t"))
        ]
        return plan
    }

    private func delivery(
        _ channel: any DeliveryChannel, _ caller: ScriptedHook, window: Int = 4,
        breakers: CircuitBreakers = CircuitBreakers()
    ) -> ChunkDelivery {
        let filter = HookFilter(
            caller: caller, breakers: breakers, loop: fixture.database.loop, environment: fixture.environment,
            metrics: Metrics())
        return ChunkDelivery(
            channel: channel, database: fixture.database, environment: fixture.environment, lease: fixture.lease,
            window: window, rules: DeliveryRules(hooks: filter))
    }

    private func asked(_ caller: ScriptedHook) throws -> [[String]] {
        try caller.bodies.map { try JSON.parse($0)["Endpoints"]?.object?.keys ?? [] }
    }

    @Test func `who is filtered or failed is booked so, the others get their message, and the books balance`()
        async throws
    {
        try await fixture.start(plan, endpoints: 110)
        let caller = ScriptedHook { _, body throws(HookFault) in
            let endpoints = body["Endpoints"]?.object ?? JSONObject()
            if endpoints["e60"] != nil { throw .unavailable("answered 500") }
            var kept = JSONObject()
            for member in endpoints.members where !member.key.hasSuffix("3") {
                kept[member.key] = ["Attributes": ["Offer": [.string("for \(member.key)")]]]
            }
            return .object(kept)
        }
        let channel = RememberingChannel()
        try await fixture.drain(delivery(channel, caller))
        // Whole blocks, however small the windows: 1–50, 51–100 (three tries), 101–110.
        #expect(try asked(caller).map(\.count) == [50, 50, 50, 50, 10])
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.balances && sheet.open == 0)
        let counts = Dictionary(grouping: sheet.lines, by: { $0.reason ?? "" })
        #expect(Set(counts.keys) == ["", "HOOK_FILTERED", "HOOK_FAILURE"])
        // 3, 13, 23, 33, 43 and 103 of those who were asked about; 51–100 failed together.
        #expect(sheet.total(.suppressed) == 6 + 50)
        #expect(sheet.total(.accepted) == 54)
        #expect(try await fixture.violations().isEmpty)
        #expect(channel.attributes[7] == #"{"Offer":["for e7"]}"#)
        let stored = try await fixture.database.query(
            "SELECT count(*) FROM endpoints WHERE attributes <> '{}'::jsonb")
        #expect(try stored.first?.get(0) == Int64(0))
    }

    @Test func `nothing is told about people whom no message would reach`() async throws {
        try await fixture.start(plan, endpoints: 6)
        try await fixture.database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key = 2")
        try await fixture.database.execute("UPDATE endpoints SET endpoint_status = 'INACTIVE' WHERE endpoint_key = 3")
        try await fixture.database.execute("DELETE FROM endpoints WHERE endpoint_key = 4")
        let caller = ScriptedHook { _, body in body["Endpoints"] ?? .null }
        let channel = ScriptedChannel()
        try await fixture.drain(delivery(channel, caller))
        #expect(try Set(asked(caller).joined()) == ["e1", "e5", "e6"])
        #expect(Set(channel.handedOver.keys) == [1, 5, 6])
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `who opts out while the hook thinks gets nothing, and who opts in is asked about`() async throws {
        try await fixture.start(plan, endpoints: 4)
        try await fixture.database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key = 4")
        let database = fixture.database
        let caller = ScriptedHook(before: {
            _ = try? await database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key = 1")
            _ = try? await database.execute("UPDATE endpoints SET opt_out = 'NONE' WHERE endpoint_key = 4")
        }) { _, body in body["Endpoints"] ?? .null }
        let channel = ScriptedChannel()
        try await fixture.drain(delivery(channel, caller))
        #expect(Set(channel.handedOver.keys) == [2, 3, 4])
        #expect(try asked(caller).map { $0.sorted() } == [["e1", "e2", "e3"], ["e4"]])
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.lines.compactMap(\.reason) == ["OPT_OUT"])
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a run that is cancelled while its hook thinks gives up asking and ends cancelled`() async throws {
        try await fixture.start(plan, endpoints: 5)
        let (database, run) = (fixture.database, fixture.run)
        let caller = ScriptedHook(
            delay: .seconds(40),
            before: {
                _ = try? await database.execute("UPDATE runs SET state = 'CANCELLED' WHERE id = \(run)")
            }
        ) { _, body in body["Endpoints"] ?? .null }
        let channel = ScriptedChannel()
        let start = MonotonicClock.now()
        try await fixture.drain(delivery(channel, caller))
        #expect(MonotonicClock.now() - start < 15_000_000)
        #expect(channel.handedOver.isEmpty)
        #expect(caller.bodies.count == 1)
        let sheet = try #require(try await fixture.sheet())
        #expect(Set(sheet.lines.compactMap(\.reason)) == ["CANCELLED"])
        #expect(sheet.total(.suppressed) == 5)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `while a hook is left alone its jobs wait, and nobody fails who was not asked about`() async throws {
        try await fixture.start(plan, endpoints: 8)
        let breakers = CircuitBreakers(.init(opensAfter: 1, firstPause: .seconds(20)))
        let breaker = breakers[RunHook.web(url: "https://hooks.test/").peer]
        breaker.failed(at: MonotonicClock.now())
        let caller = ScriptedHook { _, body in body["Endpoints"] ?? .null }
        let channel = ScriptedChannel()
        let work = delivery(channel, caller, breakers: breakers)
        let job = try #require(try await fixture.take())
        try await work.run(job, HeldLease(terms: fixture.lease))
        #expect(caller.bodies.isEmpty && channel.handedOver.isEmpty)
        #expect(try await fixture.take(at: fixture.environment.now() + .seconds(10)) == nil)
        breaker.succeeded()
        try await fixture.drain(work)
        #expect(channel.handedOver.count == 8)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `without anything that could ask, a run with a hook reaches nobody`() async throws {
        try await fixture.start(plan, endpoints: 3)
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        #expect(channel.handedOver.isEmpty)
        let sheet = try #require(try await fixture.sheet())
        #expect(Set(sheet.lines.compactMap(\.reason)) == ["HOOK_FAILURE"])
    }
}

/// Accepts everybody and remembers the attributes that the message would have been made with.
private final class RememberingChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.email
    private let seen = Lock<[Int64: String]>([:])

    var attributes: [Int64: String] { seen.withLock { $0 } }

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        sends.map { send in
            let text = String(decoding: send.recipient.attributes, as: UTF8.self)
            seen.withLock { $0[send.recipient.key] = text }
            return .accepted(providerReference: "ok")
        }
    }
}
