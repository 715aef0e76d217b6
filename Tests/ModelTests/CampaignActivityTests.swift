import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct CampaignActivityTests {
    let fixture: LedgerFixture

    init() throws {
        fixture = try LedgerFixture()
    }

    private func suppressed(_ key: Int64, _ reason: OutcomeReason) -> SendOutcomeRow {
        SendOutcomeRow(endpointKey: key, ordinal: Int32(key - 1), state: .suppressed, reason: reason)
    }

    private func activity() async throws -> CampaignActivity {
        let list = try await fixture.database.withSession {
            try await CampaignActivity.list(fixture.app, campaign: fixture.campaign, before: nil, runs: 1, in: $0)
        }
        try #require(list.count == 1)
        return list[0]
    }

    @Test func `reasons that are one metric of Pinpoint's add up, the others keep their names`() async throws {
        try await fixture.start()
        let reasons: [OutcomeReason] = [
            .optOut, .suppression("UNSUBSCRIBE"), .suppression("UNSUBSCRIBE"), .suppression("COMPLAINT"),
            .suppression("STOP"), .inactive, .suppression("HARD_BOUNCE"), .suppression("MANUAL"), .missingAddress,
        ]
        try await fixture.book(reasons.enumerated().map { suppressed(Int64($0.offset + 1), $0.element) })
        try await fixture.book(fixture.rows(10...10))
        try await fixture.rollUp()
        let activity = try await activity()
        #expect(activity.accepted == 1)
        #expect(
            activity.executionMetrics == [
                "ENDPOINT_PRODUCED": 10, "ENDPOINT_OPT_OUT": 5, "ENDPOINT_INACTIVE": 2, "SUPPRESSED_MANUAL": 1,
                "ENDPOINT_MISSING_ADDRESS": 1,
            ])
    }

    @Test func `the other arms of the run are held out of a treatment`() async throws {
        try await fixture.start()
        for (chunk, arm, size) in [(1, -1, 3), (2, 1, 4)] as [(Int32, Int16, Int32)] {
            try await fixture.database.execute(
                """
                INSERT INTO run_chunks
                SELECT app, run, \(chunk), \(arm), 100, 200, \(size), digest FROM run_chunks WHERE chunk = 0
                """
            )
        }
        #expect(try await activity().executionMetrics == ["ENDPOINT_PRODUCED": 10, "TREATMENT_HOLDOUT": 7])
    }
}
