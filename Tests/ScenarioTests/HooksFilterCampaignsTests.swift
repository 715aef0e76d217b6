import TestKit
import Testing

/// Campaigns whose hooks decide who is sent to, with the real processes, a TLS receiver and Lambda's API behind botocore's
/// signature.
@Suite(.scenario, .database) struct HooksFilterCampaignsTests {
    @Test func `hooks filter people and add to their messages, and the books balance`() async throws {
        let url = try TestDatabase.current.url
        let peer = try await HookPeer.start()
        let settings = [
            "NEEDLETAIL_LEASE_TTL_MS": "2000",
            "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32",
            "NEEDLETAIL_OUTBOUND_CA_FILE": peer.certificateAuthorityFile,
            "NEEDLETAIL_AWS_ACCESS_KEY_ID": HookPeer.key.id,
            "NEEDLETAIL_AWS_SECRET_ACCESS_KEY": HookPeer.key.secret,
            "NEEDLETAIL_AWS_SESSION_TOKEN": HookPeer.sessionToken,
            "NEEDLETAIL_AWS_REGION": "eu-north-1",
            "NEEDLETAIL_AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:\(peer.plainPort)",
        ]
        try await RunningSuite.with(settings: settings) { suite in
            let output = try await suite.drive(
                "hook_story.py", [suite.sink.messagesFile, "\(peer.port)", peer.callsFile])
            let campaigns = output.values(after: "campaign")
            #expect(campaigns.count == 4)
            for campaign in campaigns { try await CampaignReachesPeopleTests.prove(campaign, url) }
        }
    }
}
