import TestKit
import Testing

/// Push campaigns with the real processes and the services' look-alikes over HTTP/2.
@Suite(.scenario, .database) struct PushTokensDieTests {
    @Test func `phones and browsers get a campaign in their own form, and dead tokens end with it`() async throws {
        let url = try TestDatabase.current.url
        let peer = try await PushPeer.start()
        let settings = [
            "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32,::1/128",
            "NEEDLETAIL_OUTBOUND_CA_FILE": peer.certificateAuthorityFile,
        ]
        try await RunningSuite.with(
            settings: settings, services: [.ingest, .segments, .scheduler, .push, .aggregator]
        ) { suite in
            let output = try await suite.drive("push_story.py", [peer.url, peer.folder])
            let campaigns = output.values(after: "campaign")
            #expect(campaigns.count == 2)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, url) }
        }
    }
}
