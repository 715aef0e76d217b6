import Core
import HTTPClient
import Hosting
import Model
import Postgres
import TestKit
import Testing

/// DeleteApp happens in another process: here the app is still in the cache.
@Suite(.database) struct DeletedAppTests {
    struct Request: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var body: JSON?
        var testDescription: String { "\(method) \(path)" }
    }

    static let requests: [Request] = [
        Request(method: "PUT", path: "/endpoints/e", body: ["OptOut": "ALL"]),
        Request(method: "PUT", path: "/endpoints", body: ["Item": [["Id": "f", "Address": "f@b.c"]]]),
        Request(
            method: "POST", path: "/events",
            body: ["BatchItem": ["e": ["Endpoint": [:], "Events": ["1": RunningIngest.event()]]]]),
        Request(
            method: "POST", path: "/events",
            body: ["BatchItem": ["f": ["Endpoint": ["Address": "f@b.c"], "Events": [:]]]]),
        Request(method: "GET", path: "/endpoints/e"),
        Request(method: "GET", path: "/users/u"),
        Request(method: "DELETE", path: "/endpoints/e"),
        Request(method: "DELETE", path: "/users/u"),
    ]

    @Test(arguments: requests)
    func `a deleted app is not found at once, and takes nothing`(_ request: Request) async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update(
                "e", ["ChannelType": "EMAIL", "Address": "a@b.c", "OptOut": "NONE", "User": ["UserId": "u"]])
            #expect(try await ingest.send("GET", "\(ingest.path)/endpoints/none").message == "Resource not found")
            #expect(try await ingest.send("GET", "\(ingest.path)/users/none").status == 404)
            try await ingest.test.database.execute("UPDATE apps SET deleted_at = created_at")
            #expect(try await ingest.context.apps.load(ingest.app, account: RunningIngest.account) != nil, "still warm")
            for _ in 1...2 {
                let answer = try await ingest.send(request.method, ingest.path + request.path, request.body)
                #expect(answer.status == 404)
                #expect(answer.message == "Application not found")
            }
            #expect(try await ingest.count("SELECT count(*) FROM endpoints WHERE opt_out = 'NONE'") == 1)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 1)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }

    @Test func `links in the mail of a deleted app still go where they went, and count nothing`() async throws {
        try await RunningIngest.run { ingest in
            func token(_ kind: TrackingLink.Kind) throws -> String {
                let link = TrackingLink(
                    kind: kind, app: ingest.app, run: RunID(high: 5, low: 6), chunk: 0, ordinal: 3, endpointKey: 7,
                    treatment: 1)
                return try #require(ingest.tokens.mint(link))
            }
            try await ingest.test.database.execute("UPDATE apps SET deleted_at = created_at")
            for (method, path, status) in [
                ("GET", "/t/o/\(try token(.open)).gif", 200),
                ("GET", "/t/c/\(try token(.click(target: "https://a.b/")))", 302),
                ("POST", "/u/\(try token(.unsubscribe))", 200),
            ] {
                #expect(try await ingest.send(method, path, isSigned: false).status == status)
            }
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }
}
