import Core
import Delivery
import Model
import Postgres
import TestKit
import Testing

/// What people answered, at the gate.
@Suite(.database) struct ConversationGateTests {
    private let app = AppID(high: 1, low: 1)
    private let now = Instant(seconds: 1000)
    private let hash = Array("hash".utf8)
    private let intent = Gate.Intent(
        channels: ["SMS"], messageChannels: ["SMS"], campaign: CampaignID(high: 1, low: 1),
        expiresAt: Instant(seconds: 2000))

    private func insertPerson() async throws {
        try await TestDatabase.current.database.execute(
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash, opt_out,
                                   endpoint_status, cohort, effective_at, created_at)
            VALUES (\(app), 1, 'p', 'SMS', '+12065550142', \(SQLBind.bytes(hash)), 'NONE', 'ACTIVE', 0, \(now), \(now))
            """)
    }

    private func decide(_ rules: RunRules = RunRules(), sender: String? = nil) async throws -> Delivery.Gate.Decision {
        let rows = try await TestDatabase.current.database.query(Recipient.load([1], of: app))
        let recipient = try Recipient(try #require(rows.first))
        return Gate.decide(
            intent, Gate.Person(recipient, sender: sender), Gate.Clock(now: now, offset: { _, _ in nil }),
            Gate.Rules(rules)
        ).decision
    }

    @Test func `a number's own list refuses that number's messages and no others`() async throws {
        try await insertPerson()
        let database = try TestDatabase.current.database
        let (app, hash, now) = (app, hash, now)
        try await database.transaction { session in
            _ = try await OptOutStore.createList(app, "alerts", now: now, in: session)
            try await OptOutStore.setSender(
                app, "+1 206 555 0100", SenderNumber(optOutList: "alerts"), now: now, in: session)
            try await OptOutStore.add(
                app, list: "alerts", hash: hash, isByPerson: true, source: [:], now: now, in: session)
        }
        let stop = Delivery.Gate.Decision.refuse(.suppressed, .suppression("STOP"))
        #expect(try await decide(sender: "+12065550100") == stop)
        #expect(try await decide(sender: "+12065550199") == .send)
        // It may be the one that they left.
        #expect(try await decide() == stop)
        #expect(try await decide(RunRules(answer: .message), sender: "+12065550100") == stop)
        #expect(try await decide(RunRules(answer: .keyword), sender: "+12065550100") == .send)
        try await database.transaction { session in
            try await OptOutStore.remove(app, list: "alerts", hash: hash, now: now, in: session)
        }
        #expect(try await decide(sender: "+12065550100") == .send)
    }

    @Test func `a sentence that nobody has looked at stops marketing alone`() async throws {
        try await insertPerson()
        try await TestDatabase.current.database.execute(
            """
            INSERT INTO reply_reviews (app, conversation, message, address_hash, opened_at)
            VALUES (\(app), \(ConversationID(high: 1, low: 2)), 1, \(SQLBind.bytes(hash)), \(now))
            """)
        #expect(try await decide() == .refuse(.suppressed, .underReview))
        #expect(try await decide(RunRules(purpose: .transactional)) == .send)
        try await TestDatabase.current.database.execute(
            "UPDATE reply_reviews SET decided_at = \(now), decision = 'KEEP'")
        #expect(try await decide() == .send)
    }

    @Test(arguments: [
        ("STOP", nil, false), ("STOP", AnswerKind.message, false), ("STOP", .keyword, true),
        ("UNSUBSCRIBE", .keyword, true),
        ("HARD_BOUNCE", .keyword, false), ("ERASED", .keyword, false), ("COMPLAINT", .keyword, false),
    ])
    func `an answer to a command passes what a person's wish has put there, and nothing else`(
        reason: String, answer: AnswerKind?, passes: Bool
    ) async throws {
        try await insertPerson()
        try await TestDatabase.current.database.execute(
            """
            INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
            VALUES (\(app), 'SMS', \(SQLBind.bytes(hash)), \(reason), \(now))
            """)
        let decision = try await decide(RunRules(answer: answer))
        #expect(decision == (passes ? .send : .refuse(.suppressed, .suppression(reason))))
    }

    @Test func `an answer reaches whom campaigns may not`() async throws {
        try await insertPerson()
        try await TestDatabase.current.database.execute("UPDATE endpoints SET opt_out = 'ALL'")
        #expect(try await decide() == .refuse(.suppressed, .optOut))
        #expect(try await decide(RunRules(purpose: .transactional, answer: .message)) == .send)
    }

    @Test func `an answer's rules survive the freezing of its run`() async throws {
        let database = try TestDatabase.current.database
        let (app, now) = (app, now)
        try await database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at)
            VALUES (\(app), '123456789012', 'a', \(now), \(now))
            """)
        try await insertPerson()
        let run = RunID(high: 4, low: 4)
        try await database.transaction { session in
            let plan = try await AnswerRun.plan(
                .init(
                    app: app, run: run, channel: "SMS", kind: .keyword, from: "+12065550100", body: "{{x}}", now: now),
                in: session)
            _ = try await AnswerRun.start(plan, to: 1, channel: "SMS", kind: "delivery.chunk", in: session)
        }
        let plan = try await database.withSession { try await RunStore.plan(app, run: run, in: $0) }
        #expect(plan?.rules.answer == .keyword)
        #expect(plan?.treatments[0].sms?.defaultSubstitutions["Needletail.Answer"] == "{{x}}")
        let queue: String = try await database.query("SELECT queue FROM jobs WHERE run = \(run)")[0].get(0)
        #expect(queue == "delivery.sms")
    }
}
