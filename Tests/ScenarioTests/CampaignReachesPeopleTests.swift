import TestKit
import Testing

/// The main job, from the API to the mailbox and back.
@Suite(.scenario, .database) struct CampaignReachesPeopleTests {
    @Test func `a campaign is sent, opened, clicked and unsubscribed from, and its books balance`() async throws {
        let url = try TestDatabase.current.url
        try await RunningSuite.with { suite in
            let output = try await suite.drive("campaign_story.py", [suite.sink.messagesFile])
            let campaigns = output.values(after: "campaign")
            // Two of the story, and the one that test sends belong to.
            #expect(campaigns.count == 3)
            for campaign in campaigns { try await Self.prove(campaign, url) }
        }
    }

    /// `needletail prove` recounts from raw rows.
    static func prove(_ campaign: String, _ databaseURL: String) async throws {
        let prover = try ChildProcess(
            BuildPaths.product("needletail"),
            ["prove", "--campaign", campaign],
            environment: ["PATH": "/usr/bin:/bin", "NEEDLETAIL_DATABASE_URL": databaseURL]
        )
        let status = try await prover.waitForExit(within: .seconds(60))
        #expect(status == 0, "needletail prove: \(prover.output.joined(separator: "\n"))")
    }
}
