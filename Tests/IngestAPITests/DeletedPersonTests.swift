import Core
import Crypto
import Hosting
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct DeletedPersonTests {
    private func email(_ address: String, user: String? = nil, _ attributes: JSON? = nil) -> JSON {
        var body: JSONObject = ["ChannelType": "EMAIL", "Address": .string(address)]
        if let user {
            var member: JSONObject = ["UserId": .string(user)]
            member["UserAttributes"] = attributes
            body["User"] = .object(member)
        }
        return .object(body)
    }

    private func event(_ ingest: RunningIngest, of id: String, _ key: String) async throws {
        let answer = try await ingest.putEvents([id: ["Endpoint": [:], "Events": [key: RunningIngest.event()]]])
        #expect(answer.status == 202)
    }

    private func erased(_ ingest: RunningIngest) async throws {
        try await eventually("the erasure ends") {
            try await !Erasure.isPending(of: ingest.app, in: ingest.test.database)
        }
    }

    private func begin(_ ingest: RunningIngest, _ subject: PersonSubject) async throws -> PersonErase.Report {
        let now = RunningIngest.now
        return try await ingest.test.database.transaction { session in
            try await PersonErase.begin(subject, of: ingest.app, at: now, in: session)
        }
    }

    @Test func `deleting an endpoint erases its events and leaves its neighbours alone`() async throws {
        try await RunningIngest.run { ingest in
            for id in ["a", "b"] {
                try await ingest.update(id, email("\(id)@b.c", user: "u", ["Name": ["x"]]))
                try await event(ingest, of: id, "1")
            }
            try await ingest.update("a", email("a@b.c", user: "v"))
            #expect(try await ingest.send("DELETE", "\(ingest.path)/endpoints/a").status == 202)
            #expect(try await ingest.send("GET", "\(ingest.path)/endpoints/a").status == 404)
            #expect(try await ingest.count("SELECT count(*) FROM user_merges") == 0)
            try await erased(ingest)
            let key = EndpointIdentity(app: ingest.app, id: "a").key
            #expect(try await ingest.count("SELECT count(*) FROM events WHERE endpoint_key = \(key)") == 0)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
            #expect(try await ingest.logged("purchase") == 2, "aggregates stay")
            #expect(try await ingest.count("SELECT count(*) FROM users") == 1, "b is still u's")
            #expect(try await ingest.send("DELETE", "\(ingest.path)/endpoints/b").status == 202)
            #expect(try await ingest.count("SELECT count(*) FROM users") == 0, "the last endpoint takes the user along")
            let second = try await ingest.count(
                "SELECT count(*) FROM jobs WHERE queue = 'privacy' AND due_at > \(RunningIngest.now)")
            #expect(second >= 1, "there will be a second look")
        }
    }

    private func marked(_ ingest: RunningIngest, _ reason: SuppressionReason = .deleted) async throws -> Int {
        try await ingest.count("SELECT count(*) FROM suppressions WHERE reason = \(reason.rawValue)")
    }

    @Test func `a deleted address is kept from imports until it is written again`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("a", email("a@b.c"))
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/a")
            #expect(try await marked(ingest) == 1)
            try await ingest.update("other", email("o@b.c"))
            #expect(try await marked(ingest) == 1)
            try await ingest.update("new", email("A@B.c"))
            #expect(try await marked(ingest) == 0)
            #expect(try await ingest.endpoint("new")["OptOut"] == "NONE")
            // An endpoint that changes its address takes one as well.
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/new")
            #expect(try await marked(ingest) == 1)
            try await ingest.update("other", email("a@b.c"))
            #expect(try await marked(ingest) == 0)
        }
    }

    @Test func `an address that somebody else has is not marked when one of its endpoints goes`() async throws {
        try await RunningIngest.run { ingest in
            for id in ["old", "new"] { try await ingest.update(id, email("a@b.c")) }
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/old")
            #expect(try await marked(ingest) == 0)
            #expect(try await ingest.endpoint("new")["OptOut"] == "NONE")
        }
    }

    @Test func `an erase after a deletion is for good, and no deletion takes an opt-out back`() async throws {
        try await RunningIngest.run { ingest in
            let hash = SuppressionHasher(masterKey: ingest.context.masterKey)
                .hash("a@b.c", channel: "EMAIL", app: ingest.app)
            try await ingest.update("a", email("a@b.c"))
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/a")
            #expect(try await begin(ingest, .address(channel: "EMAIL", hash: hash)).suppressions == 1)
            #expect(try await marked(ingest, .erased) == 1)
            try await ingest.update("a", email("a@b.c"))
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/a")
            try await ingest.update("a", email("a@b.c"))
            #expect(try await ingest.endpoint("a")["OptOut"] == "ALL")
            #expect(try await marked(ingest) == 0)
        }
    }

    @Test func `an erased person is not brought back by a write, and shows as opted out`() async throws {
        try await RunningIngest.run { ingest in
            for id in ["e1", "e2"] { try await ingest.update(id, email("\(id)@b.c", user: "u", ["Name": ["x"]])) }
            try await ingest.update("other", email("o@b.c"))
            let report = try await begin(ingest, .user(UserID("u")))
            #expect(report.endpoints == 2)
            #expect(report.suppressions == 2)
            #expect(try await ingest.send("GET", "\(ingest.path)/users/u").status == 404)
            #expect(try await ingest.count("SELECT count(*) FROM suppressions WHERE reason = 'ERASED'") == 2)
            try await erased(ingest)
            // The same endpoint, another one with the address in another spelling, and the user again.
            for (id, address) in [("e1", "e1@b.c"), ("new", " E2@B.c")] {
                #expect(try await ingest.update(id, email(address, user: "u")).status == 202)
                let endpoint = try await ingest.endpoint(id)
                #expect(endpoint["OptOut"] == "ALL")
                #expect(endpoint["User"]?["UserAttributes"] == [:])
            }
            #expect(try await ingest.endpoint("other")["OptOut"] == "NONE")
            let again = try await begin(ingest, .user(UserID("u")))
            #expect(again.endpoints == 2)
            #expect(again.suppressions == 0, "once")
            #expect(try await begin(ingest, .user(UserID("u"))).endpoints == 0)
        }
    }

    @Test func `an erase by address takes all that hold it, and suppresses one that nobody holds`() async throws {
        try await RunningIngest.run { ingest in
            for id in ["old", "new"] { try await ingest.update(id, email("a@b.c")) }
            let hasher = SuppressionHasher(masterKey: ingest.context.masterKey)
            func hash(_ address: String) -> [UInt8] { hasher.hash(address, channel: "EMAIL", app: ingest.app) }
            #expect(try await begin(ingest, .address(channel: "EMAIL", hash: hash("A@b.c"))).endpoints == 2)
            #expect(try await begin(ingest, .address(channel: "EMAIL", hash: hash("x@y.z"))).suppressions == 1)
            try await ingest.update("later", email("x@y.z"))
            #expect(try await ingest.endpoint("later")["OptOut"] == "ALL")
        }
    }

    @Test func `traces of an endpoint that has no row go too`() async throws {
        try await RunningIngest.run { ingest in
            try await event(ingest, of: "ghost", "1")
            #expect(try await begin(ingest, .endpoint(EndpointID("ghost"))).jobs == 1)
            try await erased(ingest)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }

    @Test func `a message that a deleted person still has does not follow them`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", email("a@b.c"))
            let link = TrackingLink(
                kind: .open, app: ingest.app, run: RunID(high: 1, low: 1), chunk: 0, ordinal: 0,
                endpointKey: EndpointIdentity(app: ingest.app, id: "e").key, treatment: 0)
            let target = "/t/o/\(try #require(ingest.tokens.mint(link))).gif"
            #expect(try await ingest.send("GET", target, isSigned: false).status == 200)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
            _ = try await ingest.send("DELETE", "\(ingest.path)/endpoints/e")
            try await erased(ingest)
            #expect(try await ingest.send("GET", target, isSigned: false).status == 200)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }

    @Test func `an export has everything, and nothing of others`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", email("a@b.c"))
            try await ingest.update("e", email("a@b.c", user: "u", ["Name": ["Ann \"q\""]]))
            try await ingest.update("other", email("o@b.c", user: "v", ["Name": ["Bob"]]))
            for number in 0..<2 { try await event(ingest, of: "e", String(number)) }
            try await event(ingest, of: "other", "1")
            try await ingest.test.database.execute(
                """
                INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
                SELECT app, channel_type, address_hash, 'COMPLAINT', created_at FROM endpoints WHERE external_id = 'e'
                """)
            var bytes: [UInt8] = []
            let export = PersonExport(.user(UserID("u")), of: ingest.app, in: ingest.test.database) { bytes += $0 }
            #expect(try await export.write(at: RunningIngest.now) == 1)
            let json = try JSON.parse(bytes)
            #expect(json["Endpoints"]?.array?.map { $0["Id"] } == ["e"])
            #expect(json["Users"]?.array?.first?["UserAttributes"] == ["Name": ["Ann \"q\""]])
            #expect(json["Merges"]?.array?.count == 1)
            #expect(json["Suppressions"]?.array?.map { $0["Reason"] } == ["COMPLAINT"])
            #expect(json["Events"]?.array?.count == 2)
            #expect(json["Sends"] == [])
            #expect(!String(decoding: bytes, as: UTF8.self).contains("Bob"))
        }
    }
}
