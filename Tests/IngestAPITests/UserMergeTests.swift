import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct UserMergeTests {
    private func write(_ user: String? = nil, _ attributes: JSON? = nil) -> JSON {
        var body: JSONObject = ["ChannelType": "CUSTOM", "Address": "x"]
        if let user {
            var member: JSONObject = ["UserId": .string(user)]
            member["UserAttributes"] = attributes
            body["User"] = .object(member)
        }
        return .object(body)
    }

    private func merges(_ ingest: RunningIngest, of user: String) async throws -> [UserMerge] {
        try await ingest.test.database.withSession { session in
            try await UserMergeStore.list(ingest.app, user: UserID(user), in: session)
        }
    }

    private func undo(_ ingest: RunningIngest, _ merge: UserMerge) async throws -> Bool {
        try await ingest.test.database.transaction { session in
            try await UserMergeStore.undo(merge, of: ingest.app, at: RunningIngest.now, in: session)
        }
    }

    @Test func `every change of an existing endpoint's user is recorded, and nothing else`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("born", write("a"))
            try await ingest.update("e", write())
            try await ingest.update("e", write())
            try await ingest.update("e", write("a"))
            try await ingest.update("e", write("a", ["Name": ["x"]]))
            try await ingest.update("e", write("b"))
            let found = try await merges(ingest, of: "a")
            #expect(found.map(\.endpoint.rawValue) == ["e", "e"])
            #expect(found.map(\.from?.rawValue) == ["a", nil])
            #expect(found.map(\.to.rawValue) == ["b", "a"])
            #expect(found.allSatisfy { $0.undoneAt == nil && $0.at == RunningIngest.now })
            #expect(try await ingest.count("SELECT count(*) FROM user_merges") == 2)
        }
    }

    @Test func `several changes in one commit are recorded one by one`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("old", write())
            func item(_ id: String, _ user: String) -> JSON {
                ["Id": .string(id), "ChannelType": "CUSTOM", "Address": .string(id), "User": ["UserId": .string(user)]]
            }
            let batch: JSON = [
                "Item": [item("old", "a"), item("new", "a"), item("old", "b"), item("new", "b"), item("new", "b")]
            ]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", batch).status == 202)
            let rows = try await ingest.test.database.query(
                """
                SELECT e.external_id, coalesce(m.from_user, '-'), m.to_user
                  FROM user_merges m
                  JOIN endpoints e USING (app, endpoint_key)
                 ORDER BY m.id
                """)
            let found = try rows.map { [try $0.get(0), try $0.get(1), try $0.get(2)] as [String] }
            #expect(found == [["old", "-", "a"], ["old", "a", "b"], ["new", "a", "b"]])
        }
    }

    @Test func `undoing gives the endpoint back with the former user's attributes, once`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("a1", write("a", ["Name": ["Ann"]]))
            try await ingest.update("e", write("a"))
            _ = try await ingest.putEvents(["e": ["Endpoint": [:], "Events": ["1": RunningIngest.event()]]])
            try await ingest.update("e", write("b", ["Name": ["Bob"]]))
            let merge = try #require(try await merges(ingest, of: "b").first)
            #expect(try await undo(ingest, merge))
            let user = try await ingest.endpoint("e")["User"]
            #expect(user == ["UserAttributes": ["Name": ["Ann"]], "UserId": "a"])
            #expect(try await ingest.count("SELECT count(*) FROM users WHERE user_id = 'b'") == 0, "the merge made b")
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
            #expect(try await !undo(ingest, merge), "once")
            #expect(try await merges(ingest, of: "b").first?.undoneAt == RunningIngest.now)
            let logged = try await ingest.count(
                "SELECT count(*) FROM change_log WHERE endpoint_keys = ARRAY[\(merge.endpointKey)] AND id > (SELECT max(id) - 1 FROM change_log)"
            )
            #expect(logged == 1)
        }
    }

    @Test func `an anonymous endpoint becomes nobody's again, and a user with other endpoints stays`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("b1", write("b", ["Name": ["Bob"]]))
            try await ingest.update("e", write())
            try await ingest.update("e", write("b"))
            #expect(try await undo(ingest, try #require(try await merges(ingest, of: "b").first)))
            #expect(try await ingest.endpoint("e")["User"] == nil)
            #expect(try await ingest.endpoint("b1")["User"]?["UserAttributes"] == ["Name": ["Bob"]])
        }
    }

    @Test func `an endpoint that was moved again since is not moved back`() async throws {
        try await RunningIngest.run { ingest in
            for user in [nil, "a", "b"] { try await ingest.update("e", write(user)) }
            let found = try await merges(ingest, of: "a")
            let first = try #require(found.last)
            let refusal = await #expect(throws: UnmergeRefusal.self) { try await undo(ingest, first) }
            #expect(refusal?.description == "endpoint e was moved again since; undo merge \(found[0].id) first")
            #expect(try await undo(ingest, found[0]))
            #expect(try await undo(ingest, first))
            #expect(try await ingest.endpoint("e")["User"] == nil)
        }
    }

    @Test func `the rule of 15 holds for the way back too`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", write("a"))
            try await ingest.update("e", write("b"))
            for number in 1...15 {
                try await ingest.update(
                    "a\(number)",
                    ["ChannelType": "CUSTOM", "Address": .string("a\(number)"), "User": ["UserId": "a"]])
            }
            let merge = try #require(try await merges(ingest, of: "b").first)
            let refusal = await #expect(throws: UnmergeRefusal.self) { try await undo(ingest, merge) }
            #expect(refusal?.description == "user a has 15 other endpoints, and can have 15")
        }
    }

    @Test func `attributes of a user without the user's id are the endpoint's own user's`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", write("a"))
            let own: JSON = ["User": ["UserAttributes": ["Name": ["Ann"]]]]
            #expect(try await ingest.update("e", own).status == 202)
            #expect(
                try await ingest.endpoint("e")["User"] == ["UserAttributes": ["Name": ["Ann"]], "UserId": "a"])
            try await ingest.update("nobody", write())
            let refused = try await ingest.update("nobody", own)
            #expect(refused.status == 400)
            #expect(refused.message?.hasPrefix("User.UserId is required with UserAttributes") == true)
        }
    }
}
