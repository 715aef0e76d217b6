import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

@Suite(.database) struct InboundApplierTests {
    @Test func `a receipt counts once however often it comes`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        let first = try await fixture.report(fixture.receipt(.open, 1), fixture.receipt(.open, 1))
        #expect(first.applied == 1 && first.repeated == 1)
        let again = try await fixture.report(fixture.receipt(.open, 1))
        #expect(again.applied == 0 && again.repeated == 1)
        let second = try await fixture.report(fixture.receipt(.open, 1, id: "another"))
        #expect(second.applied == 1)
        #expect(try await fixture.count("SELECT count(*) FROM events WHERE type = '_email.open'") == 2)
        #expect(try await fixture.count("SELECT n FROM engagements WHERE type = '_email.open'") == 2)
        #expect(try await fixture.count("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'") == 3)
        let figures = try #require(try await fixture.figures())
        #expect(figures.opens == 2 && figures.uniqueOpens == 1 && figures.accepted == 1)
        #expect(try await ChangeLogAudit.violations(in: fixture.database) == [])
        #expect(try await ChangeLogAudit.seen(in: fixture.database)["events"] == 2)
    }

    @Test func `one report given twice at the same time counts once`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        for key in 1...10 { try await fixture.book(key) }
        let events = (1...10).map { fixture.receipt(.hardBounce, $0) }
        let calls = [try await fixture.call(fixture.app), try await fixture.call(fixture.app)]
        async let one = fixture.work(on: calls[0], events)
        async let two = fixture.work(on: calls[1], events.reversed())
        let reports = try await [one, two]
        #expect(reports.map(\.applied).reduce(0, +) == 10)
        #expect(reports.map(\.repeated).reduce(0, +) == 10)
        #expect(try await fixture.figures()?.hardBounces == 10)
    }

    @Test(arguments: [
        ([Receipt.Kind.sent, .delivered], "DELIVERED"), ([.delivered, .sent], "DELIVERED"),
        ([.delivered, .buffered, .hardBounce, .delivered], "HARD_BOUNCE"), ([.softBounce, .delivered], "DELIVERED"),
        ([.busy, .answered], "ANSWERED"),
    ])
    func `whatever the order, the later truth holds and each message is in one state`(
        kinds: [Receipt.Kind], expected: String
    ) async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        for (index, kind) in kinds.enumerated() {
            try await fixture.report(fixture.receipt(kind, 1, id: "\(index)"))
        }
        #expect(try await fixture.texts("SELECT state FROM send_receipts") == [expected])
        try await fixture.rollUp()
        let sums = try await fixture.texts(
            """
            SELECT type || '=' || sum(n) FROM rollups WHERE type LIKE '\\_receipt.%' GROUP BY type HAVING sum(n) <> 0
            """)
        #expect(sums == ["_receipt.\(expected)=1"])
    }

    @Test func `figures count what arrived, and bounces on the day of the message`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        for key in 1...10 { try await fixture.book(key) }
        fixture.wait(.seconds(3 * 86_400))
        try await fixture.report(
            fixture.receipt(.hardBounce, 1), fixture.receipt(.softBounce, 2), fixture.receipt(.delivered, 3),
            fixture.receipt(.complaint, 3))
        let figures = try #require(try await fixture.figures())
        #expect(figures.accepted == 10 && figures.delivered == 8 && figures.hardBounces == 1)
        let engagement = try await fixture.database.withSession {
            try await RunEngagement.load(fixture.app, campaign: fixture.campaign, run: fixture.run, in: $0)
        }
        let treatment = try #require(engagement.treatments.first)
        #expect(treatment.delivered == 1 && treatment.hardBounces == 1 && treatment.softBounces == 1)
        #expect(treatment.complaints == 1)
        let days = try await fixture.texts(
            "SELECT DISTINCT (minute AT TIME ZONE 'UTC')::date::text FROM rollups WHERE type LIKE '\\_receipt.%'")
        #expect(days == ["1998-07-01"])
    }

    // MARK: Too early, too late, somebody else's

    @Test func `a receipt that comes before its send is recorded waits for it`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        let call = try await fixture.call(fixture.app)
        let events = [fixture.receipt(.delivered, 1)]
        let early = try await fixture.work(on: call, events)
        #expect(early.deferred == [call.id] && early.applied == 0)
        #expect(try await fixture.texts("SELECT state FROM inbound_calls") == ["WAITING"])
        #expect(try await fixture.count("SELECT count(*) FROM events") == 0)
        try await fixture.book(1)
        let later = try await fixture.work(on: call, events)
        #expect(later.deferred.isEmpty && later.applied == 1)
        #expect(try await fixture.texts("SELECT state FROM inbound_calls") == ["DONE"])
        #expect(try await fixture.texts("SELECT type FROM events") == ["_email.delivered"])
    }

    @Test func `a wish to get no more holds at once, even while its receipt waits`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        let complaint = InboundEvent.receipt(
            Receipt(.complaint, channel: "EMAIL", reference: fixture.reference(1), address: "P1@Example.com"))
        let report = try await fixture.report(complaint)
        #expect(report.deferred.count == 1)
        #expect(try await fixture.texts("SELECT reason FROM suppressions") == ["COMPLAINT"])
        #expect(try await ChangeLogAudit.violations(in: fixture.database) == [])
    }

    @Test func `a receipt whose send never appears is kept as an orphan, and still suppresses`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        let bounce = InboundEvent.receipt(
            Receipt(.hardBounce, channel: "EMAIL", providerReference: "nobody-knows", address: "gone@example.com"))
        let report = try await fixture.report(bounce, isLastChance: true)
        #expect(report.orphaned == 1)
        #expect(try await fixture.texts("SELECT state FROM inbound_calls") == ["ORPHAN"])
        #expect(try await fixture.texts("SELECT reason FROM suppressions") == ["HARD_BOUNCE"])
        #expect(try await fixture.count("SELECT count(*) FROM events") == 0)
    }

    @Test func `a receipt of another tenant's message does nothing`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1)
        let report = try await fixture.report(fixture.receipt(.hardBounce, 1), app: fixture.other)
        #expect(report.foreign == 1 && report.applied == 0)
        #expect(try await fixture.count("SELECT count(*) FROM suppressions") == 0)
        #expect(try await fixture.count("SELECT count(*) FROM send_receipts") == 0)
        #expect(try await fixture.texts("SELECT state FROM inbound_calls") == ["ORPHAN"])
    }

    @Test func `without our reference the message is found by the provider's and the address`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start(channel: "SMS")
        try await fixture.book(1, providerReference: "SM1")
        try await fixture.book(2, providerReference: "SM2")
        let event = InboundEvent.receipt(
            Receipt(.delivered, channel: "SMS", providerReference: "SM2", address: "1 555 000-1002"))
        #expect(try await fixture.report(event).applied == 1)
        #expect(try await fixture.texts("SELECT endpoint_key::text FROM send_receipts") == ["2"])
        #expect(try await fixture.texts("SELECT attributes->>'record_status' FROM events") == ["DELIVERED"])
        // Somebody else's address with that id is not a message of ours.
        let wrong = InboundEvent.receipt(
            Receipt(.delivered, channel: "SMS", providerReference: "SM1", address: "+15550001002"))
        #expect(try await fixture.report(wrong).deferred.count == 1)
    }

    // MARK: The ledger

    @Test(arguments: [OutcomeReason.crashed, .noReply])
    func `a delivery report turns an unknown send into an accepted one, once`(reason: OutcomeReason) async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        for key in 2...10 { try await fixture.book(key) }
        try await fixture.book(1, .unknown, reason)
        try await fixture.database.execute(
            """
            INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
            SELECT \(fixture.app), \(fixture.run), 0, 0, 1, 10, 10,
                   sha256(string_agg(int8send(k), ''::bytea ORDER BY k)) FROM generate_series(1::bigint, 10) AS k
            """)
        try await fixture.report(fixture.receipt(.delivered, 1))
        try await fixture.report(fixture.receipt(.open, 1), fixture.receipt(.sent, 1))
        #expect(try await fixture.count("SELECT count(*) FROM send_outcomes WHERE ordinal = 0 AND outcome = 1") == 1)
        try await fixture.rollUp()
        let violations = try await fixture.database.withSession { session -> [String] in
            guard let sheet = try await Ledger.balance(fixture.app, run: fixture.run, in: session) else {
                return ["no run"]
            }
            let raw = try await LedgerProof.violations(sheet, app: fixture.app, in: session)
            let rolled = try await LedgerProof.rollupViolations(
                sheet, app: fixture.app, campaign: fixture.campaign, in: session)
            return (raw + rolled).map { "\($0.name): \($0.detail)" }
        }
        #expect(violations == [])
    }

    @Test func `a refusal reported later says nothing of acceptance`() async throws {
        let fixture = try InboundFixture()
        try await fixture.start()
        try await fixture.book(1, .unknown, .noReply)
        try await fixture.report(fixture.receipt(.rejected, 1))
        #expect(try await fixture.texts("SELECT outcome::text FROM send_outcomes") == ["5"])
        #expect(try await fixture.texts("SELECT type FROM events") == ["_email.rejected"])
    }
}
