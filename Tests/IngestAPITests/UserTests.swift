import Core
import Postgres
import TestKit
import Testing

@Suite(.database) struct UserTests {
    private func email(_ number: Int, user: String, _ attributes: JSON? = nil) -> JSON {
        var member: JSONObject = ["UserId": .string(user)]
        member["UserAttributes"] = attributes
        return ["ChannelType": "EMAIL", "Address": .string("a\(number)@b.c"), "User": .object(member)]
    }

    @Test func `user attributes reach every endpoint of the user`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e1", email(1, user: "u", ["Name": ["Ann"], "Plan": ["free"]]))
            try await ingest.update("e2", email(2, user: "u"))
            #expect(try await ingest.endpoint("e2")["User"]?["UserAttributes"]?["Name"] == ["Ann"])
            try await ingest.update("e2", email(2, user: "u", ["Plan": ["paid"], "Name": []]))
            for id in ["e1", "e2"] {
                #expect(try await ingest.endpoint(id)["User"]?["UserAttributes"] == ["Plan": ["paid"]])
            }
            try await ingest.update("e2", email(2, user: "v"))
            #expect(
                try await ingest.endpoint("e2")["User"]?["UserAttributes"] == [:],
                "another user's attributes do not stay")
            let users = try await ingest.send("GET", "\(ingest.path)/users/u")
            #expect(users.json["Item"]?.array?.map { $0["Id"] } == ["e1"])
        }
    }

    @Test func `a user has 15 endpoints, and the 16th is refused`() async throws {
        try await RunningIngest.run { ingest in
            for number in 1...15 {
                #expect(try await ingest.update("e\(number)", email(number, user: "u")).status == 202)
            }
            let refused = try await ingest.update("e16", email(16, user: "u", ["Name": ["x"]]))
            #expect(refused.status == 400)
            #expect(refused.message == "Exceeded maximum endpoint per user count: 15")
            #expect(try await ingest.update("e3", email(3, user: "u")).status == 202, "it is one of the 15")
            #expect(try await ingest.count("SELECT count(*) FROM users") == 0, "nothing of the refused write is stored")
            let push: JSON = ["ChannelType": "GCM", "Address": "t", "User": ["UserId": "u"]]
            #expect(try await ingest.update("p", push).status == 400, "no push endpoint to replace")
        }
    }

    @Test func `a push endpoint takes the place of the oldest push endpoint`() async throws {
        try await RunningIngest.run { ingest in
            func push(_ number: Int, day: Int) -> JSON {
                [
                    "ChannelType": "APNS", "Address": .string("token\(number)"), "User": ["UserId": "u"],
                    "EffectiveDate": .string("1998-06-\(day)T00:00:00Z"),
                ]
            }
            for number in 1...15 {
                try await ingest.update("p\(number)", push(number, day: number == 7 ? 10 : 10 + number))
            }
            #expect(try await ingest.update("p16", push(16, day: 28)).status == 202)
            let evicted = try await ingest.endpoint("p7")
            #expect(evicted["EndpointStatus"] == "INACTIVE")
            #expect(evicted["User"] == nil)
            let users = try await ingest.send("GET", "\(ingest.path)/users/u")
            #expect(users.json["Item"]?.array?.count == 15)
        }
    }

    @Test func `the rule of 15 holds for writes that come at once`() async throws {
        try await RunningIngest.run { ingest in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...40 {
                    group.addTask { try await ingest.update("e\(number)", email(number, user: "u")).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 202 } == 15)
            #expect(statuses.count { $0 == 400 } == 25)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints WHERE user_id = 'u'") == 15)
        }
    }

    @Test func `deleting a user deletes the endpoints`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e1", email(1, user: "a/b", ["Name": ["x"]]))
            try await ingest.update("e2", email(2, user: "a/b"))
            let deleted = try await ingest.send("DELETE", "\(ingest.path)/users/a%2Fb")
            #expect(deleted.status == 202)
            #expect(deleted.json["Item"]?.array?.count == 2)
            #expect(try await ingest.send("GET", "\(ingest.path)/users/a%2Fb").status == 404)
            #expect(
                try await ingest.count("SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM endpoints)") == 0)
        }
    }
}
