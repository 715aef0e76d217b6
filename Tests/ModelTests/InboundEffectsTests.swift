import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct InboundEffectsTests {
    @Test func `the address that was sent to is suppressed, not the endpoint's present one`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        let bounce = InboundEvent.receipt(
            Receipt(.hardBounce, channel: "EMAIL", reference: fixture.reference(1), address: "old@example.com"))
        try await fixture.report(bounce)
        let hashes = try await fixture.database.query("SELECT address_hash FROM suppressions").map {
            try $0.get(0) as [UInt8]
        }
        #expect(hashes == [fixture.hasher.hash("old@example.com", channel: "EMAIL", app: fixture.app)])
    }

    @Test func `a receipt that names no address suppresses the endpoint's own`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        try await fixture.book(2)
        try await fixture.report(fixture.receipt(.hardBounce, 1), fixture.receipt(.complaint, 2))
        let reasons = try await fixture.texts(
            """
            SELECT x.reason FROM endpoints e JOIN suppressions x ON x.app = e.app AND x.address_hash = e.address_hash
             ORDER BY e.endpoint_key
            """)
        #expect(reasons == ["HARD_BOUNCE", "COMPLAINT"])
        #expect(try await ChangeLogAudit.violations(in: fixture.database) == [])
    }

    @Test func `an opt-in undoes a STOP and no dead number`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start(channel: "SMS")
        for key in 1...2 { try await fixture.book(key) }
        try await fixture.report(
            fixture.receipt(.optOut, 1, channel: "SMS"), fixture.receipt(.hardBounce, 2, channel: "SMS"))
        #expect(try await fixture.texts("SELECT reason FROM suppressions ORDER BY 1") == ["HARD_BOUNCE", "STOP"])
        try await fixture.report(fixture.receipt(.optIn, 1, channel: "SMS"), fixture.receipt(.optIn, 2, channel: "SMS"))
        #expect(try await fixture.texts("SELECT reason FROM suppressions") == ["HARD_BOUNCE"])
        #expect(try await fixture.texts("SELECT type FROM events ORDER BY 1") == ["_SMS.FAILURE", "_SMS.OPTOUT"])
    }

    @Test func `whoever was deleted is not followed`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        try await fixture.database.execute("DELETE FROM endpoints WHERE endpoint_key = 1")
        #expect(try await fixture.report(fixture.receipt(.click, 1), fixture.receipt(.delivered, 1)).applied == 2)
        #expect(try await fixture.count("SELECT count(*) FROM events") == 0)
        #expect(try await fixture.count("SELECT count(*) FROM engagements") == 0)
        #expect(try await fixture.count("SELECT count(*) FROM send_receipts") == 0)
    }

    @Test func `a bounce starts a campaign that waits for bounces, once`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        for key in 1...2 { try await fixture.book(key) }
        try await fixture.database.execute(
            """
            INSERT INTO campaigns (app, id, version, status, frequency, events_from, created_at)
            VALUES (\(fixture.app), \(CampaignID(high: 9, low: 9)), 1, 'EXECUTING', 'EVENT', \(fixture.now - .seconds(60)),
                    \(fixture.now))
            """)
        let definition: JSON = [
            "Name": "sorry", "SegmentId": "00000000000000050000000000000005", "SegmentVersion": 1,
            "MessageConfiguration": ["EmailMessage": ["Body": "Hi", "Title": "Hi"]],
            "Schedule": [
                "StartTime": "1998-06-30T00:00:00Z", "EndTime": "1998-07-30T00:00:00Z", "Frequency": "EVENT",
                "EventFilter": [
                    "FilterType": "SYSTEM",
                    "Dimensions": ["EventType": ["DimensionType": "INCLUSIVE", "Values": ["_email.hardbounce"]]],
                ],
            ],
        ]
        try await fixture.database.execute(
            """
            INSERT INTO campaign_versions (app, id, version, definition, created_at)
            VALUES (\(fixture.app), \(CampaignID(high: 9, low: 9)), 1, \(SQLBind.jsonb(definition.serialized)), \(fixture.now))
            """)
        let report = try await fixture.report(
            fixture.receipt(.hardBounce, 1), fixture.receipt(.delivered, 2), fixture.receipt(.hardBounce, 2))
        #expect(report.queues == [.triggers])
        try await fixture.report(fixture.receipt(.hardBounce, 1))
        let jobs = try await fixture.database.query(
            "SELECT jsonb_array_length(payload->'events') FROM jobs WHERE queue = 'campaign.triggers'")
        let sizes: [Int64] = try jobs.map { try $0.get(0) }
        #expect(sizes == [2])
    }

    // MARK: Replies

    @Test func `a reply is handed over once, with the message that it answers`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(3)
        let reply = InboundEvent.reply(
            Reply(
                key: "m1", channel: "EMAIL", from: "p3@example.com", to: "r@x.test", text: "Hel\u{0}lo?",
                reference: fixture.reference(3)))
        try await fixture.report(reply)
        try await fixture.report(reply)
        #expect(fixture.replies.texts == ["Hello?"])
        let origin = try #require(fixture.replies.origins.first)
        #expect(origin.app == fixture.app && origin.campaign == fixture.campaign && origin.send?.endpointKey == 3)
    }

    @Test func `a reply to another tenant's message is theirs who got it, without the message`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        let reply = InboundEvent.reply(
            Reply(key: "m1", channel: "EMAIL", from: "a@b", to: "c@d", text: "Hm", reference: fixture.reference(3)))
        try await fixture.report(reply, app: fixture.other)
        #expect(fixture.replies.origins.first?.app == fixture.other)
        #expect(fixture.replies.origins.first?.send == nil)
    }

    @Test func `a handler that fails undoes all of the call`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        let reply = InboundEvent.reply(Reply(key: "m1", channel: "EMAIL", from: "a@b", to: "c@d", text: "explode"))
        await #expect(throws: Fault.self) { try await fixture.report(fixture.receipt(.open, 1), reply) }
        #expect(try await fixture.count("SELECT count(*) FROM events") == 0)
        #expect(try await fixture.count("SELECT count(*) FROM inbound_events") == 0)
        #expect(try await fixture.texts("SELECT state FROM inbound_calls") == ["WAITING"])
    }

    @Test func `the pieces of a long message are one reply, in whatever order they come`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        func piece(_ number: Int, _ text: String) -> InboundEvent {
            var reply = Reply(key: "p\(number)", channel: "SMS", from: "+15550001001", to: "+1999", text: text)
            reply.part = .init(group: "7", number: number, total: 3)
            return .reply(reply)
        }
        try await fixture.report(piece(3, "three"))
        try await fixture.report(piece(1, "one "), piece(1, "one "))
        #expect(fixture.replies.texts == [])
        try await fixture.report(piece(2, "two "))
        #expect(fixture.replies.texts == ["one two three"])
        #expect(try await fixture.count("SELECT count(*) FROM inbound_parts") == 0)
    }
}
