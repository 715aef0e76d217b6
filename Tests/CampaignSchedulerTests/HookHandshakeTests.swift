import Core
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct HookHandshakeTests {
    private static let refusal =
        "Hook.WebUrl must be reachable over https and answer HEAD with "
        + "X-Amz-Pinpoint-AccountId: \(HookPeer.account)"

    private func run(
        _ settings: [String: String] = [:],
        _ body: (ServiceUnderTest, HookPeer, _ campaigns: String, _ segment: String) async throws -> Void
    ) async throws {
        let peer = try await HookPeer.start()
        var values = [
            "NEEDLETAIL_OUTBOUND_ALLOW": "127.0.0.1/32", "NEEDLETAIL_OUTBOUND_CA_FILE": peer.certificateAuthorityFile,
        ]
        values.merge(settings) { $1 }
        let routes = ControlRoutes.all + campaignRoutes(SchedulerSignal())
        try await ServiceUnderTest.run(routes, settings: values) { service in
            let app = try await service.createApp()
            let channel: JSON = ["FromAddress": "shop@example.com", "Identity": "example.com"]
            #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", channel).status == 200)
            let segment = SegmentID(high: 5, low: 5)
            let test = try TestDatabase.current
            let (id, now) = (try #require(AppID(app)), test.environment.now())
            try await test.database.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(id), \(segment), 1, \(now))")
            try await test.database.execute(
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(id), \(segment), 1, '{"Dimensions": {}}', \(now))
                """)
            try await body(service, peer, "/v1/apps/\(app)/campaigns", segment.description)
        }
    }

    private func campaign(_ segment: String, hook: String, name: String = "spring") -> JSON {
        [
            "Name": .string(name), "SegmentId": .string(segment), "Schedule": ["StartTime": "1998-08-01T00:00:00Z"],
            "MessageConfiguration": ["EmailMessage": ["Title": "Hi", "Body": "There"]],
            "Hook": ["WebUrl": .string(hook), "Mode": "FILTER"],
        ]
    }

    @Test func `a web hook that answers with the account's number may be named`() async throws {
        try await run { service, peer, path, segment in
            let url = "https://127.0.0.1:\(peer.port)/filter?v1"
            let created = try await service.call("POST", path, campaign(segment, hook: url))
            #expect(created.status == 201, "\(created.text)")
            #expect(created.json["Hook"]?["WebUrl"]?.string == url)
            let calls = try peer.calls()
            #expect(calls.map { $0["method"]?.string } == ["HEAD"])
            #expect(calls.first?["path"]?.string == "/filter?v1")
        }
    }

    @Test func `one that does not answer so is refused in the same words, whatever the reason, and nothing is stored`()
        async throws
    {
        try await run { service, peer, path, segment in
            let urls = [
                "https://127.0.0.1:\(peer.port)/stranger", "https://127.0.0.1:\(peer.plainPort)/filter",
                "https://127.0.0.1:1/filter", "https://127.0.0.2:\(peer.port)/filter", "https://169.254.169.254/x",
                "https://hooks.invalid/filter",
            ]
            for url in urls {
                let refused = try await service.call("POST", path, campaign(segment, hook: url))
                #expect(refused.status == 400 && refused.message.contains(Self.refusal), "\(url): \(refused.text)")
            }
            let listed = try await service.call("GET", path)
            #expect(listed.json["Item"] == [])
        }
    }

    @Test func `an update asks again only about another hook`() async throws {
        try await run { service, peer, path, segment in
            let base = "https://127.0.0.1:\(peer.port)"
            let created = try await service.call("POST", path, campaign(segment, hook: "\(base)/filter"))
            let id = try #require(created.json["Id"]?.string)
            let renamed = campaign(segment, hook: "\(base)/filter", name: "renamed")
            #expect(try await service.call("PUT", "\(path)/\(id)", renamed).status == 200)
            #expect(try peer.calls().count == 1)
            let moved = campaign(segment, hook: "\(base)/stranger")
            #expect(try await service.call("PUT", "\(path)/\(id)", moved).message.contains(Self.refusal))
            let other = campaign(segment, hook: "\(base)/echo")
            #expect(try await service.call("PUT", "\(path)/\(id)", other).status == 200)
            #expect(try peer.calls().count == 3)
        }
    }

    @Test func `an operator can do without it`() async throws {
        try await run(["NEEDLETAIL_HOOK_HANDSHAKE": "0"]) { service, peer, path, segment in
            let body = campaign(segment, hook: "https://hooks.invalid/filter")
            let created = try await service.call("POST", path, body)
            #expect(created.status == 201)
            #expect(try peer.calls().isEmpty)
        }
    }
}
