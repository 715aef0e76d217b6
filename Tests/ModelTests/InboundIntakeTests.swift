import Core
import EventLoop
import Model
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct InboundIntakeTests {
    @Test func `calls that come together share a commit and a job`() async throws {
        let test = try TestDatabase.current
        let fixture = try InboundFixture()
        let writer = InboundWriter(database: test.database)
        let intake = InboundIntake(loop: test.loop, committer: { await writer.commit($0) })
        let now = fixture.now
        let calls = (0..<300).map { number in
            StoredCall(
                id: InboundCallID(high: UInt64(now.milliseconds) << 16, low: UInt64(number)), app: fixture.app,
                provider: fixture.provider, kind: "test", channel: "SMS",
                what: number % 2 == 0 ? "receipts" : "messages", headers: [.init(name: "content-type", value: "é")],
                body: [0, 1, 255], receivedAt: now)
        }
        let lane = Task(executorPreference: test.loop) { await intake.runLane() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for call in calls { group.addTask { try await intake.submit(call) } }
            try await group.waitForAll()
        }
        lane.cancel()
        await lane.value
        #expect(try await fixture.count("SELECT count(DISTINCT xmin::text) FROM inbound_calls") <= 30)
        #expect(try await fixture.count("SELECT count(DISTINCT priority) FROM jobs WHERE queue = 'inbound'") == 2)
        let ids = calls.map(\.id)
        let stored = try await test.database.withSession { try await InboundStore.waiting(ids, in: $0) }
        #expect(stored.sorted { $0.id < $1.id } == calls)
    }

    @Test func `a commit whose answer was lost may be repeated`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        let call = try await fixture.call(fixture.app)
        let writer = InboundWriter(database: fixture.database)
        for result in await writer.commit([call]) { try result.get() }
        #expect(try await fixture.count("SELECT count(*) FROM inbound_calls") == 1)
    }

    @Test func `calls that were worked on go after their time, those that wait do not`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.report(fixture.receipt(.optOut, 1, channel: "SMS"), isLastChance: true)
        let waiting = try await fixture.call(fixture.app)
        fixture.wait(.seconds(6 * 86_400))
        #expect(try await prune(fixture) == 0)
        fixture.wait(.seconds(2 * 86_400))
        #expect(try await prune(fixture) == 1)
        #expect(try await fixture.count("SELECT count(*) FROM inbound_calls WHERE id = \(waiting.id)") == 1)
        fixture.wait(.seconds(30 * 86_400))
        #expect(try await prune(fixture) == 1, "the event's key")
    }

    private func prune(_ fixture: InboundFixture) async throws -> Int {
        let now = fixture.now
        return try await fixture.database.transaction {
            try await InboundStore.prune(realNow: now, now: now, in: $0)
        }
    }

    @Test(arguments: [
        InboundEvent.receipt(
            Receipt(
                .click, channel: "EMAIL", key: "k", reference: "r", providerReference: "p", address: "a@b",
                at: Instant(milliseconds: 1_500), detail: "d", attributes: ["link": "https://x"],
                metrics: ["price_in_millicents_usd": 1.5])),
        .receipt(Receipt(.delivered, channel: "SMS")),
        .reply(
            Reply(
                key: "k", channel: "EMAIL", from: "a@b", to: "c@d", text: "t\n😀", subject: "s", messageID: "m",
                inReplyTo: ["1", "2"], reference: "r", providerReference: "p", mediaURLs: ["https://x/1"],
                isAutomatic: true, handledKeyword: "STOP", at: Instant(milliseconds: 7),
                part: .init(group: "g", number: 2, total: 3))),
    ])
    func `an event is the same after its JSON`(event: InboundEvent) throws {
        let again = try InboundEvent(json: try JSON.parse(event.json.serialized))
        #expect(again == event)
    }

    @Test(arguments: [
        (#"{}"#, "receipt or reply"), (#"{"receipt": {"kind": "LOST", "channel": "SMS"}}"#, "receipt.kind"),
        (#"{"receipt": {"kind": "OPEN"}}"#, "receipt.channel"), (#"{"reply": {"key": "k"}}"#, "reply.channel"),
    ])
    func `an event that is none says what is missing`(text: String, words: String) throws {
        let fault = #expect(throws: Fault.self) {
            _ = try InboundEvent(json: try JSON.parse(Array(text.utf8)))
        }
        #expect(fault?.publicMessage.contains(words) == true)
    }
}
