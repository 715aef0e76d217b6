import Core
import EventLoop
import HTTPClient
import Model
import Queue
import Runtime
import TestKit
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(1))) struct HookFilterTests {
    static let plan = RunPlan(
        account: "123456789012", app: AppID(high: 1, low: 1), campaign: CampaignID(high: 3, low: 3), campaignVersion: 1,
        campaignName: "test", run: RunID(high: 2, low: 2), runDay: Instant(seconds: 899_251_200).day,
        scheduledAt: Instant(microseconds: 899_251_200_123_000), expiresAt: Instant(seconds: 899_337_600),
        deliveryPolicy: .atMostOnce, holdoutPercent: 0,
        treatments: [
            .init(name: nil, sizePercent: 50, email: nil),
            .init(
                name: "B", sizePercent: 50,
                email: .init(from: "shop@example.com", subject: "Hi {{User.UserId}}", html: "<p>Hi</p>", text: nil)),
        ])
    static let cause = SendCause(run: plan.run, runDay: plan.runDay, chunk: 0, treatment: 1)

    static func people(_ count: Int) -> [Recipient] {
        (1...count).map { number in
            var person = Recipient(
                key: Int64(number), endpointID: "e\(number)", channelType: "EMAIL", address: "p\(number)@example.com",
                optOut: "NONE", status: "ACTIVE", cohort: Int16(number % 100), userID: "u\(number)",
                effectiveAt: Instant(seconds: 899_000_000), createdAt: Instant(seconds: 898_000_000))
            person.attributes = Array(#"{"tier": ["gold", "\u00e9"]}"#.utf8)
            person.location = Array(#"{"Country": "SE"}"#.utf8)
            return person
        }
    }

    /// A filter over `caller` on a loop of its own, and what it answered.
    private func ask(
        _ caller: ScriptedHook, _ hook: RunHook = .web(url: "https://hooks.test/"), count: Int = 120,
        breakers: CircuitBreakers = CircuitBreakers(), log: Logger = .silent,
        isWanted: @escaping @Sendable () async -> Bool = { true }
    ) async throws -> HookFilter.Answer {
        try await TestLoop.run { loop in
            let filter = HookFilter(
                caller: caller, breakers: breakers, loop: loop, environment: TestEnvironment.make(log: log),
                metrics: Metrics())
            return await filter.ask(
                hook, about: Self.people(count), plan: Self.plan, cause: Self.cause, isWanted: isWanted)
        }
    }

    private func verdicts(_ answer: HookFilter.Answer) throws -> [Int64: HookVerdict] {
        guard case .verdicts(let verdicts) = answer else { throw TestKitError("\(answer)") }
        return verdicts
    }

    // MARK: What is asked

    @Test func `a call carries what Pinpoint's does, to the letter`() async throws {
        let caller = ScriptedHook { _, body in body["Endpoints"] ?? .null }
        _ = try await ask(caller, count: 1)
        let expected = """
            {"Message":{},"MessageConfiguration":{"EmailMessage":{"FromAddress":"shop@example.com",\
            "Title":"Hi {{User.UserId}}","HtmlBody":"<p>Hi</p>"}},\
            "ApplicationId":"00000000000000010000000000000001","CampaignId":"00000000000000030000000000000003",\
            "TreatmentId":"1","ActivityId":"00000000000000020000000000000003",\
            "ScheduledTime":"1998-07-01T00:00:00.123Z","Endpoints":{"e1":{"ChannelType":"EMAIL",\
            "Address":"p1@example.com","EndpointStatus":"ACTIVE","OptOut":"NONE","Location":{"Country": "SE"},\
            "Demographic":{},"EffectiveDate":"1998-06-28T02:13:20.000Z",\
            "Attributes":{"tier":["gold","é"],"CohortId":["1"]},"Metrics":{},\
            "User":{"UserId":"u1","UserAttributes":{}},"CreationDate":"1998-06-16T12:26:40.000Z"}}}
            """
        #expect(caller.bodies.map { String(decoding: $0, as: UTF8.self) } == [expected])
    }

    @Test func `nobody is asked about twice, and no call is about more than 50`() async throws {
        let caller = ScriptedHook { _, body in body["Endpoints"] ?? .null }
        let found = try verdicts(try await ask(caller, count: 220))
        #expect(found.count == 220)
        #expect(found.values.allSatisfy { $0 == .pass(HookChanges()) })
        let asked = try caller.bodies.map { try JSON.parse($0)["Endpoints"]?.object?.keys ?? [] }
        #expect(asked.map(\.count).sorted() == [20, 50, 50, 50, 50])
        #expect(Set(asked.joined()).count == 220)
        #expect(caller.mostAtOnce <= HookFilter.callsAtOnce)
    }

    // MARK: What is answered

    @Test func `who is missing in the answer is filtered, and strangers in it are nobody`() async throws {
        let caller = ScriptedHook { _, body in
            var kept = JSONObject()
            for member in body["Endpoints"]?.object?.members ?? [] where member.key.hasSuffix("5") {
                kept[member.key] = member.value
            }
            kept["stranger"] = [:]
            return .object(kept)
        }
        let found = try verdicts(try await ask(caller, count: 20))
        #expect(found.filter { $0.value != .filtered }.keys.sorted() == [5, 15])
        #expect(found.count == 20)
    }

    @Test func `attributes and overrides change, and nothing else can`() async throws {
        let caller = ScriptedHook { _, body in
            var endpoints = body["Endpoints"]?.object ?? JSONObject()
            for key in endpoints.keys {
                var endpoint = endpoints[key]?.object ?? JSONObject()
                endpoint["Attributes"] = ["Offer": ["10 %"], "CohortId": ["99"]]
                endpoint["Address"] = "else@example.com"
                endpoint["OptOut"] = "NONE"
                endpoint["TitleOverride"] = "Title"
                endpoint["BodyOverride"] = "Body"
                endpoints[key] = .object(endpoint)
            }
            return .object(endpoints)
        }
        let found = try verdicts(try await ask(caller, count: 2))
        let changes = HookChanges(
            attributes: Array(#"{"Offer":["10 %"]}"#.utf8), titleOverride: "Title", bodyOverride: "Body")
        #expect(found == [1: .pass(changes), 2: .pass(changes)])
        let person = Self.people(1)[0].applying(changes)
        #expect(person.attributes == changes.attributes)
        #expect(person.address == "p1@example.com" && person.cohort == 1)
    }

    @Test func `an answer with its own attribute named like the cohort's keeps the stored one`() throws {
        var person = Self.people(1)[0]
        person.attributes = Array(#"{"CohortId": ["mine"]}"#.utf8)
        let body = Array(#"{"e1": {"Attributes": {"CohortId": ["7"], "New": []}}}"#.utf8)
        let found = try HookAnswer.verdicts(body, about: [person])
        #expect(found == [1: .pass(HookChanges(attributes: Array(#"{"CohortId":["mine"],"New":[]}"#.utf8)))])
        let untouched = try HookAnswer.verdicts(Array(#"{"e1": {"Attributes": null}}"#.utf8), about: [person])
        #expect(untouched == [1: .pass(HookChanges())])
    }

    @Test(arguments: [
        "", "null", "[]", "\"\"", "{", "{\"e1\": null}", "{\"e1\": []}", "{\"e1\": {\"Attributes\": []}}",
        "{\"e1\": {\"Attributes\": {\"a\": \"b\"}}}", "{\"e1\": {\"Attributes\": {\"a\": [1]}}}",
        "{\"e1\": {\"Attributes\": {\"a\": [null]}}}", "{\"e1\": {\"TitleOverride\": 5}}", "{\"e1\": {}, \"e1\": {}}",
        "{\"e1\": {\"BodyOverride\": {}}}",
    ])
    func `an answer in a wrong shape is used for nobody`(text: String) {
        let fault = #expect(throws: HookFault.self) {
            try HookAnswer.verdicts(Array(text.utf8), about: Self.people(2))
        }
        #expect(fault?.kind == .malformed)
    }

    // MARK: Failures

    @Test func `a call is tried three times, and then its people and nobody else have failed`() async throws {
        let caller = ScriptedHook { attempt, body throws(HookFault) in
            let endpoints = body["Endpoints"]?.object ?? JSONObject()
            if endpoints["e60"] != nil || attempt < 3 { throw .unavailable("answered 500") }
            return .object(endpoints)
        }
        let log = LogRecorder()
        let found = try verdicts(try await ask(caller, count: 120, log: log.logger))
        let failed = found.filter { $0.value == .failed }.keys.sorted()
        #expect(failed == Array(51...100))
        #expect(caller.bodies.count == 9)
        let words = log.fields(of: "hook.failed").map { "\($0)" } ?? ""
        #expect(words.contains("answered 500") && !words.contains("example.com") && !words.contains("gold"))
    }

    @Test func `what another try would not change is not tried again`() async throws {
        let caller = ScriptedHook { _, _ throws(HookFault) in throw .refused("answered 404") }
        let breakers = CircuitBreakers(.init(opensAfter: 1))
        let hook = RunHook.lambda("gone")
        let found = try verdicts(try await ask(caller, hook, count: 60, breakers: breakers))
        #expect(found.values.allSatisfy { $0 == .failed } && found.count == 60)
        #expect(caller.bodies.count == 2)
        #expect(!breakers[hook.peer].isOpen)
    }

    @Test func `a hook that is down is left alone for a while, and its people wait instead of failing`() async throws {
        let caller = ScriptedHook { _, _ throws(HookFault) in throw .unavailable("timeout") }
        let breakers = CircuitBreakers(.init(opensAfter: 2, firstPause: .seconds(30)))
        #expect(try verdicts(try await ask(caller, count: 100, breakers: breakers)).count == 100)
        let calls = caller.bodies.count
        guard case .wait(let pause) = try await ask(caller, count: 100, breakers: breakers) else {
            Issue.record("the breaker is closed")
            return
        }
        #expect(pause > .seconds(20) && pause <= .seconds(30))
        #expect(caller.bodies.count == calls)
        // Another hook is none of its business.
        _ = try verdicts(try await ask(caller, .web(url: "https://other.test/"), count: 1, breakers: breakers))
    }

    @Test func `calls whose answer nobody wants any more are given up`() async throws {
        let caller = ScriptedHook(delay: .seconds(40)) { _, body in body["Endpoints"] ?? .null }
        let start = MonotonicClock.now()
        let answer = try await ask(caller, count: 60, isWanted: { false })
        #expect(answer == .abandoned)
        #expect(MonotonicClock.now() - start < 10_000_000)
    }
}

/// A hook whose answers the test writes: from the number of the try and the request to the answer.
final class ScriptedHook: HookCaller {
    typealias Answer = @Sendable (_ attempt: Int, _ request: JSON) throws(HookFault) -> JSON

    private struct State {
        var bodies: [[UInt8]] = []
        var attempts: [[UInt8]: Int] = [:]
        var running = 0
        var mostAtOnce = 0
    }

    private let answer: Answer
    private let delay: Duration
    private let before: @Sendable () async -> Void
    private let state = Lock(State())

    init(
        delay: Duration = .milliseconds(1), before: @escaping @Sendable () async -> Void = {},
        _ answer: @escaping Answer
    ) {
        self.answer = answer
        self.delay = delay
        self.before = before
    }

    var bodies: [[UInt8]] { state.withLock { $0.bodies } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    func call(_ hook: RunHook, _ body: [UInt8]) async throws(HookFault) -> [UInt8] {
        let attempt = state.withLock { state in
            state.bodies.append(body)
            state.attempts[body, default: 0] += 1
            state.running += 1
            state.mostAtOnce = max(state.mostAtOnce, state.running)
            return state.attempts[body] ?? 1
        }
        defer { state.withLock { $0.running -= 1 } }
        await before()
        do {
            try await Task.sleep(for: delay)
        } catch {
            throw HookFault(kind: .cancelled, description: "cancelled")
        }
        guard let request = try? JSON.parse(body) else { throw .malformed("the request is no JSON") }
        return try answer(attempt, request).serialized
    }
}
