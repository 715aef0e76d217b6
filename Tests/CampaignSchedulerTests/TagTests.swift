import Core
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct TagTests {
    private static func path(_ resource: String, account: String = ServiceUnderTest.account) -> String {
        "/v1/tags/"
            + "arn:aws:mobiletargeting:us-east-1:\(account):\(resource)"
            .split(separator: ":", omittingEmptySubsequences: false).joined(separator: "%3A")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F")
    }

    @Test func `apps, segments and templates are tagged, untagged and listed`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            let segment = String(repeating: "a", count: 32)
            try await TestDatabase.current.database.execute(
                """
                INSERT INTO segments (app, id, version, created_at)
                VALUES (\(app)::uuid, \(segment)::uuid, 1, '1998-07-01')
                """
            )
            _ = try await service.call("POST", "/v1/templates/t/email", ["Subject": "s", "TextPart": "t"])
            for resource in ["apps/\(app)", "apps/\(app)/segments/\(segment)", "templates/t/EMAIL"] {
                let path = Self.path(resource)
                #expect(try await service.call("GET", path).json == ["tags": [:]], "\(resource)")
                let tagged = try await service.call("POST", path, ["tags": ["a": "1", "b": "2", "c": ""]])
                #expect(tagged.status == 204, "\(resource): \(tagged.text)")
                #expect(tagged.body.isEmpty)
                _ = try await service.call("POST", path, ["tags": ["b": "3"]])
                #expect(try await service.call("DELETE", path + "?tagKeys=a&tagKeys=c&tagKeys=none").status == 204)
                #expect(try await service.call("GET", path).json == ["tags": ["b": "3"]])
            }
            #expect(try await service.call("GET", "/v1/apps/\(app)").json["tags"] == ["b": "3"])
            #expect(try await service.call("GET", "/v1/templates/t/email").json["tags"] == ["b": "3"])
        }
    }

    @Test func `a missing or foreign resource is a 404, and bad tags a 400 that stores nothing`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            let none = String(repeating: "0", count: 32)
            let missing = [
                Self.path("apps/\(none)"), Self.path("apps/\(app)/segments/\(none)"),
                Self.path("apps/\(app)/campaigns/\(none)"), Self.path("templates/none/EMAIL"),
                Self.path("apps/\(app)", account: "210987654321"),
            ]
            for path in missing {
                #expect(try await service.call("GET", path).status == 404, "\(path)")
                #expect(try await service.call("POST", path, ["tags": ["a": "1"]]).status == 404, "\(path)")
                #expect(try await service.call("DELETE", path + "?tagKeys=a").status == 404, "\(path)")
            }
            #expect(try await service.call("GET", "/v1/tags/nonsense").status == 400)

            let path = Self.path("apps/\(app)")
            let many = (0..<50).map { JSONObject.Member(key: "k\($0)", value: "v") }
            #expect(
                try await service.call("POST", path, ["tags": .object(JSONObject(uniqueMembers: many))]).status == 204)
            let cases: [(JSON, String)] = [
                (["tags": ["one more": "x"]], "50"), (["tags": ["aws:x": "x"]], "aws:"), ([:], "tags"),
                (["tags": ["k": .string(String(repeating: "v", count: 257))]], "tags.k"),
                (["tags": [.init(repeating: "k", count: 129): "v"]], "tags"), (["tags": ["k": 1]], "tags.k"),
            ]
            for (body, named) in cases {
                let refused = try await service.call("POST", path, body)
                #expect(refused.status == 400, "\(named)")
                #expect(refused.message.contains(named), "\(refused.message)")
            }
            #expect(try await service.call("DELETE", path).status == 400)
            #expect(try await service.call("GET", path).json["tags"]?.object?.count == 50)
        }
    }
}
