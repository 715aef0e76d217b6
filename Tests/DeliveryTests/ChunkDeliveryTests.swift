import Core
import Delivery
import Model
import Postgres
import Providers
import Queue
import TestKit
import Testing

@Suite(.database) struct ChunkDeliveryTests {
    let fixture: DeliveryFixture

    init() throws {
        fixture = try DeliveryFixture()
    }

    @Test func `every recipient ends in the ledger once, and the books balance`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 10)
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.total(.accepted) == 10)
        #expect(sheet.open == 0)
        #expect(sheet.balances)
        #expect(try await fixture.violations().isEmpty)
        #expect(channel.handedOver.values.allSatisfy { $0 == 1 })
    }

    @Test func `a custom message for e-mail addresses is not the e-mail worker's to send`() async throws {
        var plan = fixture.plan()
        plan.treatments = [.init(name: nil, sizePercent: 100, email: nil, otherChannels: ["EMAIL"])]
        try await fixture.start(plan, endpoints: 2)
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.lines.map(\.reason) == ["UNSUPPORTED_CHANNEL"])
        #expect(sheet.total(.suppressed) == 2)
        #expect(channel.handedOver.isEmpty)
    }

    @Test func `the gate's refusals are booked with their reasons and never reach the provider`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 6)
        try await fixture.database.execute("UPDATE endpoints SET opt_out = 'ALL' WHERE endpoint_key = 1")
        try await fixture.database.execute("UPDATE endpoints SET endpoint_status = 'INACTIVE' WHERE endpoint_key = 2")
        try await fixture.database.execute("DELETE FROM endpoints WHERE endpoint_key = 3")
        let hash: [UInt8] = [1, 2, 3]
        try await fixture.database.execute(
            "UPDATE endpoints SET address_hash = \(SQLBind.bytes(hash)) WHERE endpoint_key = 4"
        )
        try await fixture.database.execute(
            """
            INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
            VALUES (\(fixture.app), 'EMAIL', \(SQLBind.bytes(hash)), 'UNSUBSCRIBE', \(fixture.environment.now()))
            """
        )
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        let sheet = try #require(try await fixture.sheet())
        let reasons = Set(sheet.lines.compactMap(\.reason))
        #expect(reasons == ["OPT_OUT", "ENDPOINT_INACTIVE", "ENDPOINT_DELETED", "SUPPRESSED_UNSUBSCRIBE"])
        #expect(sheet.total(.suppressed) == 4)
        #expect(Set(channel.handedOver.keys) == [5, 6])
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a transient refusal is tried again alone, with its place in the chunk`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 5)
        let channel = ScriptedChannel { key, attempt in
            key == 3 && attempt < 3
                ? .retry(after: .zero, isThrottle: false, detail: "451") : .accepted(providerReference: "")
        }
        try await fixture.drain(fixture.delivery(channel))
        #expect(channel.handedOver[3] == 3)
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.total(.accepted) == 5)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a retry that would come after the run's end is expired`() async throws {
        try await fixture.start(fixture.plan(lasting: .seconds(1)), endpoints: 1)
        let channel = ScriptedChannel { _, _ in .retry(after: .seconds(60), isThrottle: true, detail: "421") }
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await fixture.sheet()?.total(.expired) == 1)
    }

    @Test func `a provider that cannot be reached pauses the job whole and books nothing`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 8)
        let down = ScriptedChannel { _, _ in .notSent(.connection, detail: "refused") }
        let job = try #require(try await fixture.take())
        try await fixture.delivery(down).run(job, HeldLease(terms: fixture.lease))
        let paused = try #require(try await fixture.sheet())
        #expect(paused.open == 8)
        #expect(paused.lines.isEmpty)
        #expect(try await fixture.take() == nil, "due later")
        try await fixture.drain(fixture.delivery(ScriptedChannel()))
        #expect(try await fixture.sheet()?.total(.accepted) == 8)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a dead address is rejected and suppressed`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 2)
        let hash: [UInt8] = [7]
        try await fixture.database.execute(
            "UPDATE endpoints SET address_hash = \(SQLBind.bytes(hash)) WHERE endpoint_key = 2"
        )
        let channel = ScriptedChannel { key, _ in
            key == 2 ? .rejected(.address, detail: "550 5.1.1", isAddressDead: true) : .accepted(providerReference: "")
        }
        try await fixture.drain(fixture.delivery(channel))
        #expect(try await fixture.sheet()?.total(.rejected) == 1)
        let reason: String = try await fixture.database.query("SELECT reason FROM suppressions")[0].get(0)
        #expect(reason == "HARD_BOUNCE")
    }

    @Test func `what is suppressed is the address that was sent to, not the one the endpoint has got since`()
        async throws
    {
        try await fixture.start(fixture.plan(), endpoints: 1)
        let (old, new): ([UInt8], [UInt8]) = ([7], [8])
        let database = fixture.database
        try await database.execute("UPDATE endpoints SET address_hash = \(SQLBind.bytes(old))")
        let channel = ScriptedChannel({ _, _ in .rejected(.address, detail: "410 Unregistered", isAddressDead: true) })
        {
            do {
                try await database.execute("UPDATE endpoints SET address_hash = \(SQLBind.bytes(new))")
            } catch {
                Issue.record(error)
            }
        }
        try await fixture.drain(fixture.delivery(channel))
        let row = try await database.query("SELECT address_hash, reason, source FROM suppressions")[0]
        #expect(try row.get(0) == old)
        #expect(try row.get(1) == "HARD_BOUNCE")
        #expect(try row.get(2) == JSON.object(["from": "provider"]), "an e-mail's detail may name the address")
    }

    @Test func `no reply after the message was written is unknown at most once, sent again flagged at least once`()
        async throws
    {
        try await fixture.start(fixture.plan(.atLeastOnce), endpoints: 3)
        let channel = ScriptedChannel { key, attempt in
            key == 2 && attempt == 1 ? .unknown(detail: "timeout") : .accepted(providerReference: "")
        }
        try await fixture.drain(fixture.delivery(channel))
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.total(.accepted) == 3)
        #expect(sheet.possibleDuplicates == 1)
        #expect(channel.handedOver[2] == 2)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a lease lost while sending: acceptances are added late and supersede unknown`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 4)
        let database = fixture.database
        let reaper = Reaper(
            queue: .email,
            settlement: Settlement(resolver: .ledger(fixture.environment)),
            database: database,
            log: .silent
        )
        // While the provider works, the holder is paused past its lease and a reaper settles the job.
        let channel = ScriptedChannel(beforeAnswer: {
            do {
                try await database.execute("UPDATE jobs SET lease_expires_at = clock_timestamp() - interval '1 s'")
                _ = try await reaper.runOnce()
            } catch {
                Issue.record(error)
            }
        })
        let job = try #require(try await fixture.take())
        try await fixture.delivery(channel).run(job, HeldLease(terms: fixture.lease))
        let rows = try await database.query("SELECT count(*) FILTER (WHERE outcome = 5), count(*) FROM send_outcomes")
        #expect(try rows[0].get(0) == Int64(4), "booked unknown first")
        #expect(try rows[0].get(1) == Int64(8))
        let sheet = try #require(try await fixture.sheet())
        #expect(sheet.total(.accepted) == 4)
        #expect(sheet.total(.unknown) == 0)
        #expect(try await fixture.violations().isEmpty)
    }

    @Test func `a channel without a message is a mismatch, one without a worker is unsupported`() async throws {
        try await fixture.start(fixture.plan(otherChannels: ["SMS", "GCM"]), endpoints: 5)
        for (key, channel) in [(Int64(1), "SMS"), (2, "VOICE"), (3, "GCM")] {
            try await fixture.database.execute(
                "UPDATE endpoints SET channel_type = \(channel) WHERE endpoint_key = \(key)")
        }
        try await fixture.database.execute("UPDATE endpoints SET channel_type = NULL WHERE endpoint_key = 4")
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        let rows = try await fixture.database.query("SELECT endpoint_key, reason FROM send_outcomes ORDER BY 1")
        #expect(
            try rows.map { try $0.get(1) as String? } == [
                "UNSUPPORTED_CHANNEL", "ENDPOINT_CHANNEL_MISMATCH", "UNSUPPORTED_CHANNEL", "ENDPOINT_CHANNEL_MISMATCH",
                nil,
            ])
        #expect(Set(channel.handedOver.keys) == [5])
    }

    @Test func `a cancelled run sends nothing more`() async throws {
        try await fixture.start(fixture.plan(), endpoints: 3)
        try await fixture.database.execute("UPDATE runs SET state = 'CANCELLED'")
        let channel = ScriptedChannel()
        try await fixture.drain(fixture.delivery(channel))
        #expect(channel.handedOver.isEmpty)
        #expect(try await fixture.sheet()?.total(.suppressed) == 3)
    }
}
