import Core
import Model
import Postgres
import Queue
import TestKit
import Testing

/// A campaign whose messages several channels' workers send.
@Suite(.database) struct ChannelFanOutTests {
    private let campaign = CampaignID(high: 3, low: 5)

    /// Every third endpoint is for texts, every seventh for push; some have no channel.
    private func mixed(_ fixture: CampaignFixture) async throws -> RunPlan {
        try await fixture.prepare(endpoints: 2100)
        try await fixture.database.execute(
            """
            UPDATE endpoints
               SET channel_type = CASE WHEN cohort % 3 = 0 THEN 'SMS' WHEN cohort % 7 = 0 THEN 'GCM'
                                       WHEN cohort = 11 THEN NULL ELSE 'EMAIL' END
             WHERE app = \(fixture.app)
            """)
        try await fixture.create(campaign, fixture.request(holdout: 10, sizes: [40]))
        var plan = try await fixture.start()
        plan.treatments[0].sms = RunPlan.SMSContent(body: "hello")
        plan.treatments[0].push = RunPlan.PushContent(messages: ["GCM": ["Body": "hello"]])
        // The second arm has no push: whoever is on it there goes to the first queue, whose gate says why not.
        plan.treatments[1].sms = RunPlan.SMSContent(body: "hi")
        return plan
    }

    @Test func `each member's chunk is in the queue of the member's channel`() async throws {
        let fixture = try CampaignFixture()
        let plan = try await mixed(fixture)
        #expect(plan.queues.map(\.name) == ["delivery.email", "delivery.push", "delivery.sms"])
        try await fixture.finish(fixture.fanOut(plan), .init(members: 700))

        let astray = try await fixture.count(
            """
            WITH planned AS (
                SELECT queue, treatment, unnest(recipients) AS key FROM jobs WHERE run = \(plan.run)
                UNION ALL
                SELECT '', treatment, endpoint_key FROM send_outcomes WHERE run = \(plan.run))
            SELECT count(*) FROM endpoints e FULL JOIN planned p ON p.key = e.endpoint_key
             WHERE e.app = \(fixture.app)
               AND (p.treatment IS DISTINCT FROM (\(plan.arms))[e.cohort + 1]
                    OR p.queue <> CASE WHEN p.treatment = -1 THEN '' WHEN e.channel_type = 'SMS' THEN 'delivery.sms'
                                       WHEN e.channel_type = 'GCM' AND p.treatment = 0 THEN 'delivery.push'
                                       ELSE 'delivery.email' END)
            """)
        #expect(astray == 0)
        #expect(try await fixture.count("SELECT planned FROM runs WHERE id = \(plan.run) AND fanned_out") == 2100)
        #expect(try await fixture.count("SELECT max(size)::bigint FROM run_chunks WHERE run = \(plan.run)") <= 500)
        // Ranges of different queues interleave; those of one do not, which the proof and erasure rest on.
        let violations = try await fixture.database.withSession { session in
            let sheet = try #require(try await Ledger.balance(fixture.app, run: plan.run, in: session))
            return try await LedgerProof.violations(sheet, app: fixture.app, in: session)
        }
        #expect(violations.isEmpty)
        #expect(try await fixture.count("SELECT count(DISTINCT lane) FROM run_chunks WHERE run = \(plan.run)") == 3)
        #expect(
            try await fixture.count(
                """
                SELECT count(*) FROM run_chunks c JOIN jobs j USING (app, run, chunk)
                 WHERE c.size <> cardinality(j.recipients) OR c.treatment <> j.treatment
                    OR c.digest <> (SELECT sha256(string_agg(int8send(k), ''::bytea ORDER BY k))
                                      FROM unnest(j.recipients) AS k)
                """) == 0)
    }

    @Test func `contents of every channel come back from the frozen plan`() async throws {
        let fixture = try CampaignFixture()
        var plan = try await mixed(fixture)
        plan.treatments[0].voice = RunPlan.VoiceContent(
            body: "<speak>hi</speak>", languageCode: "en-US", voiceID: "Joanna", originationNumber: "+1",
            defaultSubstitutions: ["a": "b"], snippets: ["s": "t"])
        plan.treatments[0].custom = RunPlan.CustomContent(
            data: "{}", deliveryURI: "https://a.test", endpointTypes: ["CUSTOM", "EMAIL"])
        plan.treatments[0].sms = RunPlan.SMSContent(
            body: "b", messageType: "TRANSACTIONAL", originationNumber: "+2", senderID: "Shop", entityID: "e",
            templateID: "t", mediaURLs: ["https://a.test/p.png"], defaultSubstitutions: ["a": "b"],
            locales: ["de": "hallo"], snippets: ["s": "t"])
        #expect(try RunPlan(json: plan.json) == plan)
        #expect(plan.treatments[0].senders["EMAIL"] == .email, "an e-mail of its own comes before a custom message")
        #expect(plan.treatments[0].channels(of: .custom) == ["CUSTOM"])
    }
}
